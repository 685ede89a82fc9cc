import BagModels
import Tensors
import TextProcessing
import Training

/// fastText's classifier on a labelled file: `fasttext/train/ngrams1` and its like.
struct BagBenchmark: TextBenchmark {
  enum Task: String { case train, predict }

  let task: Task
  let ngrams: Int
  let folder: String
  /// Of the file so much is read, up to the end of a line.
  private let limit = 20_000_000

  var name: String { "fasttext/\(task.rawValue)/ngrams\(ngrams)" }

  /// - Parameter folder: holds `labelled.txt`, lines of `__label__X word word …`.
  static func all(folder: String) -> [any Benchmark] {
    [Task.train, .predict].flatMap { task in
      [1, 2].map { BagBenchmark(task: task, ngrams: $0, folder: folder) }
    }
  }

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let readStart = ContinuousClock.now
    var texts = try TextCollection(tokenizer: TokenizerSettings(unit: .whitespace))
    var lines: [String] = []
    let reader = try LineReader(path: "\(folder)/labelled.txt")
    var bytes = 0
    while try reader.advance() {
      let line = try reader.lineText()
      bytes += line.utf8.count + 1
      guard bytes <= limit else { break }
      let parts = line.split(separator: " ", maxSplits: 1)
      lines.append(parts.count > 1 ? String(parts[1]) : "")
      texts.append(lines[lines.count - 1], labels: [String(parts.first ?? "")])
    }
    let readSeconds = readStart.secondsToNow
    var options = BagClassifierOptions()
    options.features.wordNgrams = ngrams
    // The rate of the steps alone, without the pass that finds words and n-grams, as fastText's is measured.
    var runs: [(rate: Double, seconds: Double)] = []
    var trained: BagClassifier?
    let begin = ContinuousClock.now
    while runs.count < (task == .train ? 3 : 1) || task == .train && begin.secondsToNow < stopwatch.leastSeconds {
      let start = ContinuousClock.now
      var rate = 0.0
      trained = try BagClassifierTraining(options).run(texts, report: { rate = $0.rate })
      runs.append((rate, start.secondsToNow))
    }
    runs.sort { $0.rate < $1.rate }
    let (rate, seconds) = runs[runs.count / 2]
    guard let classifier = trained else { throw BagModelError.noTexts(reason: "\(folder)/labelled.txt is empty") }
    let words = Double(texts.tokenCount)
    switch task {
    case .train:
      let threads = Double(Parallelism.threads)
      return BenchmarkResult(
        name: name, metric: "words_per_s_thread", value: rate / threads, unit: "words/s/thread",
        details: [
          ("words_per_s", rate), ("wall_words_per_s", words * Double(options.epochs) / (readSeconds + seconds)),
          ("dictionary_s", readSeconds + seconds - words * Double(options.epochs) / max(rate, 1)),
          ("rows", Double(classifier.rowCount)), ("words", words),
        ])
    case .predict:
      let median = stopwatch.median { _ = classifier.predict(lines) }
      return BenchmarkResult(
        name: name, metric: "words_per_s", value: words / median, unit: "words/s",
        details: [("lines_per_s", Double(lines.count) / median), ("words", words)])
    }
  }
}
