import Foundation
import NeuralNetworks
import Tensors
import Testing
import Training

@testable import TextModels

/// Models that say other things than one label, and training that begins with a model.
@Suite("Tasks and training further", .serialized)
struct TaskTests {
  private static func options(_ head: TextHead) -> TextModelTrainingOptions {
    var options = TextModelTrainingOptions()
    options.head = head
    options.minimumCount = 1
    options.training.epochs = 40
    options.training.patience = 40
    options.training.batchSize = 8
    options.training.optimizer.learningRate = 5e-3
    options.network.encoder.shrink(to: 16)
    options.network.embedding.size = 16
    options.network.dropout = 0
    return options
  }

  /// Each of three words stands for a label.
  private static let labelled = LabelledTexts(
    (0..<160).map { index in
      let words = ["sun", "rain", "wind"].enumerated().filter { index >> $0.offset & 1 == 1 }.map(\.element)
      return .init(text: "we had \(words.joined(separator: " and ")) on day \(index % 5)", labels: words)
    })

  @Test("several labels a text, or none: learnt, saved, loaded")
  func severalLabels() throws {
    let model = try TextModelTraining(Self.options(.multiLabel())).run(training: Self.labelled).model
    let classifier = try TextClassifier(model)
    #expect(Set(classifier.predict("we had wind and sun on day 3").labels) == ["wind", "sun"])
    #expect(classifier.predict("we had rain on day 1").labels == ["rain"])
    #expect(classifier.predict("we had on day 2").labels == [])
    guard case .multiLabel(let figures) = try model.evaluate(Self.labelled).evaluation else {
      Issue.record("the evaluation is of another kind")
      return
    }
    #expect(figures.microF1 > 0.99 && figures.subsetAccuracy > 0.98)
    try withFolder { folder in
      try model.write(to: "\(folder)/model", replacing: false)
      let texts = Self.labelled.examples.prefix(20).map(\.text)
      #expect(try TextClassifier(contentsOf: "\(folder)/model").predict(texts) == classifier.predict(texts))
      #expect(throws: TextModelError.self) { try TextRegressor(contentsOf: "\(folder)/model") }
    }
  }

  @Test("one label alone can be given or not; texts without any label cannot be learnt from")
  func oneLabelOrNone() throws {
    let texts = LabelledTexts(
      (0..<60).map { .init(text: $0 % 2 == 0 ? "buy now" : "see you", labels: $0 % 2 == 0 ? ["spam"] : []) })
    let classifier = try TextClassifier(
      TextModelTraining(Self.options(.multiLabel(balancesLabels: true))).run(training: texts).model)
    #expect(classifier.predict("buy now").labels == ["spam"] && classifier.predict("see you").labels == [])
    let none = LabelledTexts((0..<20).map { _ in .init(text: "a", labels: []) })
    #expect(throws: TextModelError.self) { try TextModelTraining(Self.options(.multiLabel())).run(training: none) }
  }

  /// The number of a text is the number of its stars, times ten, plus 100.
  private static let rated = LabelledTexts(
    (0..<120).map { index in
      .init(text: "rated " + String(repeating: "star ", count: index % 5), label: "\(100 + 10 * (index % 5))")
    })

  @Test("numbers: learnt whatever their scale, saved, loaded", arguments: RegressionLoss.allCases)
  func numbers(loss: RegressionLoss) throws {
    var options = Self.options(.regression(loss))
    options.network = TextNetworkOptions(.average(AverageOptions()))
    options.network.embedding.size = 16
    options.network.dropout = 0
    options.training.epochs = 60
    options.training.patience = 60
    let model = try TextModelTraining(options).run(training: Self.rated).model
    let regressor = try TextRegressor(model)
    #expect(abs(regressor.predict("rated star star") - 120) < 4)
    guard case .regression(let figures) = try model.evaluate(Self.rated).evaluation else {
      Issue.record("the evaluation is of another kind")
      return
    }
    #expect(figures.determination > 0.95)
    try withFolder { folder in
      try model.write(to: "\(folder)/model", replacing: false)
      let texts = Self.rated.examples.prefix(5).map(\.text)
      #expect(try TextRegressor(contentsOf: "\(folder)/model").predict(texts) == regressor.predict(texts))
      #expect(throws: TextModelError.self) { try TextClassifier(contentsOf: "\(folder)/model") }
    }
    let word = LabelledTexts([.init(text: "a", label: "good"), .init(text: "b", label: "1")])
    #expect(throws: TextModelError.self) { try TextModelTraining(options).run(training: word) }
  }

  @Test("numbers that are learnt further keep the scale of the output layer")
  func numbersFurther() throws {
    var options = Self.options(.regression())
    options.network = TextNetworkOptions(.average(AverageOptions()))
    options.network.dropout = 0
    let first = try TextModelTraining(options).run(training: Self.rated).model
    options.training.epochs = 1
    options.training.optimizer.learningRate = 1e-6
    // The upper half of the numbers has another mean; a step of nearly nothing must change nearly nothing.
    let upper = LabelledTexts(Self.rated.examples.filter { Double($0.label) ?? 0 >= 120 })
    let second = try TextModelTraining(options, from: first).run(training: upper).model
    let (a, b) = (try TextRegressor(first).predict("rated star"), try TextRegressor(second).predict("rated star"))
    #expect(abs(a - b) < 0.5, "\(a), then \(b)")
  }

