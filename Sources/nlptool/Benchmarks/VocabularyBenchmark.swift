import ArgumentParser
import TextProcessing
import VocabularyStore

/// `nlptool vocab build` of the English text, without the store: words on all threads, their counts, their ids.
struct VocabularyBenchmark: TextBenchmark {
  let folder: String

  var name: String { "tokenize/train/vocabulary" }

  /// - Parameter folder: holds `english.txt`.
  static func all(folder: String) -> [any Benchmark] { [VocabularyBenchmark(folder: folder)] }

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let path = "\(folder)/english.txt"
    let settings = TokenizerSettings()
    let counting = TokenCounting(
      tokenizer: try Tokenizer(settings), input: try InputArguments.parse([]), memoryLimit: .max, output: path)
    var tokens = 0
    let seconds = try stopwatch.median {
      let vocabulary = try counting.run([path], minimumCount: 1).build(settings: settings)
      tokens = vocabulary.count
    }
    var bytes = 0
    let reader = try LineReader(path: path)
    while let block = try reader.nextBlock() {
      block.forEachLine { _, line in bytes += line.count + 1 }
    }
    return BenchmarkResult(
      name: name, metric: "megabytes_per_s", value: Double(bytes) / seconds / 1e6, unit: "MB/s",
      details: [("seconds", seconds), ("tokens", Double(tokens)), ("bytes", Double(bytes))])
  }
}
