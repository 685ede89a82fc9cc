import Foundation
import ModelFiles
import Tensors
import TextProcessing
import Testing
import Training
import VocabularyStore

@testable import TextModels

@Suite("Training, saving, loading", .serialized)
struct TrainingTests {
  /// Texts whose label follows from one word.
  static let texts = LabelledTexts(
    (0..<120).map { index in
      let filler = ["the film was", "we found it", "all in all it seemed", "my sister thought it"][index / 2 % 4]
      return .init(
        text: "\(filler) \(index % 2 == 0 ? "wonderful" : "dreadful") \(index / 2 % 7)",
        label: index % 2 == 0 ? "positive" : "negative")
    })

  static func train(
    _ architecture: TextArchitecture, seed: UInt64 = 1
  ) throws -> TextModelTraining.Outcome {
    var options = TextModelTrainingOptions()
    options.minimumCount = 1
    options.training.epochs = 25
    options.training.patience = 25
    options.training.batchSize = 8
    options.training.optimizer.learningRate = 5e-3
    options.training.seed = seed
    options.network = TextNetworkOptions(architecture)
    options.network.encoder.shrink(to: 16)
    options.network.embedding.size = 16
    options.network.dropout = 0.1
    if options.network.encoder.readsCharacters { options.tokenizer.unit = .character }
    return try TextModelTraining(options).run(training: texts)
  }

  private func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// Whether a text is answered the same in a batch and alone: to the bit with our own product, to the last bits where
  /// OpenBLAS multiplies, whose sums depend on the number of rows.
  private static func expectEqual(_ a: [Prediction], _ b: [Prediction]) {
    if Kernels.level != .plain {
      #expect(a == b)
      return
    }
    for (x, y) in zip(a, b) {
      #expect(zip(x.probabilities, y.probabilities).allSatisfy { abs($0 - $1) < 1e-6 }, "\(x), alone \(y)")
    }
  }

  @Test(
    "every architecture learns, and answers the same after saving and loading",
    arguments: TextArchitecture.allCases)
  func learnsAndLoads(architecture: TextArchitecture) throws {
    let trained = try Self.train(architecture).model
    let classifier = try TextClassifier(trained)
    #expect(classifier.predict("my sister thought it wonderful 3").label == "positive")
    #expect(classifier.predict("we found it dreadful 4").label == "negative")
    try withFolder { folder in
      try trained.write(to: "\(folder)/model", replacing: false)
      let loaded = try TextClassifier(contentsOf: "\(folder)/model")
      let texts = ["", "wonderful", "dreadful dreadful", "nothing known", String(repeating: "wonderful ", count: 5000)]
      #expect(loaded.predict(texts) == classifier.predict(texts))
      Self.expectEqual(loaded.predict(texts), texts.map { loaded.predict($0) })
      #expect(throws: TextModelError.self) { try trained.write(to: "\(folder)/model", replacing: false) }
    }
  }

  @Test("the same seed gives the same weights, another seed gives others")
  func determinism() throws {
    let (a, b, c) = (
      try Self.train(.bilstm).model.network.stateDictionary,
      try Self.train(.bilstm).model.network.stateDictionary,
      try Self.train(.bilstm, seed: 2).model.network.stateDictionary
    )
    #expect(a == b)
    #expect(a != c)
  }

  @Test("any number of threads gives the same model to the bit", arguments: TextArchitecture.allCases)
  func threads(architecture: TextArchitecture) throws {
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    var first: [String: Tensor]?
    for count in [1, 2, 4] {
      Parallelism.threads = count
      let weights = try Self.train(architecture).model.network.stateDictionary
      #expect(weights == first ?? weights, "\(count) threads")
      first = weights
    }
  }

