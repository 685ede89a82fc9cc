import Synchronization

/// Memory of one thread that encodes: scratch, and the pieces of words that were met before.
struct SubwordWorkspace {
  /// Words whose memory is asked for at the same time.
  private static let lookAhead = 32
  /// Words of more bytes than these, on average, are mostly rare ones, such as runs of ideographs, whose memory the processor
  /// does not have: to ask for it ahead of time gives 1.4 times the speed there, and costs short words a tenth.
  private static let longSize = 8

  private let model: SubwordModel
  private let remembers: Bool
  private var scratch = SubwordScratch()
  private var memory = WordMemory()
  private var found: [SubwordPiece] = []
  /// A text that was lower-cased.
  private let buffer = ByteBuffer()
  private var words: [Range<Int>] = []
  private var hashes = [UInt32](repeating: 0, count: lookAhead)

  init(_ model: SubwordModel) {
    self.model = model
    remembers = !model.isRandom
  }

  /// Begins a text, one or the other of a pair, whose dropout a seed decides.
  mutating func beginText(_ seed: UInt64?, sequence: Int) {
    if !remembers { scratch.random = DropoutRandom(seed: seed, sequence: sequence) }
  }

  /// The pieces of a word.
  mutating func pieces(of word: UnsafeBufferPointer<UInt8>) -> [SubwordPiece] {
    if let range = remembered(word, Self.hash(word)) { return Array(memory.pieces[range]) }
    return found
  }

  /// Appends the ids of a word.
  mutating func appendIDs(_ word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
    appendIDs(word, Self.hash(word), to: &ids)
  }

  /// The ids of a text that can be cut quickly; nil for one that cannot.
  mutating func ids(of text: UnsafeBufferPointer<UInt8>, _ quick: QuickWords) -> [Int32]? {
    guard let text = quick.find(in: text, buffer, &words) else { return nil }
    var ids: [Int32] = []
    ids.reserveCapacity(words.count + words.count / 4 + 8)
    guard text.count > Self.longSize * words.count else {
      for range in words {
        let word = UnsafeBufferPointer(rebasing: text[range])
        appendIDs(word, Self.hash(word), to: &ids)
      }
      return ids
    }
    var start = 0
    while start < words.count {
      let end = min(start + Self.lookAhead, words.count)
      for index in start..<end {
        let hash = Self.hash(UnsafeBufferPointer(rebasing: text[words[index]]))
        hashes[index - start] = hash
        memory.prefetchSlot(hash)
      }
      for index in start..<end { memory.prefetchEntry(hashes[index - start]) }
      for index in start..<end {
        appendIDs(UnsafeBufferPointer(rebasing: text[words[index]]), hashes[index - start], to: &ids)
      }
      start = end
    }
    return ids
  }

  /// The hash of a word that may be remembered.
  @inline(__always)
  private static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt32 {
    word.count <= WordMemory.sizeLimit ? TokenTable.hash(word) : 0
  }

  @inline(__always)
  private mutating func appendIDs(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32, to ids: inout [Int32]) {
    if let range = remembered(word, hash) {
      memory.pieces.withUnsafeBufferPointer { pieces in
        for index in range { ids.append(pieces[index].id) }
      }
    } else {
      for piece in found { ids.append(piece.id) }
    }
  }

  /// Where the pieces of a word stand in the memory; nil, and they stand in `found`, for a word that is not remembered.
  @inline(__always)
  private mutating func remembered(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Range<Int>? {
    guard remembers, word.count <= WordMemory.sizeLimit, !word.isEmpty else {
      encode(word)
      return nil
    }
    if let range = memory.range(of: word, hash: hash) { return range }
    encode(word)
    return memory.insert(word, hash: hash, found)
  }

  private mutating func encode(_ word: UnsafeBufferPointer<UInt8>) {
    found.removeAll(keepingCapacity: true)
    model.encode(word, into: &found, &scratch)
  }
}

/// Workspaces that threads borrow.
final class SubwordWorkspacePool: Sendable {
  /// A workspace belongs to one thread at a time, which the pool sees to and the compiler cannot.
  private final class Loan: @unchecked Sendable {
    var workspace: SubwordWorkspace

    init(_ workspace: SubwordWorkspace) { self.workspace = workspace }
  }

  private let model: SubwordModel
  private let free = Mutex<[Loan]>([])

  init(_ model: SubwordModel) { self.model = model }

  func withWorkspace<R>(_ body: (inout SubwordWorkspace) -> R) -> R {
    let loan = free.withLock { $0.popLast() } ?? Loan(SubwordWorkspace(model))
    defer { free.withLock { $0.append(loan) } }
    return body(&loan.workspace)
  }
}