  @Test("a model trained further keeps its vocabulary; what is frozen stays; other labels get a new output")
  func trainingFurther() throws {
    let first = try TrainingTests.train(.lstm).model
    var options = Self.options(.singleLabel())
    options.training.epochs = 2
    options.fineTuning.frozen = ["embedding.*", "encoder.*_hh_*"]
    let before = first.network.stateDictionary
    let same = try TextModelTraining(options, from: first).run(training: TrainingTests.texts).model
    let after = same.network.stateDictionary
    #expect(same.encoder.vocabulary == first.encoder.vocabulary)
    for (name, value) in before {
      let isFrozen = name.hasPrefix("embedding.") || name.contains("_hh_")
      #expect((after[name] == value) == isFrozen, "\(name)")
    }
    #expect(first.network.stateDictionary == before, "the model to start from stays as it is")

    let renamed = LabelledTexts(TrainingTests.texts.examples.map { .init(text: $0.text, label: "\($0.label)!") })
    let other = try TextModelTraining(options, from: first).run(training: renamed).model
    #expect(other.labels == ["negative!", "positive!"])
    #expect(other.network.stateDictionary["output.weight"] != before["output.weight"])
    let number = LabelledTexts(TrainingTests.texts.examples.map { .init(text: $0.text, label: "\($0.text.count)") })
    options.head = .regression()
    #expect(try TextModelTraining(options, from: first).run(training: number).model.labels.isEmpty)

    options.fineTuning.frozen = ["nothing.*"]
    #expect(throws: TextModelError.self) {
      try TextModelTraining(options, from: first).run(training: TrainingTests.texts)
    }
  }

  @Test("gradual unfreezing takes in one layer with each epoch, from the output down")
  func gradualUnfreezing() throws {
    let first = try TrainingTests.train(.lstm).model
    #expect(first.network.layers.map { $0.map(\.name)[0] }.count == 3)
    var options = Self.options(.singleLabel())
    options.fineTuning.unfreezesGradually = true
    options.fineTuning.layerRateDivisor = 2
    for epochs in 1...3 {
      options.training.epochs = epochs
      options.training.keepsLast = true
      let tuned = try TextModelTraining(options, from: first).run(training: TrainingTests.texts).model
      let (before, after) = (first.network.stateDictionary, tuned.network.stateDictionary)
      #expect(after["output.weight"] != before["output.weight"])
      #expect((after["encoder.recurrent.weight_hh_l0"] != before["encoder.recurrent.weight_hh_l0"]) == (epochs > 1))
      #expect((after["embedding.weight"] != before["embedding.weight"]) == (epochs > 2))
    }
  }

  @Test("names with wildcards")
  func wildcards() {
    #expect("embedding.weight".matches(wildcards: "embedding.*"))
    #expect("encoder.recurrent.weight_hh_l0".matches(wildcards: "*_hh_*"))
    #expect("abc".matches(wildcards: "abc") && "abc".matches(wildcards: "*") && "abc".matches(wildcards: "a*b*c*"))
    #expect(!"abc".matches(wildcards: "ab") && !"abc".matches(wildcards: "*b") && !"".matches(wildcards: "a"))
    #expect("".matches(wildcards: "*") && "aXbXc".matches(wildcards: "a*Xc"))
  }

  @Test("a sweep of learning rates leaves nothing behind and names a rate that learns")
  func learningRates() throws {
    let sweep = try TextModelTraining(Self.options(.singleLabel())).sweepLearningRates(training: TrainingTests.texts)
    let rate = try #require(sweep.suggestion)
    #expect(rate > 1e-5 && rate < 1, "\(rate)")
    #expect(zip(sweep.points, sweep.points.dropFirst()).allSatisfy { $0.rate < $1.rate })
  }

  @Test("100,000 classes: trained, judged, saved and loaded")
  func manyClasses() throws {
    let count = 100_000
    let texts = LabelledTexts((0..<count).map { .init(text: "word\($0 % 50)", label: "c\($0)") })
    var options = Self.options(.singleLabel())
    var average = AverageOptions()
    average.hiddenSizes = [4]
    options.network = TextNetworkOptions(.average(average))
    options.network.embedding.size = 4
    options.training.epochs = 1
    options.training.batchSize = 512
    let judges = LabelledTexts(Array(texts.examples.prefix(100)))
    // A few steps, since a whole epoch reckons with 10,000,000,000 scores.
    var losses: [Double] = []
    let model = try TextModelTraining(options).run(
      training: texts, validation: judges, shouldStop: { losses.count >= 8 },
      report: { if case .progress(let progress) = $0 { losses.append(progress.loss) } }
    ).model
    #expect(losses.count == 8 && losses.allSatisfy { abs($0 - 11.5) < 1 }, "\(losses), not about log 100,000")
    #expect(model.labels.count == count)
    let evaluation = try model.evaluate(judges).evaluation
    #expect(evaluation.validation.loss.isFinite)
    try withFolder { folder in
      try model.write(to: "\(folder)/model", replacing: false)
      #expect(try TextClassifier(contentsOf: "\(folder)/model").predict("word3").probabilities.count == count)
    }
  }

  @Test("a text of a million tokens is read in part, and that is said")
  func millionTokens() throws {
    let model = try TrainingTests.train(.lstm).model
    let long = String(repeating: "wonderful ", count: 1_000_000)
    let prediction = try TextClassifier(model).predict(long)
    #expect(prediction.isTruncated && prediction.label == "positive")
    #expect(try !TextClassifier(model).predict("wonderful").isTruncated)
    #expect(try model.evaluate(LabelledTexts([.init(text: long, label: "positive")])).truncatedTexts == 1)
  }

  private func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }
}
