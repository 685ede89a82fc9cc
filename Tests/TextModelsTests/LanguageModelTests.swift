import Foundation
import ModelFiles
import NeuralNetworks
import Tensors
import Testing
import Training

@testable import TextModels

@Suite("Language models", .serialized)
struct LanguageModelTests {
  @Test("ten windows of training equal PyTorch's, states carried on", arguments: ["lstm", "gru-tied"])
  func parity(name: String) throws {
    let url = try #require(
      Bundle.module.url(forResource: "language-model-\(name)", withExtension: "safetensors", subdirectory: "Fixtures"))
    let file = try SafeTensors(contentsOf: url.path)
    func tensor(_ name: String) throws -> Tensor { try #require(file.tensors[name], "\(name)") }
    var options = LanguageModelOptions()
    let kind = RecurrentOptions(name == "lstm" ? .lstm : .gru, isBidirectional: false)
    options.recurrent = kind
    (options.embeddingSize, options.recurrent.hiddenSize, options.recurrent.layerCount) = (6, 6, 2)
    (options.dropout, options.recurrent.layerDropout, options.tiesWeights) = (0, 0, name == "gru-tied")
    let network = LanguageModelNetwork(vocabularySize: 11, options, random: nil)
    try network.load(
      Dictionary(uniqueKeysWithValues: network.namedParameters.map { ($0.name, try tensor("parameter.\($0.name)")) }))
    let streams = TokenStreams(try tensor("ids").scalars.map { Int32($0) }, count: 3, windowLength: 5)
    #expect(streams.windowCount == 10)
    var training = TrainingOptions()
    training.optimizer = OptimizerOptions(.sgd, learningRate: 2)
    training.clipping = .norm(0.25)
    let trainer = LanguageModelTrainer(network: network, streams: streams, options: training)
    for (index, expected) in try tensor("losses").scalars.enumerated() {
      let loss = trainer.step(index)
      #expect(abs(loss - expected) < 1e-4, "window \(index): \(loss), PyTorch \(expected)")
    }
    for (name, parameter) in network.namedParameters {
      let expected = try tensor("trained.\(name)")
      let worst = zip(parameter.value.scalars, expected.scalars).map { abs($0 - $1) }.max() ?? .infinity
      #expect(parameter.shape == expected.shape && worst < 1e-4, "\(name): \(worst)")
    }
  }

  @Test("windows cut a text into streams, each word with the one that follows it")
  func windows() {
    let streams = TokenStreams((0...12).map { Int32($0) }, count: 2, windowLength: 4)
    #expect((streams.count, streams.length, streams.windowCount) == (2, 6, 2))
    // Rows are time-major: a step of both streams, then the next.
    #expect(streams.window(0).inputs == [0, 6, 1, 7, 2, 8, 3, 9])
    #expect(streams.window(0).targets == [1, 7, 2, 8, 3, 9, 4, 10])
    #expect(streams.window(1).inputs == [4, 10, 5, 11])
    #expect(streams.wordCount(ofWindow: 1) == 4)
    let one = TokenStreams([3, 4], count: 20, windowLength: 35)
    #expect((one.count, one.windowCount) == (1, 1) && one.window(0).targets == [4])
  }

  /// Sentences in which each word follows from the one before.
  private static let lines = (0..<120).map { index in
    let start = index % 4
    return (0..<8).map { "w\((start + $0) % 4)" }.joined(separator: " ")
  }

  private static func options() -> LanguageModelTrainingOptions {
    var options = LanguageModelTrainingOptions()
    (options.network.embeddingSize, options.network.recurrent.hiddenSize) = (24, 24)
    options.network.recurrent.layerCount = 1
    options.network.dropout = 0
    options.training.epochs = 12
    options.training.batchSize = 4
    options.training.optimizer = OptimizerOptions(.adam, learningRate: 2e-2)
    options.windowLength = 10
    return options
  }

  @Test("a model learns which word follows, is saved and loaded, and a damaged one is refused")
  func learns() throws {
    let outcome = try LanguageModelTraining(Self.options()).run(
      training: Self.lines, validation: Array(Self.lines.prefix(20)))
    let evaluation = outcome.model.evaluate(Self.lines.prefix(40))
    // Four beginnings, and then all is known: the ninth part of log 4.
    #expect(evaluation.perplexity < 1.3, "\(evaluation)")
    #expect(evaluation.words == 360 && evaluation.unknownWords == 0)
    #expect(outcome.model.evaluate(["w1 w1 w1 w1"]).perplexity > 10)
    try withFolder { folder in
      let path = "\(folder)/lm"
      try outcome.model.write(to: path, replacing: false)
      let loaded = try LanguageModel(contentsOf: path)
      #expect(loaded.evaluate(Self.lines.prefix(40)) == evaluation)
      #expect(throws: TextModelError.self) { try TextModel(contentsOf: path) }
      for name in ["model.json", "weights.safetensors", "vocabulary.sqlite"] {
        let file = URL(fileURLWithPath: "\(path)/\(name)")
        let whole = try Data(contentsOf: file)
        try whole.prefix(whole.count / 2).write(to: file)
        #expect(throws: TextModelError.self, "\(name)") { try LanguageModel(contentsOf: path) }
        try whole.write(to: file)
      }
    }
  }

  @Test("a training that is cut off within an epoch and resumed ends with the same bits")
  func resume() throws {
    func run(_ checkpoint: String?, until last: Int = .max) throws -> LanguageModelTraining.Outcome {
      var steps = 0
      return try LanguageModelTraining(Self.options()).run(
        training: Self.lines, validation: Array(Self.lines.prefix(20)), checkpoint: checkpoint, isResuming: true,
        shouldStop: {
          steps += 1
          return steps == last
        })
    }
    try withFolder { folder in
      let whole = try run(nil)
      #expect(try run("\(folder)/c", until: 11).history.wasInterrupted)
      let resumed = try run("\(folder)/c")
      #expect(resumed.model.network.stateDictionary == whole.model.network.stateDictionary)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/c"))
    }
  }

  @Test("the same seed gives the same bits for any number of threads")
  func threads() throws {
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    var first: [String: Tensor]?
    for count in [1, 2, 4] {
      Parallelism.threads = count
      let own = try LanguageModelTraining(Self.options()).run(
        training: Self.lines, validation: Array(Self.lines.prefix(20))
      ).model.network.stateDictionary
      #expect(own == first ?? own, "\(count) threads")
      first = own
    }
  }

  @Test("what cannot be is refused; one line alone is learnt from")
  func impossible() throws {
    var options = Self.options()
    #expect(throws: TextModelError.self) {
      try LanguageModelTraining(options).run(training: [], validation: Self.lines)
    }
    #expect(throws: TextModelError.self) {
      try LanguageModelTraining(options).run(training: Self.lines, validation: [])
    }
    options.training.epochs = 1
    let model = try LanguageModelTraining(options).run(training: ["a b"], validation: ["c"]).model
    #expect(model.evaluate(["a", ""]).words == 3 && model.evaluate(["c"]).unknownWords == 1)
    options.network.recurrent.isBidirectional = true
    #expect(throws: TextModelError.self) {
      try LanguageModelTraining(options).run(training: Self.lines, validation: Self.lines)
    }
    options = Self.options()
    (options.network.tiesWeights, options.network.embeddingSize) = (true, 13)
    #expect(throws: TextModelError.self) {
      try LanguageModelTraining(options).run(training: Self.lines, validation: Self.lines)
    }
  }

  private func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }
}
