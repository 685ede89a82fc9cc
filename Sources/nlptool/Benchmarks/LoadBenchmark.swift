import FoundationEssentials
import TextModels
import Training
import VocabularyStore

/// A text CNN of 20 MB, made-up words for the most part, from its folder to one that predicts: every file read, its
/// checksum compared.
struct LoadBenchmark: Benchmark {
  var name: String { "load/text/20MB" }

  static let all: [any Benchmark] = [LoadBenchmark(), StoreLoadBenchmark()]

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let folder = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try makeModel().write(to: folder, replacing: false)
    let bytes = try FileManager.default.contentsOfDirectory(atPath: folder).reduce(0) { sum, file in
      sum + (try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")[.size] as? Int ?? 0)
    }
    let seconds = try stopwatch.median { _ = try TextClassifier(contentsOf: folder) }
    return BenchmarkResult(
      name: name, metric: "seconds", value: seconds, unit: "s", details: [("bytes", Double(bytes))])
  }

  /// 38,000 words of 128 numbers.
  private func makeModel() throws -> TextModel {
    let examples = (0..<1_900).map { text in
      LabelledTexts.Example(
        text: (0..<20).map { "word\(20 * text + $0)" }.joined(separator: " "), label: text.isMultiple(of: 2) ? "a" : "b"
      )
    }
    var options = TextModelTrainingOptions()
    options.network = TextNetworkOptions(.cnn)
    options.network.embedding.size = 128
    options.training.epochs = 1
    options.minimumCount = 1
    options.maximumVocabulary = 40_000
    options.validationShare = 0.01
    return try TextModelTraining(options).run(training: LabelledTexts(examples)).model
  }
}

/// A vocabulary of a million words, from its file to the first id.
struct StoreLoadBenchmark: Benchmark {
  var name: String { "load/vocabulary/1M" }

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let count = 1_000_000
    try VocabularyStore.create(at: path, with: Vocabulary(words: (0..<count).map { "word\($0)" }), overwrite: false)
    var found: Int32?
    let last = "word\(count - 1)"
    let seconds = try stopwatch.median { found = try VocabularyStore.open(path).vocabulary().id(of: last) }
    return BenchmarkResult(
      name: name, metric: "seconds", value: seconds, unit: "s", details: [("id", Double(found ?? -1))])
  }
}

/// A name that nothing has.
private func temporaryPath() -> String {
  FileManager.default.temporaryDirectory.appending(path: "nlptool-bench-\(UUID().uuidString)").path
}
