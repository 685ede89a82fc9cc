import Synchronization
import Tensors
import TextProcessing

/// Divides one block of lines after the other into the bytes of the result. Used by one thread at a time.
protocol LineDivider: AnyObject {
  var block: LineBlock? { get set }
  var output: [UInt8] { get }
  /// Whether the output tells where tokens are, so that it has to be known what was mended of the lines.
  var hasOffsets: Bool { get }
  /// What is wrong with a line; those before it are in the output.
  var failure: (any Error)? { get }
  func run()
}

extension LineDivider {
  var hasOffsets: Bool { false }
}

/// Divides the lines of files on all threads and writes what comes out in their order.
struct LineDivision {
  let input: InputArguments

  /// - Parameter makeDivider: called once for each thread.
  func run(_ files: [String], makeDivider: () throws -> any LineDivider) throws {
    try run(files, dividers: try (0..<Parallelism.threads).map { _ in try makeDivider() })
  }

  /// - Parameter dividers: one for each thread.
  func run(_ files: [String], dividers: [any LineDivider]) throws {
    for file in files {
      let reader = try input.open(file)
      reader.keepsRepairs = dividers.contains(where: \.hasOffsets)
      let division = FileDivision(reader, blocksAhead: 8 * dividers.count)
      // Threads come back when one is far behind the others, whose results wait for its own.
      while !division.isDone {
        parallelFor(dividers.count) { division.work(with: dividers[$0]) }
      }
      if let failure = division.failure { throw failure }
      input.report(reader)
    }
  }
}

/// One file while threads divide it: each takes the next block, divides it, and writes it when all before it are written.
private final class FileDivision {
  private struct Input {
    var nextBlock = 0
    var isDone = false
    var failure: CorpusError?
  }

  private struct Output {
    var nextBlock = 0
    /// Results that wait for those of blocks before them.
    var waiting: [Int: (bytes: [UInt8], failure: (any Error)?)] = [:]
    var failure: (any Error)?
  }

  /// Only used while `input` is locked.
  private let reader: LineReader
  private let input = Mutex(Input())
  private let output = Mutex(Output())
  /// Whether a thread may be waiting for input: what is there should not wait for what is not.
  private let isStarved = Atomic(false)
  private let blocksAhead: Int

  init(_ reader: LineReader, blocksAhead: Int) {
    self.reader = reader
    self.blocksAhead = blocksAhead
  }

  var isDone: Bool { input.withLock(\.isDone) || output.withLock { $0.failure != nil } }

  /// What ended the division early; everything before it has been written.
  var failure: (any Error)? { output.withLock(\.failure) ?? input.withLock(\.failure) }

  /// Divides block after block until none is left, something fails, or too many results wait for another thread's.
  func work(with divider: any LineDivider) {
    while let (index, block) = nextBlock() {
      divider.block = block
      divider.run()
      write(divider.output, divider.failure, of: index)
    }
  }

  private func nextBlock() -> (Int, LineBlock)? {
    let (written, hasFailed) = output.withLock { ($0.nextBlock, $0.failure != nil) }
    return input.withLock { input in
      guard !hasFailed, !input.isDone, input.nextBlock < written + blocksAhead else { return nil }
      if !reader.nextLineIsReady {
        isStarved.store(true, ordering: .sequentiallyConsistent)
        flush()
      }
      defer { isStarved.store(false, ordering: .sequentiallyConsistent) }
      do throws(CorpusError) {
        guard let block = try reader.nextBlock() else {
          input.isDone = true
          return nil
        }
        defer { input.nextBlock += 1 }
        return (input.nextBlock, block)
      } catch {
        (input.isDone, input.failure) = (true, error)
        return nil
      }
    }
  }

  private func write(_ bytes: [UInt8], _ failure: (any Error)?, of index: Int) {
    output.withLock { output in
      output.waiting[index] = (bytes, failure)
      while output.failure == nil, let next = output.waiting.removeValue(forKey: output.nextBlock) {
        output.nextBlock += 1
        do {
          try StandardOutput.shared.write(utf8: next.bytes)
          output.failure = next.failure
        } catch {
          output.failure = error
        }
      }
    }
    if isStarved.load(ordering: .sequentiallyConsistent) { flush() }
  }

  private func flush() {
    output.withLock { output in
      guard output.failure == nil else { return }
      do { try StandardOutput.shared.flush() } catch { output.failure = error }
    }
  }
}
