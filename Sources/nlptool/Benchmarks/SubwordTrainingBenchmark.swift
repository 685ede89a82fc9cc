import TextProcessing

/// Training of tokenizers with 30,000 tokens: `tokenize/train/bpe` and its like.
struct SubwordTrainingBenchmark: TextBenchmark {
  /// `bpe`, `bytebpe`, `wordpiece` or `unigram`, with the settings that `scripts/peers/tokenize_peers.py` trains with.
  let kind: String
  let folder: String
  /// Bytes of each text that are read, up to the end of a line.
  var limit = 60_000_000

  var name: String { "tokenize/train/\(kind)" }

  /// - Parameter folder: holds `english.txt` and `chinese.txt`.
  static func all(folder: String) -> [any Benchmark] {
    ["bpe", "bytebpe", "wordpiece", "unigram"].map { SubwordTrainingBenchmark(kind: $0, folder: folder) }
  }

  private var options: SubwordTrainingOptions {
    let kinds: [String: SubwordTrainingOptions.Kind] = [
      "bpe": .bytePair, "bytebpe": .byteLevelBytePair, "wordpiece": .wordPiece, "unigram": .unigram,
    ]
    var options = SubwordTrainingOptions(kinds[kind] ?? .bytePair)
    options.minimumCount = 0
    options.specialTokens = kind == "bytebpe" ? [] : kind == "unigram" ? ["<unk>"] : ["[UNK]"]
    if kind == "bpe" || kind == "unigram" { options.cutting = .whitespace }
    if kind == "bpe" || kind == "wordpiece" { options.alphabetLimit = 8000 }
    return options
  }

  /// A tokenizer of both texts, and how many bytes they had.
  func train() throws -> (tokenizer: SubwordTokenizer, bytes: Int) {
    var bytes = 0
    var trainer = try SubwordTrainer(options)
    for language in ["english", "chinese"] {
      let reader = try LineReader(path: "\(folder)/\(language).txt")
      var own = 0
      while own < limit, let block = try reader.nextBlock() {
        try block.forEachLine { _, line in
          guard own + line.count < limit else { return own = limit }
          own += line.count + 1
          bytes += line.count + 1
          try trainer.add(line)
        }
      }
    }
    return (try trainer.train(), bytes)
  }

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    var bytes = 0
    var tokens = 0
    var times: [Double] = []
    while times.count < 3 {
      let start = ContinuousClock.now
      let trained = try train()
      (tokens, bytes) = (trained.tokenizer.vocabularySize, trained.bytes)
      times.append(start.secondsToNow)
    }
    let seconds = times.sorted()[1]
    return BenchmarkResult(
      name: name, metric: "megabytes_per_s", value: Double(bytes) / seconds / 1e6, unit: "MB/s",
      details: [("seconds", seconds), ("tokens", Double(tokens)), ("bytes", Double(bytes))])
  }
}
