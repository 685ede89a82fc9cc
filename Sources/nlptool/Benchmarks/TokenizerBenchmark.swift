import Synchronization
import Tensors
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
struct TokenizerBenchmark: TextBenchmark {
  let language: String
  let folder: String
  /// Lines that a thread takes at once.
  private let linesPerTile = 64

  var name: String { "tokenize/\(language)/words" }

  /// - Parameter folder: holds `english.txt`, `chinese.txt` and `mixed.txt`.
  static func all(folder: String) -> [any Benchmark] {
    ["english", "chinese", "mixed"].map { TokenizerBenchmark(language: $0, folder: folder) }
  }

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let (lines, bytes) = try BenchmarkText.lines(of: language, in: folder)
    let tokenizer = try Tokenizer()
    let workspaces = (0..<Parallelism.threads).map { _ in tokenizer.makeWorkspace() }
    let tokens = Atomic<Int>(0)
    let seconds = try stopwatch.median {
      tokens.store(0, ordering: .relaxed)
      let nextTile = Atomic<Int>(0)
      let failure = Mutex<InvalidUTF8?>(nil)
      parallelFor(workspaces.count) { worker in
        let workspace = workspaces[worker]
        do throws(InvalidUTF8) {
          while true {
            let first = linesPerTile * nextTile.add(1, ordering: .relaxed).oldValue
            guard first < lines.count else { return }
            for line in lines[first..<min(lines.count, first + linesPerTile)] {
              try tokenizer.tokenize(line, with: workspace)
              tokens.add(workspace.count, ordering: .relaxed)
            }
          }
        } catch {
          failure.withLock { $0 = error }
        }
      }
      if let error = failure.withLock({ $0 }) { throw error }
    }
    return BenchmarkResult(
      name: name, metric: "megabytes_per_s", value: Double(bytes) / seconds / 1e6, unit: "MB/s",
      details: [("tokens_per_s", Double(tokens.load(ordering: .relaxed)) / seconds), ("bytes", Double(bytes))])
  }
}
