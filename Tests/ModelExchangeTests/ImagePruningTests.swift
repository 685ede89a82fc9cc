import Foundation
import ImageData
import ModelExchange
import NeuralNetworks
import Tensors
import Testing

@testable import ImageModels

@Suite("Pruning of image networks")
struct ImagePruningTests {
  static let architectures: [ImageArchitecture] = [
    .lenet5, .smallCNN, .alexnet, .alexnet2012, .vgg11, .vgg11BatchNorm, .resnet18, .resnet50, .resnet20CIFAR,
  ]

  /// A model with random weights whose narrowable layers have six outputs, so that large architectures are small.
  private func model(_ architecture: ImageArchitecture) throws -> (model: ImageModel, layers: [NarrowableLayer]) {
    let whole = try #require(architecture.makeNetwork(classes: 3, random: nil) as? any NarrowableNetwork)
    let layers = whole.narrowableLayers
    let widths = LayerWidths(Dictionary(uniqueKeysWithValues: layers.map { ($0.name, 6) }))
    let network = architecture.makeNetwork(classes: 3, widths: widths, random: RandomStream(seed: 5))
    let description = ImageModelDescription(
      architecture: architecture, labels: ["a", "b", "c"], preparation: architecture.usualPreparation
    ).narrowed(to: widths)
    #expect(description.fault == nil)
    return (ImageModel(network: network, description: description), layers)
  }

  @Test("filters and units without any weight can go without a trace", arguments: architectures)
  func withoutTrace(architecture: ImageArchitecture) throws {
    let (original, layers) = try model(architecture)
    #expect(!layers.isEmpty)
    let parameters = Dictionary(
      original.network.namedParameters.map { ($0.name, $0.parameter) }, uniquingKeysWith: { first, _ in first })
    let gone: Set = [1, 4]
    for layer in layers {
      let names = ["\(layer.name).weight", "\(layer.name).bias"]
      let normalization = layer.normalization.map { ["\($0).weight", "\($0).bias"] } ?? []
      for name in names + normalization {
        guard let parameter = parameters[name] else {
          #expect(name.hasSuffix(".bias"), "\(name)")
          continue
        }
        #expect(parameter.shape[0] == 6)
        let width = parameter.value.count / 6
        let numbers = parameter.value.scalars.enumerated().map { gone.contains($0.offset / width) ? 0 : $0.element }
        parameter.value = Tensor(numbers, shape: parameter.shape)
      }
    }
    let pruned = try StructuredPruning(share: 1.0 / 3).pruned(original)
    #expect(pruned.network.parameterCount < original.network.parameterCount)
    for layer in layers { #expect(pruned.network.stateDictionary["\(layer.name).weight"]?.shape[0] == 4) }
    let size = architecture.imageSize
    let images = RandomStream(seed: 6).uniform([2, size.height, size.width, architecture.channels], in: -1..<1)
    let (wanted, given) = (original.logits(images).scalars, pruned.logits(images).scalars)
    let largest = wanted.map(abs).max() ?? 0
    #expect(zip(wanted, given).allSatisfy { abs($0 - $1) <= 1e-4 * largest })
  }

  @Test("a narrow network is written, read, trained further and exported")
  func narrowBundle() throws {
    try withModelFolder { folder in
      let whole = ImageArchitecture.resnet20CIFAR
      let network = whole.makeNetwork(classes: 3, random: RandomStream(seed: 1))
      let images = Colours(side: 32, count: 24)
      let description = ImageModelDescription(
        architecture: whole, labels: images.classNames, preparation: whole.usualPreparation)
      let original = ImageModel(network: network, description: description)
      #expect(original.description.format == 1)
      let narrow = try StructuredPruning(share: 0.5).pruned(original)
      #expect(narrow.description.format == 2 && narrow.description.widths?.outputs["layer1.0.conv1"] == 8)
      try narrow.write(to: "\(folder)/narrow", replacing: false)
      let read = try ImageModel(contentsOf: "\(folder)/narrow")
      let sample = RandomStream(seed: 2).uniform([2, 32, 32, 3])
      #expect(read.logits(sample) == narrow.logits(sample))
      var options = ImageTrainingOptions(whole)
      options.training.epochs = 1
      options.training.batchSize = 8
      options.validationShare = 0.25
      let further = try ImageTraining(options, from: .model(read)).run(training: images).model
      #expect(further.network.parameterCount == narrow.network.parameterCount)
      #expect(further.description.widths == narrow.description.widths)
      // Twice is a quarter.
      let twice = try StructuredPruning(share: 0.5).pruned(further)
      #expect(twice.description.widths?.outputs["layer3.2.conv1"] == 16)
      let document = try ONNXDocument(.image(twice))
      #expect(try document.verify(against: .image(twice), path: "twice.onnx") < 1e-4)
    }
  }

  @Test("what a description says of widths is checked")
  func widths() {
    for (outputs, isGood) in [
      (["layer1.0.conv1": 1], true), (["layer1.0.conv1": 16], true), (["layer1.0.conv1": 17], false),
      (["layer1.0.conv1": 0], false), (["layer1.0.conv2": 4], false), (["conv9": 4], false), ([:], true),
    ] as [([String: Int], Bool)] {
      let description = ImageModelDescription(
        architecture: .resnet20CIFAR, labels: ["a", "b"],
        preparation: ImageArchitecture.resnet20CIFAR.usualPreparation)
      #expect((description.narrowed(to: LayerWidths(outputs)).fault == nil) == isGood, "\(outputs)")
    }
  }

  @Test("networks whose filters depend on each other say so")
  func others() throws {
    let architecture = ImageArchitecture.squeezenet11
    let network = architecture.makeNetwork(classes: 2, random: RandomStream(seed: 1))
    let description = ImageModelDescription(
      architecture: architecture, labels: ["a", "b"], preparation: architecture.usualPreparation)
    #expect(throws: ExchangeError.self) {
      try StructuredPruning(share: 0.5).pruned(ImageModel(network: network, description: description))
    }
  }
}
