import FoundationEssentials
import ImageData
import NeuralNetworks
import Tensors
import Training

/// What a training is made of: images to learn from and to judge by, their classes, the network before its first step.
struct ImageMaterial {
  let options: ImageTrainingOptions
  let start: ImageTraining.Start?
  let labels: [String]
  let learning: any ImageDataSet
  let judging: any ImageDataSet
  /// What happens to images that are judged.
  let preparation: ImagePreparation
  /// Whether the output layer of the weights to start from is kept.
  let keepsOutput: Bool

  /// Outputs of layers that the model to start from has lost.
  var widths: LayerWidths? { if case .model(let model) = start { model.description.widths } else { nil } }

  init(
    _ options: ImageTrainingOptions, _ start: ImageTraining.Start?, training: any ImageDataSet,
    validation: (any ImageDataSet)?
  ) throws(ImageModelError) {
    (self.options, self.start) = (options, start)
    let division = try ImageDivision(
      training, validation, share: options.validationShare, seed: options.training.seed)
    (labels, learning, judging) = (division.labels, division.learning, division.judging)
    switch start {
    case .model(let model):
      guard model.architecture == options.architecture else {
        throw .invalidOptions(
          reason: "the model to begin with is a \(model.architecture.rawValue), no \(options.architecture.rawValue)")
      }
      preparation = model.preparation
      keepsOutput = model.labels == labels
    case .weights(let weights):
      preparation = options.architecture.usualPreparation
      keepsOutput = try weights.classes(of: options.architecture) == labels.count
    case nil:
      preparation = options.architecture.usualPreparation
      keepsOutput = false
    }
  }

  /// The network before its first step: with new weights, or those to start from.
  func makeNetwork() throws(ImageModelError) -> any ImageNetwork {
    let network = options.architecture.makeNetwork(
      classes: labels.count, hasAuxiliaryHeads: options.usesAuxiliaryHeads, widths: widths ?? LayerWidths(),
      random: RandomStream(seed: options.training.seed).split("weights"))
    let weights: ImageWeights
    switch start {
    case .model(let model): weights = ImageWeights(path: "the model", values: model.network.stateDictionary)
    case .weights(let own): weights = own
    case nil: return network
    }
    var values = weights.values
    let own = network.stateDictionary
    let plain = options.architecture.makeNetwork(
      classes: labels.count, widths: widths ?? LayerWidths(), random: nil)
    let plainNames = Set(plain.namedLeafShapes.map(\.name))
    let outputNames = network.outputNames
    // New are the output layer for other classes, and auxiliary heads that the weights lack or that are for other classes.
    for (name, value) in own {
      let isNewOutput = !keepsOutput && outputNames.contains(name)
      let isNewHead = !plainNames.contains(name) && values[name]?.shape != value.shape
      if isNewOutput || isNewHead { values[name] = value }
    }
    try ImageWeights(path: weights.path, values: values).load(into: network, options.architecture)
    return network
  }

  /// What a checkpoint must agree with: the options, the images by their names and labels, the weights to start from.
  var fingerprint: String {
    struct Settings: Encodable {
      let options: ImageTrainingOptions
      let labels: [String]
      let preparation: ImagePreparation
      let images: UInt64
      let start: UInt64
    }
    var images = NumberMixer()
    for set in [learning, judging] {
      let classes = set.labels
      for index in 0..<set.count {
        images.add(set.name(at: index))
        images.add(UInt64(bitPattern: Int64(classes[index])))
      }
    }
    var values = NumberMixer()
    let own: [String: Tensor] =
      switch start {
      case .model(let model): model.network.stateDictionary
      case .weights(let weights): weights.values
      case nil: [:]
      }
    for (name, value) in own.sorted(by: { $0.key < $1.key }) {
      values.add(name)
      value.withUnsafeElements { for number in $0 { values.add(UInt64(number.bitPattern)) } }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let settings = Settings(
      options: options, labels: labels, preparation: preparation, images: images.result, start: values.result)
    return ((try? encoder.encode(settings)).map { String(decoding: $0, as: UTF8.self) }) ?? ""
  }
}

/// A number for many, which differs where one of them does.
private struct NumberMixer {
  private(set) var result: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ number: UInt64) {
    result = (result ^ number) &* 0x9E37_79B9_7F4A_7C15
    result ^= result >> 29
  }

  mutating func add(_ text: String) { for byte in text.utf8 { add(UInt64(byte)) } }
}
