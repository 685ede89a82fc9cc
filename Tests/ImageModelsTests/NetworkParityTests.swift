import Foundation
import ImageModels
import NeuralNetworks
import Tensors
import Testing

/// Every network against PyTorch, with weights and images by formula.
@Suite("Image networks equal PyTorch's")
struct NetworkParityTests {
  /// The names of the fixtures: an architecture, perhaps with its auxiliary heads.
  static let names = ImageArchitecture.allCases.flatMap {
    [$0.rawValue] + ([.googlenet, .googlenetPaper, .inceptionV3].contains($0) ? ["\($0.rawValue)-auxiliary"] : [])
  }

  private static func makeNetwork(_ name: String, classes: Int? = nil) throws -> any ImageNetwork {
    let hasHeads = name.hasSuffix("-auxiliary")
    let architecture = try #require(ImageArchitecture(rawValue: hasHeads ? String(name.dropLast(10)) : name))
    return architecture.makeNetwork(
      classes: classes ?? architecture.usualClasses, hasAuxiliaryHeads: hasHeads, random: nil)
  }

  /// Sums of thousands of numbers in another order: differences relative to the largest logit.
  private func expectClose(_ made: Tensor, _ expected: Tensor, _ name: String, within bound: Float = 1e-4) {
    let largest = expected.scalars.reduce(Float(0)) { max($0, abs($1)) }
    let worst = zip(made.scalars, expected.scalars).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(made.shape == expected.shape && worst <= bound * largest, "\(name): \(worst) of \(largest)")
  }