  @Test("cross-validation judges every text once, by a model that has not seen it")
  func crossValidation() throws {
    // Each text has a word of its own, so that a vocabulary made of the whole data would know it.
    let texts = LabelledTexts(
      (0..<60).map { .init(text: "own\($0) \($0 % 2 == 0 ? "good" : "bad")", label: $0 % 2 == 0 ? "yes" : "no") })
    var options = TextModelTrainingOptions()
    options.training.epochs = 1
    options.network.encoder.shrink(to: 4)
    options.network.embedding.size = 4
    let training = TextModelTraining(options)
    var finished: [Int] = []
    let evaluations = try training.crossValidate(texts, folds: 5, finished: { fold, _ in finished.append(fold) })
    #expect(finished == [1, 2, 3, 4, 5])
    #expect(evaluations.map(\.validation.examples) == [12, 12, 12, 12, 12])
    #expect(throws: TextModelError.self) { try training.crossValidate(texts, folds: 31) }
    #expect(throws: TextModelError.self) { try training.crossValidate(texts, folds: .max) }
  }

  @Test("the vocabulary knows the training texts only, not those that validate")
  func validationIsHeldOut() throws {
    let judges = LabelledTexts([.init(text: "secret good", label: "yes"), .init(text: "bad", label: "no")])
    let texts = LabelledTexts(
      (0..<20).map { .init(text: $0 % 2 == 0 ? "good" : "bad", label: $0 % 2 == 0 ? "yes" : "no") })
    var options = TextModelTrainingOptions()
    options.minimumCount = 1
    options.training.epochs = 1
    let outcome = try TextModelTraining(options).run(training: texts, validation: judges)
    let vocabulary = outcome.model.encoder.vocabulary
    #expect(vocabulary.id(of: "good") != nil && vocabulary.id(of: "secret") == nil)
  }

  @Test("a network of impossible sizes is refused")
  func impossibleNetwork() {
    var noFilters = ConvolutionOptions()
    noFilters.filterWidths = []
    var (deep, large) = (
      RecurrentOptions(.lstm, isBidirectional: false), RecurrentOptions(.lstm, isBidirectional: false)
    )
    deep.layerCount = 65
    (large.hiddenSize, large.layerCount) = (16_384, 64)
    var (noEmbedding, allDropped) = (TextNetworkOptions(.cnn), TextNetworkOptions(.cnn))
    noEmbedding.embedding.size = 0
    allDropped.dropout = 1
    for network in [
      TextNetworkOptions(.convolution(noFilters)), TextNetworkOptions(.recurrent(deep)),
      TextNetworkOptions(.recurrent(large)), noEmbedding, allDropped,
    ] {
      var options = TextModelTrainingOptions()
      options.network = network
      #expect(throws: TextModelError.self) { try TextModelTraining(options).run(training: Self.texts) }
    }
  }

  @Test("any file of a model, cut anywhere or changed, gives an error")
  func damagedBundle() throws {
    let trained = try Self.train(.cnn).model
    try withFolder { folder in
      let path = "\(folder)/model"
      try trained.write(to: path, replacing: false)
      for name in ["model.json", "weights.safetensors", "vocabulary.sqlite"] {
        let file = URL(fileURLWithPath: "\(path)/\(name)")
        let whole = try Data(contentsOf: file)
        for position in 0..<24 {
          try whole.prefix(whole.count * position / 24).write(to: file)
          #expect(throws: TextModelError.self, "\(name) cut at \(position)/24") { try TextClassifier(contentsOf: path) }
        }
        try whole.write(to: file)
        try FileManager.default.removeItem(at: file)
        #expect(throws: TextModelError.self) { try TextClassifier(contentsOf: path) }
        try whole.write(to: file)
      }
      let weights = URL(fileURLWithPath: "\(path)/weights.safetensors")
      var bytes = try Data(contentsOf: weights)
      bytes[bytes.count - 5] ^= 1
      try bytes.write(to: weights)
      #expect(throws: TextModelError.self) { try TextClassifier(contentsOf: path) }
    }
  }

