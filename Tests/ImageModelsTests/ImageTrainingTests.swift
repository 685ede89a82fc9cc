import Foundation
import ImageData
import NeuralNetworks
import Synchronization
import Tensors
import Testing
import Training

@testable import ImageModels

@Suite("Training of image models", .serialized)
struct ImageTrainingTests {
  /// The weights as bits, to compare.
  private func bits(_ model: ImageModel) -> [String: [UInt32]] {
    model.network.stateDictionary.mapValues { $0.scalars.map(\.bitPattern) }
  }

  private func losses(_ outcome: ImageTraining.Outcome) -> [Double] { outcome.history.epochs.map(\.trainingLoss) }

  @Test("learns what is easy, and says what it learned")
  func learns() throws {
    var options = ImageTrainingOptions.quick(.lenet5, epochs: 6)
    options.augmentation = .none
    options.training.optimizer.learningRate = 0.05
    let outcome = try ImageTraining(options).run(training: Quarters(count: 160))
    let (evaluation, skipped) = try outcome.model.evaluate(Quarters(count: 40))
    #expect(evaluation.accuracy > 0.95 && skipped.count == 0 && evaluation.examples == 40)
    #expect(outcome.model.labels == Quarters().classNames)
    #expect(outcome.model.description.training?.history.epochs.count == 6)
    var answers = 0
    try outcome.model.predict(Quarters(count: 8), batchSize: 3) { index, prediction in
      answers += 1
      #expect(prediction.top(1)[0].label == Quarters().classNames[index % 4])
      #expect(abs(prediction.probabilities.reduce(0, +) - 1) < 1e-5)
    }
    #expect(answers == 8)
  }

  @Test("one model answers many threads at once, with the bits of one alone")
  func reentrant() throws {
    let model = try BundleTests.model(.smallCNN)
    let images = Quarters(count: 16)
    let alone = try (0..<16).map { try model.predict(images.image(at: $0)).logits }
    let answers = Mutex([Int: [Float]]())
    DispatchQueue.concurrentPerform(iterations: 16) { index in
      let logits = try? model.predict(images.image(at: index)).logits
      answers.withLock { $0[index] = logits }
    }
    for index in 0..<16 { #expect(answers.withLock { $0[index] } == alone[index]) }
  }

  @Test("the number of threads changes no bit")
  func threads() throws {
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    var options = ImageTrainingOptions.quick(.smallCNN)
    options.augmentation.mixupAlpha = 0.2
    options.augmentation.cutoutSide = 6
    options.labelSmoothing = 0.1
    let models = try [1, 2, 3].map { threads in
      Parallelism.threads = threads
      return try ImageTraining(options).run(training: Quarters()).model
    }
    #expect(bits(models[0]) == bits(models[1]) && bits(models[0]) == bits(models[2]))
  }

  @Test("a training that was cut off goes on to the bit", arguments: [1, 4, 7])
  func resume(steps: Int) throws {
    try withFolder { folder in
      let options = ImageTrainingOptions.quick(.smallCNN, epochs: 3)
      let whole = try ImageTraining(options).run(training: Quarters())
      var count = 0
      let checkpoint = folder + "/checkpoint"
      let cut = try ImageTraining(options).run(
        training: Quarters(), checkpoint: checkpoint,
        shouldStop: {
          count += 1
          return count >= steps
        })
      #expect(cut.history.wasInterrupted)
      let rest = try ImageTraining(options).run(training: Quarters(), checkpoint: checkpoint, isResuming: true)
      #expect(bits(rest.model) == bits(whole.model) && losses(rest) == losses(whole))
      #expect(!FileManager.default.fileExists(atPath: checkpoint))
    }
  }

  @Test("a checkpoint of other images is refused")
  func otherCheckpoint() throws {
    try withFolder { folder in
      let options = ImageTrainingOptions.quick(.lenet5)
      _ = try ImageTraining(options).run(
        training: Quarters(), checkpoint: folder + "/checkpoint", shouldStop: { true })
      #expect(throws: TrainingError.self) {
        try ImageTraining(options).run(
          training: Quarters(count: 68), checkpoint: folder + "/checkpoint", isResuming: true)
      }
    }
  }