  @Test("names and shapes of all parameters", arguments: names)
  func parameters(name: String) throws {
    let url = try #require(
      Bundle.module.url(forResource: "image-network-parameters", withExtension: "txt", subdirectory: "Fixtures"))
    let line = try #require(
      String(contentsOf: url, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix(name + " ") })
    let fields = line.split(separator: " ")
    let network = try Self.makeNetwork(name)
    let described =
      network.namedParameters.map { ($0.name, $0.parameter.shape) }
      + network.namedBuffers.map { ($0.name, $0.buffer.value.shape) }
    let lines = described.map { "\($0.0) \($0.1.map(String.init).joined(separator: ","))\n" }
    #expect(lines.count == Int(fields[1]))
    #expect(network.parameterCount == Int(fields[2]))
    let sorted = lines.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined()
    #expect(String(Formula.fnv1a64(sorted), radix: 16) == String(UInt64(fields[4], radix: 16) ?? 0, radix: 16))
  }

  @Test("logits", arguments: names)
  func logits(name: String) throws {
    let fixture = try NetworkFixture("image-networks")
    let network = try Self.makeNetwork(name)
    Formula.fill(network, gain: try fixture.number("\(name).gain"))
    let logits = network.logits(of: try fixture.images(of: name))
    let main = name.hasSuffix("-auxiliary") ? String(name.dropLast(10)) : name
    // The images of a network with heads may be the first of those without.
    let expected = try fixture["\(main).logits"]
    let rows = logits.main.shape[0]
    expectClose(
      logits.main, Tensor(Array(expected.scalars.prefix(logits.main.count)), shape: [rows, expected.shape[1]]), name)
    for (index, head) in logits.auxiliary.enumerated() {
      expectClose(head.logits, try fixture["\(name).auxiliary\(index + 1)"], "\(name), head \(index + 1)")
    }
    #expect(logits.auxiliary.count == fixture.tensors("\(name).auxiliary").count)
  }

  @Test("ten steps of training", arguments: ["lenet5", "resnet20-cifar", "two-branches"])
  func training(name: String) throws {
    let fixture = try NetworkFixture("image-training")
    let classes = Int(try fixture.number("\(name).classes"))
    let network: any Module
    let logits: (Tensor) -> Tensor
    if name == "two-branches" {
      let branches = TwoBranches(classes: classes)
      (network, logits) = (branches, { branches($0) })
    } else {
      let image = try Self.makeNetwork(name, classes: classes)
      (network, logits) = (image, { image($0) })
    }
    #expect(network.parameterCount == Int(try fixture.number("\(name).parameters")))
    Formula.fill(network, gain: try fixture.number("\(name).gain"))
    let optimizer = SGD(
      network.parameters, learningRate: Float(try fixture.number("\(name).learning_rate")),
      momentum: Float(try fixture.number("momentum")), weightDecay: Float(try fixture.number("weight_decay")))
    let losses = try trainingLosses(10, optimizer, classes: classes, logits) {
      try fixture.images(of: name, named: "input.\($0)")
    }
    for (step, (loss, expected)) in zip(losses, try fixture["\(name).losses"].scalars).enumerated() {
      #expect(abs(loss - expected) < 1e-3 * expected, "\(name): loss \(loss) for \(expected) in step \(step + 1)")
    }
    let state = network.stateDictionary
    for (key, expected) in fixture.tensors("\(name).after.") {
      expectClose(try #require(state[key]), expected, "\(name): \(key) afterwards", within: 1e-3)
    }
  }

  @Test("the first losses of the benchmark's LeNet")
  func benchmarkLosses() throws {
    let fixture = try NetworkFixture("image-benchmark-losses")
    let network = try Self.makeNetwork("lenet5")
    Formula.fill(network, gain: 1)
    let optimizer = SGD(
      network.parameters, learningRate: Float(try fixture.number("learning_rate")),
      momentum: Float(try fixture.number("momentum")))
    let losses = try trainingLosses(3, optimizer, classes: 10, { network($0) }) {
      (Formula.uniform("input.\($0)", [64, 1, 28, 28]) * 1.5).channelsLast()
    }
    let expected = try fixture["lenet5"].scalars
    #expect(expected.count == 3)
    for (loss, expected) in zip(losses, expected) { #expect(abs(loss - expected) < 1e-5 * expected) }
  }

  /// The loss before each step.
  private func trainingLosses(
    _ steps: Int, _ optimizer: SGD, classes: Int, _ logits: (Tensor) -> Tensor, images: (Int) throws -> Tensor
  ) throws -> [Float] {
    try (1...steps).map { step in
      let images = try images(step)
      let targets = (0..<images.shape[0]).map { Int32($0 * 3 % classes) }
      let (loss, gradients) = GradientTape.record(random: RandomStream(seed: UInt64(step))) {
        logits(images).softmaxCrossEntropy(targets: targets)
      }
      optimizer.step(gradients)
      return loss.scalars[0]
    }
  }
}

/// A small network with branches, of 16 × 16 pixels.
private final class TwoBranches: Module {
  let stem = Block(3, 8, 3)
  let branch1 = Block(8, 6, 1)
  let branch2 = Block(8, 10, 3)
  let fc: Linear

  init(classes: Int) { fc = Linear(inputSize: 16 * 4 * 4, outputSize: classes, random: nil) }

  func callAsFunction(_ images: Tensor) -> Tensor {
    let stem = stem(images).maxPool2d(kernelSize: 2)
    let joined = Tensor.concatenated([branch1(stem), branch2(stem)], axis: 3)
    let pooled = joined.maxPool2d(kernelSize: 3, stride: 2, padding: 1)
    return fc(pooled.channelsFirst().reshaped([images.shape[0], 16 * 4 * 4]))
  }

  final class Block: Module {
    let conv: Conv2d
    let bn: BatchNorm2d

    init(_ input: Int, _ output: Int, _ kernel: Int) {
      conv = Conv2d(
        inputChannels: input, outputChannels: output, kernelSize: Size2D(integerLiteral: kernel),
        padding: Padding2D(integerLiteral: kernel / 2), hasBias: false, random: nil)
      bn = BatchNorm2d(channels: output, epsilon: 1e-3)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { conv(x, normalizedBy: bn, clipsNegative: true) }
  }
}
