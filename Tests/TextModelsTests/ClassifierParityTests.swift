import Foundation
import ModelFiles
import NeuralNetworks
import Tensors
import Testing
import Training

@testable import TextModels

/// Whole classifiers against PyTorch: logits, loss, all gradients, ten steps of Adam.
@Suite("Classifiers equal PyTorch's")
struct ClassifierParityTests {
  private func fixture(_ name: String) throws -> [String: Tensor] {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Fixtures"))
    return try SafeTensors(contentsOf: url.path).tensors
  }

  private func expectClose(_ a: Tensor, _ b: Tensor, _ tolerance: Float, _ name: String) {
    let scale = max(b.scalars.map(abs).max() ?? 1, 1e-6)
    let worst = zip(a.scalars, b.scalars).map { abs($0 - $1) }.max() ?? 0
    #expect(a.shape == b.shape && worst <= tolerance * scale, "\(name): difference \(worst) at a scale of \(scale)")
  }

  /// The networks of `scripts/fixtures/classifiers.py`, by the name of their files.
  static let networks: [String: EncoderOptions] = {
    func recurrent(
      _ architecture: TextArchitecture, _ pooling: SequencePooling, layers: Int = 1
    ) -> EncoderOptions {
      guard case .recurrent(var options) = architecture.encoder else { return architecture.encoder }
      (options.hiddenSize, options.pooling, options.layerCount, options.layerDropout) = (10, pooling, layers, 0)
      return .recurrent(options)
    }
    var (convolution, average) = (ConvolutionOptions(), AverageOptions())
    convolution.filterCount = 6
    average.hiddenSizes = [10, 6]
    var (pyramid, characters, context) = (
      DeepPyramidOptions(), CharacterConvolutionOptions(), RecurrentConvolutionOptions()
    )
    (pyramid.filterCount, pyramid.blockCount) = (6, 2)
    (characters.length, characters.filterCount, characters.hiddenSize, characters.hiddenDropout) = (100, 3, 5, 0)
    (context.hiddenSize, context.featureCount) = (7, 6)
    return [
      "rnn": recurrent(.rnn, .max), "gru": recurrent(.gru, .mean), "lstm": recurrent(.lstm, .last),
      "birnn": recurrent(.birnn, .attention), "bigru": recurrent(.bigru, .maxMean),
      "bilstm": recurrent(.bilstm, .max), "deep-gru": recurrent(.bigru, .last, layers: 2),
      "cnn": .convolution(convolution), "mlp": .average(average),
      "dpcnn": .deepPyramid(pyramid), "charcnn": .characters(characters), "rcnn": .recurrentConvolution(context),
    ]
  }()

  @Test("forward, gradients and ten steps", arguments: networks.keys.sorted())
  func tenSteps(name: String) throws {
    let fixture = try fixture("\(name)-classifier")
    func tensor(_ name: String) throws -> Tensor { try #require(fixture[name], "\(name)") }
    func integers(_ name: String) throws -> [Int] { try tensor(name).scalars.map { Int($0) } }
    var options = TextNetworkOptions(try #require(Self.networks[name]))
    options.embedding.size = 8
    options.embedding.dropout = 0
    options.dropout = 0
    let network = TextNetworkConfiguration(vocabularySize: 20, outputSize: 3, options: options)
      .makeNetwork(random: nil)
    try network.load(
      Dictionary(
        uniqueKeysWithValues: network.namedParameters.map { ($0.name, try tensor("parameter.\($0.name)")) }))
    let batch = TokenBatch(ids: try integers("ids").map { Int32($0) }, lengths: try integers("lengths"))
    let targets = try integers("targets").map { Int32($0) }

    expectClose(network.logits(batch), try tensor("logits"), 1e-5, "logits")
    let (loss, gradients) = GradientTape.record { network.logits(batch).softmaxCrossEntropy(targets: targets) }
    expectClose(loss.reshaped([1]), try tensor("loss").reshaped([1]), 1e-5, "loss")
    for (name, parameter) in network.namedParameters {
      expectClose(try #require(gradients[parameter]).tensor, try tensor("grad.\(name)"), 1e-4, "gradient of \(name)")
    }

    var training = TrainingOptions()
    training.optimizer.learningRate = 1e-2
    training.clipping = .none
    let trainer = TextNetworkTrainer(network: network, options: training, targets: .classes(targets))
    let losses = (0..<10).map { _ in trainer.step(batch, targets: .classes(targets)) }
    expectClose(Tensor(losses), try tensor("losses"), 1e-4, "losses")
    for (name, parameter) in network.namedParameters {
      expectClose(parameter.value, try tensor("trained.\(name)"), 1e-4, "\(name) after ten steps")
    }
  }

  /// A number of [0, 1) from an index, the same in Swift and in Python.
  private func hash(_ index: Int, _ salt: Int) -> Float {
    var x = UInt32(truncatingIfNeeded: index) &+ UInt32(truncatingIfNeeded: salt) &* 0x9E37_79B9
    x ^= x >> 16
    x = x &* 0x7FEB_352D
    x ^= x >> 15
    x = x &* 0x846C_A68B
    x ^= x >> 16
    return Float(x >> 8) * 0x1p-24
  }

  /// The benchmarks' models take the steps of training: their first three losses are PyTorch's from the same weights
  /// and fresh ids in each step.
  @Test("first three losses of the benchmarks s1 and T40", arguments: [TextArchitecture.lstm, .cnn])
  func benchmarkLosses(architecture: TextArchitecture) throws {
    let expected = try #require(try fixture("benchmark-losses")[architecture == .lstm ? "s1" : "cnn"])
    let (batchSize, steps) = architecture == .lstm ? (32, 50) : (50, 40)
    var network = TextNetworkOptions(architecture)
    if case .recurrent(var recurrent) = network.encoder {
      recurrent.pooling = .last
      network.encoder = .recurrent(recurrent)
    }
    network.embedding.size = architecture == .lstm ? 100 : 128
    network.embedding.dropout = 0
    network.dropout = 0
    let classifier = TextNetworkConfiguration(vocabularySize: 20_000, outputSize: 2, options: network)
      .makeNetwork(random: nil)
    for (position, (_, parameter)) in classifier.namedParameters.enumerated() {
      let count = parameter.shape.reduce(1, *)
      parameter.value = Tensor(
        (0..<count).map { (2 * hash($0, position + 1) - 1) * 0.1 }, shape: parameter.shape)
    }
    var options = TrainingOptions()
    options.clipping = .none
    let classes = TextTargets.classes((0..<batchSize).map { Int32($0 % 2) })
    let trainer = TextNetworkTrainer(network: classifier, options: options, targets: classes)
    for step in 1...3 {
      let ids = (0..<batchSize * steps).map { index in
        let u = Double(hash(index, 1000 + step))
        return Int32(20_000 * (u * u * u))
      }
      let loss = trainer.step(
        TokenBatch(ids: ids, lengths: Array(repeating: steps, count: batchSize)), targets: classes)
      #expect(abs(loss - expected[step - 1]) < 1e-5, "step \(step): \(loss), PyTorch \(expected[step - 1])")
    }
  }
}