  @Test("a vocabulary of another model is refused")
  func foreignVocabulary() throws {
    let trained = try Self.train(.cnn).model
    try withFolder { folder in
      try trained.write(to: "\(folder)/model", replacing: false)
      var counter = VocabularyCounter()
      for id in 2..<trained.encoder.vocabulary.count { counter.add("word\(id)") }
      let other = try counter.build(settings: trained.encoder.vocabulary.settings)
      #expect(other.count == trained.encoder.vocabulary.count)
      try VocabularyStore.create(at: "\(folder)/model/vocabulary.sqlite", with: other, overwrite: true)
      #expect(throws: TextModelError.self) { try TextClassifier(contentsOf: "\(folder)/model") }
    }
  }

  @Test("labels: one only, unknown ones, none at all")
  func labels() throws {
    let training = TextModelTraining(TextModelTrainingOptions())
    #expect(throws: TextModelError.self) { try training.run(training: LabelledTexts([])) }
    #expect(throws: TextModelError.self) {
      try training.run(training: LabelledTexts([.init(text: "a", label: "x"), .init(text: "b", label: "x")]))
    }
    let model = try Self.train(.cnn).model
    #expect(throws: TextModelError.self) {
      try model.evaluate(LabelledTexts([.init(text: "a", label: "neutral")]))
    }
    let mixed = ["b", "10", "a", "9", "1a", "-1"].map { LabelledTexts.Example(text: "", label: $0) }
    #expect(LabelledTexts(mixed).labels == ["-1", "9", "10", "1a", "a", "b"])
  }

  @Test("long texts keep their beginning and their end")
  func truncation() throws {
    var counter = VocabularyCounter()
    for word in ["a", "b", "c", "d", "e", "f"] { counter.add(word) }
    let vocabulary = try counter.build(settings: TokenizerSettings())
    let encoder = try TextEncoder(vocabulary: vocabulary, maximumLength: 3)
    #expect(vocabulary.decode(encoder.encode("a b c d e f")) == ["a", "b", "f"])
    #expect(vocabulary.decode(encoder.encode("a b c")) == ["a", "b", "c"])
    #expect(encoder.encode("") == [vocabulary.unknownID])
  }

  @Test("batches hold every text once, and the plan repeats by seed")
  func batchPlan() {
    let indices = Array(0..<1003)
    let plan = BatchPlan.shuffled(indices, batchSize: 10, random: .init(seed: 1)) { $0 % 97 }
    #expect(plan.flatMap { $0 }.sorted() == indices)
    #expect(plan == BatchPlan.shuffled(indices, batchSize: 10, random: .init(seed: 1)) { $0 % 97 })
    #expect(plan != BatchPlan.shuffled(indices, batchSize: 10, random: .init(seed: 2)) { $0 % 97 })
    let classes = indices.map { Int32($0 % 3) }
    let (kept, heldOut) = StratifiedSplit.holdOut(0.1, of: classes, random: .init(seed: 1))
    #expect((kept + heldOut).sorted() == indices && abs(heldOut.count - 100) <= 2)
    #expect(StratifiedSplit.folds(7, of: classes, random: .init(seed: 1)).flatMap { $0 }.sorted() == indices)
  }
}

extension EncoderOptions {
  /// Small enough for a test.
  mutating func shrink(to size: Int) {
    switch self {
    case .average: break
    case .recurrent(var options):
      options.hiddenSize = size
      self = .recurrent(options)
    case .convolution(var options):
      options.filterCount = size
      self = .convolution(options)
    case .deepPyramid(var options):
      options.filterCount = size
      self = .deepPyramid(options)
    case .characters(var options):
      // Two dropouts of a half would leave 16 units too little to learn from in so few steps.
      (options.filterCount, options.hiddenSize, options.length, options.hiddenDropout) = (size, size, 128, 0)
      self = .characters(options)
    case .recurrentConvolution(var options):
      (options.hiddenSize, options.featureCount) = (size, size)
      self = .recurrentConvolution(options)
    }
  }
}
