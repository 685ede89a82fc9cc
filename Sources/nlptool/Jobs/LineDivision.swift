import Tensors
import TextProcessing

/// Divides one block of lines after the other into the bytes of the result. Used by one thread at a time.
protocol LineDivider: AnyObject {
  var block: LineBlock? { get set }
  var output: [UInt8] { get }
  /// What is wrong with a line; those before it are in the output.
  var failure: (any Error)? { get }
  func run()
}

/// Divides the lines of files on all threads and writes what comes out in their order.
struct LineDivision {
  let input: InputArguments

  /// - Parameter makeDivider: called once for each thread.
  func run(_ files: [String], makeDivider: () throws -> any LineDivider) throws {
    try run(files, dividers: try (0..<Parallelism.threads).map { _ in try makeDivider() })
  }

  func run(_ files: [String], dividers slots: [any LineDivider]) throws {
    for file in files {
      let reader = try input.open(file)
      var readFailure: CorpusError?
      while readFailure == nil {
        // One block for each thread, written in their order; what is there does not wait for what is not.
        var count = 0
        do throws(CorpusError) {
          while count < slots.count, count == 0 || reader.nextLineIsReady, let block = try reader.nextBlock() {
            slots[count].block = block
            count += 1
          }
        } catch {
          readFailure = error
        }
        if count == 0 { break }
        parallelFor(count) { slots[$0].run() }
        for slot in slots[..<count] {
          try StandardOutput.shared.write(utf8: slot.output)
          if let failure = slot.failure { throw failure }
        }
        if !reader.nextLineIsReady { try StandardOutput.shared.flush() }
      }
      if let readFailure { throw readFailure }
      input.report(reader)
    }
  }
}
