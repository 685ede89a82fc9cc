import Tensors
import TextProcessing
import VocabularyStore

/// Counts the tokens of files on all threads, in bounded memory.
struct TokenCounting {
  let tokenizer: Tokenizer
  let input: InputArguments
  /// Bytes of counts beyond which they go to a file beside the output.
  let memoryLimit: Int
  let output: String
  /// Tokens that are kept, however rare they are.
  var reserved: [String] = []

  /// - Parameters:
  ///   - minimumCount: tokens that occur less often may be left out of what is returned.
  ///   - maximumSize: so may those that are not among so many most frequent ones.
  func run(_ files: [String], minimumCount: Int, maximumSize: Int? = nil) throws -> VocabularyCounter {
    let slots = (0..<Parallelism.threads).map { _ in TokenCounter(tokenizer) }
    var spilled: SpilledCounts?
    for file in files {
      let reader = try input.open(file)
      while true {
        var count = 0
        while count < slots.count, let block = try reader.nextBlock() {
          slots[count].block = block
          count += 1
        }
        if count == 0 { break }
        parallelFor(count) { slots[$0].run() }
        for slot in slots[..<count] { if let failure = slot.failure { throw failure } }
        guard slots.reduce(0, { $0 + $1.counter.memory }) > memoryLimit else { continue }
        if spilled == nil { spilled = try SpilledCounts(beside: output) }
        try spilled?.append(Self.merged(slots))
      }
      input.report(reader)
    }
    guard let spilled else { return Self.merged(slots) }
    try spilled.append(Self.merged(slots))
    return try spilled.merged(minimumCount: minimumCount, maximumSize: maximumSize, keeping: reserved)
  }

  /// Takes the counts of all threads: they are sums, so that it does not matter who counted what.
  private static func merged(_ slots: [TokenCounter]) -> VocabularyCounter {
    var counter = VocabularyCounter()
    for slot in slots {
      var own = VocabularyCounter()
      swap(&own, &slot.counter)
      if counter.distinctCount == 0 { counter = own } else { counter.merge(own) }
    }
    return counter
  }
}

/// Counts the tokens of blocks of lines. Used by one thread at a time.
private final class TokenCounter {
  private let tokenizer: Tokenizer
  private let workspace: TokenizerWorkspace
  var block: LineBlock?
  var counter = VocabularyCounter()
  private(set) var failure: (any Error)?

  init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    workspace = tokenizer.makeWorkspace()
  }

  func run() {
    guard let block else { return }
    // In a variable of its own, since each access to an object's is checked.
    var own = VocabularyCounter()
    swap(&own, &counter)
    defer { swap(&own, &counter) }
    do throws(CorpusError) {
      try block.forEachLine { number, line throws(CorpusError) in
        do throws(InvalidUTF8) { try tokenizer.tokenize(line, with: workspace) } catch {
          throw .invalidUTF8(path: block.path, line: number, offset: error.offset)
        }
        for index in 0..<workspace.count { workspace.withUTF8(at: index) { own.add($0) } }
      }
    } catch {
      failure = error
    }
  }
}
