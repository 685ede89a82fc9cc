import Synchronization

/// Memory of one thread that encodes: scratch, and the pieces of words that were met before.
final class SubwordWorkspace {
  /// Words that are remembered, at most, and the bytes of a word.
  private static let wordLimit = 1 << 16
  private static let wordSizeLimit = 64

  private let model: SubwordModel
  private var scratch = SubwordScratch()
  private var words: TokenTable
  /// Where each remembered word's pieces begin in `known`, and the end of the last one.
  private var starts: [Int] = [0]
  private var known: [SubwordPiece] = []
  private var found: [SubwordPiece] = []

  init(_ model: SubwordModel) {
    self.model = model
    words = TokenTable(capacity: 1024)
  }

  /// The pieces of a word.
  func pieces(of word: UnsafeBufferPointer<UInt8>) -> [SubwordPiece] {
    if let range = remembered(word) { return Array(known[range]) }
    return found
  }

  /// Appends the ids of a word.
  @inline(__always)
  func appendIDs(_ word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
    if let range = remembered(word) {
      for index in range { ids.append(known[index].id) }
    } else {
      for piece in found { ids.append(piece.id) }
    }
  }

  /// Where the pieces of a word stand in `known`; nil, and they stand in `found`, for a word that cannot be remembered.
  @inline(__always)
  private func remembered(_ word: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    let canBeKnown = word.count <= Self.wordSizeLimit && !model.isRandom
    if canBeKnown, let index = words.id(of: word) { return starts[Int(index)]..<starts[Int(index) + 1] }
    found.removeAll(keepingCapacity: true)
    model.encode(word, into: &found, &scratch)
    guard canBeKnown else { return nil }
    if words.count >= Self.wordLimit {
      words = TokenTable(capacity: 1024)
      starts = [0]
      known.removeAll(keepingCapacity: true)
    }
    let start = known.count
    known += found
    words.insert(word, id: Int32(words.count))
    starts.append(known.count)
    return start..<known.count
  }
}

/// Workspaces that threads borrow.
final class SubwordWorkspacePool: Sendable {
  /// A workspace belongs to one thread at a time, which the pool sees to and the compiler cannot.
  private struct Loan: @unchecked Sendable {
    let workspace: SubwordWorkspace
  }

  private let model: SubwordModel
  private let free = Mutex<[Loan]>([])

  init(_ model: SubwordModel) { self.model = model }

  func withWorkspace<R>(_ body: (SubwordWorkspace) -> R) -> R {
    let loan = free.withLock { $0.popLast() } ?? Loan(workspace: SubwordWorkspace(model))
    defer { free.withLock { $0.append(loan) } }
    return body(loan.workspace)
  }
}
