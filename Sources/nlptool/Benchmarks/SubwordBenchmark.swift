import Glibc
import Synchronization
import Tensors
import TextProcessing

/// Encoding to ids, line by line: `tokenize/english/bpe` and its like.
struct SubwordBenchmark: TextBenchmark {
  let language: String
  /// `bpe`, `bytebpe`, `wordpiece` or `unigram`.
  let kind: String
  let folder: String
  /// Lines that a thread takes at once.
  private let linesPerTile = 64

  var name: String { "tokenize/\(language)/\(kind)" }

  private var modelPath: String { "\(folder)/models/hf-\(kind).json" }

  /// - Parameter folder: holds the texts, and perhaps in `models` the tokenizers that `scripts/peers/tokenize_peers.py`
  ///   trains on them, so that the same are compared.
  static func all(folder: String) -> [any Benchmark] {
    ["english", "chinese", "mixed"].flatMap { language in
      ["bpe", "bytebpe", "wordpiece", "unigram"].map { SubwordBenchmark(language: language, kind: $0, folder: folder) }
    }
  }

  /// The tokenizer in `models`, or one of our own, trained on 5 MB of each text.
  private func makeTokenizer() throws -> SubwordTokenizer {
    if access(modelPath, R_OK) == 0 { return try SubwordTokenizer(contentsOf: modelPath) }
    return try SubwordTrainingBenchmark(kind: kind, folder: folder, limit: 5_000_000).train().tokenizer
  }

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let tokenizer = try makeTokenizer()
    let (lines, bytes) = try BenchmarkText.lines(of: language, in: folder)
    let count = lines.count
    let tokens = Atomic<Int>(0)
    let seconds = try stopwatch.median {
      tokens.store(0, ordering: .relaxed)
      let failure = Mutex<SubwordTokenizerError?>(nil)
      parallelFor((count + linesPerTile - 1) / linesPerTile) { tile in
        do throws(SubwordTokenizerError) {
          var own = 0
          for index in tile * linesPerTile..<min(count, (tile + 1) * linesPerTile) {
            let line = lines[index]
            own += try tokenizer.ids(of: line.span).count
          }
          tokens.add(own, ordering: .relaxed)
        } catch {
          failure.withLock { $0 = error }
        }
      }
      if let error = failure.withLock({ $0 }) { throw error }
    }
    return BenchmarkResult(
      name: name, metric: "megabytes_per_s", value: Double(bytes) / seconds / 1e6, unit: "MB/s",
      details: [
        ("tokens_per_s", Double(tokens.load(ordering: .relaxed)) / seconds), ("bytes", Double(bytes)),
      ])
  }
}