  @Test("a frozen trunk keeps its weights and statistics, the output layer is new")
  func transfer() throws {
    let start = try BundleTests.model(.smallCNN, classes: 7)
    var options = ImageTrainingOptions.quick(.smallCNN)
    options.frozen = ["features"]
    for caches in [true, false] {
      options.cachesFeatures = caches
      var plan: ImageTraining.Plan?
      let outcome = try ImageTraining(options, from: .model(start)).run(training: Quarters(), planned: { plan = $0 })
      #expect(plan?.keepsOutput == false && plan?.parameters.trained == 97 * 4)
      #expect((plan?.featureMegabytes != nil) == caches)
      let (before, after) = (bits(start), bits(outcome.model))
      for (name, value) in before where !name.hasPrefix("fc.") { #expect(after[name] == value, "\(name)") }
      #expect(after["fc.weight"]?.count == 96 * 4)
    }
  }

  @Test("features that are kept give the losses of images that are read again")
  func cache() throws {
    let start = try BundleTests.model(.smallCNN, classes: 4)
    var options = ImageTrainingOptions.quick(.smallCNN, epochs: 3)
    options.frozen = ["features"]
    options.augmentation = .none
    let cached = try ImageTraining(options, from: .model(start)).run(training: Quarters())
    options.cachesFeatures = false
    let read = try ImageTraining(options, from: .model(start)).run(training: Quarters())
    for (a, b) in zip(losses(cached), losses(read)) { #expect(abs(a - b) < 1e-5 * abs(b)) }
    #expect(cached.history.epochs.map(\.validation?.value) == read.history.epochs.map(\.validation?.value))
  }

  @Test("what was frozen is trained after some epochs, and may be cut off there")
  func unfreezing() throws {
    let start = try BundleTests.model(.smallCNN, classes: 4)
    var options = ImageTrainingOptions.quick(.smallCNN, epochs: 3)
    options.frozen = ["features"]
    options.unfreezesAfter = 1
    options.training.keepsLast = true
    let whole = try ImageTraining(options, from: .model(start)).run(training: Quarters())
    #expect(bits(whole.model)["features.0.conv.weight"] != bits(start)["features.0.conv.weight"])
    #expect(bits(whole.model)["features.0.bn.running_mean"] != bits(start)["features.0.bn.running_mean"])
    for steps in [2, 5] {
      try withFolder { folder in
        var count = 0
        _ = try ImageTraining(options, from: .model(start)).run(
          training: Quarters(), checkpoint: folder + "/c",
          shouldStop: {
            count += 1
            return count >= steps
          })
        let rest = try ImageTraining(options, from: .model(start)).run(
          training: Quarters(), checkpoint: folder + "/c", isResuming: true)
        #expect(bits(rest.model) == bits(whole.model))
      }
    }
  }

  @Test("patterns freeze parts; one that fits nothing is an error")
  func patterns() throws {
    let start = try BundleTests.model(.lenet5, classes: 4)
    var options = ImageTrainingOptions.quick(.lenet5)
    options.frozen = ["conv1.*"]
    let outcome = try ImageTraining(options, from: .model(start)).run(training: Quarters())
    #expect(bits(outcome.model)["conv1.weight"] == bits(start)["conv1.weight"])
    #expect(bits(outcome.model)["conv2.weight"] != bits(start)["conv2.weight"])
    options.frozen = ["layer1.*"]
    #expect(throws: ImageModelError.self) {
      try ImageTraining(options, from: .model(start)).run(training: Quarters())
    }
    options.frozen = ["*"]
    #expect(throws: ImageModelError.self) {
      try ImageTraining(options, from: .model(start)).run(training: Quarters())
    }
  }

  @Test("a damaged image ends the training with its name, or is left out and counted")
  func damaged() throws {
    var images = Quarters()
    images.bad = 13
    var options = ImageTrainingOptions.quick(.lenet5)
    let error = #expect(throws: ImageModelError.self) { try ImageTraining(options).run(training: images) }
    #expect(error?.description.contains("image 13") == true)
    options.skipsBad = true
    let outcome = try ImageTraining(options).run(training: images)
    #expect(outcome.skipped.count == 1 && outcome.history.epochs.count == 2)
    let start = outcome.model
    options.frozen = ["conv*"]
    #expect(try ImageTraining(options, from: .model(start)).run(training: images).skipped.count == 1)
    options.skipsBad = false
    #expect(throws: ImageModelError.self) { try ImageTraining(options, from: .model(start)).run(training: images) }
  }

  @Test("auxiliary heads share in the loss and are not part of the model")
  func auxiliaryHeads() throws {
    var options = ImageTrainingOptions.quick(.googlenet, epochs: 1)
    options.training.batchSize = 4
    options.augmentation = .none
    let outcome = try ImageTraining(options).run(training: Quarters(side: 32, channels: 3, count: 8))
    // Three heads that know nothing: (1 + 2 · 0.3) · ln 4.
    #expect(abs((outcome.history.epochs[0].trainingLoss) - 1.6 * log(4)) < 1)
    #expect(!outcome.model.network.namedParameters.contains { $0.name.hasPrefix("aux") })
  }
}
