import TextProcessing

/// The texts of benchmarks.
enum BenchmarkText {
  /// Of each text so many bytes are read, about.
  private static let limit = 8_000_000

  /// The first lines of `english.txt` or its like, and their bytes with line feeds.
  static func lines(of language: String, in folder: String) throws -> (lines: [[UInt8]], bytes: Int) {
    let reader = try LineReader(path: "\(folder)/\(language).txt")
    var lines: [[UInt8]] = []
    var bytes = 0
    while bytes < limit, try reader.advance() {
      let line = Array(try reader.lineText().utf8)
      lines.append(line)
      bytes += line.count + 1
    }
    return (lines, bytes)
  }
}

/// Word tokenisation, line by line: `tokenize/english/words` and its like.
struct TokenizerBenchmark: Benchmark {
  let language: String
  let folder: String

  var name: String { "tokenize/\(language)/words" }

  /// - Parameter folder: holds `english.txt`, `chinese.txt` and `mixed.txt`.
  static func all(folder: String) -> [any Benchmark] {
    ["english", "chinese", "mixed"].map { TokenizerBenchmark(language: $0, folder: folder) }
  }

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let (lines, bytes) = try BenchmarkText.lines(of: language, in: folder)
    let tokenizer = try Tokenizer()
    let workspace = tokenizer.makeWorkspace()
    var tokens = 0
    let seconds = try stopwatch.median {
      tokens = 0
      for line in lines {
        try tokenizer.tokenize(line, with: workspace)
        tokens += workspace.count
      }
    }
    return BenchmarkResult(
      name: name, metric: "megabytes_per_s", value: Double(bytes) / seconds / 1e6, unit: "MB/s",
      details: [("tokens_per_s", Double(tokens) / seconds), ("bytes", Double(bytes))])
  }
}
