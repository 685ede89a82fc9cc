import Synchronization

/// Memory of one thread that encodes: scratch, and the pieces of words that were met before.
final class SubwordWorkspace {
  private let model: SubwordModel
  private let remembers: Bool
  private var scratch = SubwordScratch()
  private var memory = WordMemory()
  private var found: [SubwordPiece] = []
  /// A text that was lower-cased.
  private let buffer = ByteBuffer()
  private var words: [Range<Int>] = []

  init(_ model: SubwordModel) {
    self.model = model
    remembers = !model.isRandom
  }

  /// The pieces of a word.
  func pieces(of word: UnsafeBufferPointer<UInt8>) -> [SubwordPiece] {
    if let range = remembered(word) { return Array(memory.pieces[range]) }
    return found
  }

  /// Appends the ids of a word.
  @inline(__always)
  func appendIDs(_ word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
    if let range = remembered(word) {
      for index in range { ids.append(memory.pieces[index].id) }
    } else {
      for piece in found { ids.append(piece.id) }
    }
  }

  /// The ids of a text that can be cut quickly; nil for one that cannot.
  func ids(of text: UnsafeBufferPointer<UInt8>, _ quick: QuickWords) -> [Int32]? {
    // A variable of its own, since each access to an object's is checked.
    var own: [Range<Int>] = []
    swap(&own, &words)
    defer { swap(&own, &words) }
    guard let text = quick.find(in: text, buffer, &own) else { return nil }
    var ids: [Int32] = []
    ids.reserveCapacity(own.count + own.count / 4 + 8)
    for word in own { appendIDs(UnsafeBufferPointer(rebasing: text[word]), to: &ids) }
    return ids
  }

  /// Where the pieces of a word stand in the memory; nil, and they stand in `found`, for a word that is not remembered.
  @inline(__always)
  private func remembered(_ word: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    guard remembers, word.count <= WordMemory.sizeLimit, !word.isEmpty else {
      encode(word)
      return nil
    }
    let hash = TokenTable.hash(word)
    if let range = memory.range(of: word, hash: hash) { return range }
    encode(word)
    return memory.insert(word, hash: hash, found)
  }

  private func encode(_ word: UnsafeBufferPointer<UInt8>) {
    found.removeAll(keepingCapacity: true)
    model.encode(word, into: &found, &scratch)
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
