import BagModels
import Foundation
import ImageModels
import ModelFiles
import SwiftProtobuf
import TextModels

/// A model as a package for Core ML (https://apple.github.io/coremltools/mlmodel): an ML Program of Float32, specification
/// version 7, for iOS 16, macOS 13 and what came with them, and later.
///
/// The input of texts is `ids` int32 [1, time], exactly the tokens of one text; that of images is `image` float [1, channels,
/// height, width]. Language models also take and give the states of each layer. The output is `logits` float [1, K], and
/// where exactly one label is right, `classLabel` and the probabilities of all in `classLabel_probs`. What a program needs
/// beside the numbers stands in the user-defined metadata: labels, tokenizer, preparation of images. The same model gives
/// the same bytes.
///
/// An ML Program and not a neural network of the older kind: there recurrent layers clip what goes into their gates at ±50,
/// have another GRU than PyTorch, and weights stand in the model file itself, which is read as a whole.
public struct CoreMLDocument: Sendable {
  /// Of the specification.
  public static let specificationVersion = 7
  /// Tokens that a text may have where the model itself knows no end; Core ML wants one.
  public static let longestText = 1 << 14

  let model: CoreMLModel
  let weights: MILWeights

  /// Writes down a model's program; the weights are shared with the model. Those that came in bytes are Float32 from here
  /// on, in the model too.
  ///
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)``.
  public init(_ stored: StoredModel) throws(ExchangeError) {
    try stored.checkPaths(format: MILBuilder.format)
    stored.computeInFloats(keepingMeasured: false)
    let labels = stored.exclusiveLabels
    let (program, timeLimit) = try MILBuilder.program(of: stored, labels: labels)
    var model = CoreMLModel()
    model.specificationVersion = Int32(Self.specificationVersion)
    model.description_p = CoreMLModelDescription(program, timeLimit: timeLimit, isClassifier: labels != nil)
    model.description_p.metadata = .with {
      $0.shortDescription = "Made by nlptool. What goes in and how to prepare it: nlptool.preprocessing"
      $0.userDefined = Dictionary(
        ModelMetadata(stored, batches: .single).entries.map { ("nlptool.\($0.key)", $0.value.plain) },
        uniquingKeysWith: { $1 })
    }
    model.mlProgram.version = 1
    model.mlProgram.functions = ["main": program.function]
    self.model = model
    weights = program.weights
  }

  /// The model file, without the weights.
  ///
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)`` beyond 2 GB, which labels and operations never have.
  public func modelBytes() throws(ExchangeError) -> [UInt8] {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    do {
      return try model.serializedBytes(options: options)
    } catch {
      throw .inexpressible(format: MILBuilder.format, reason: "its program has more than 2 GB")
    }
  }
}

extension StoredModel {
  /// The labels where exactly one of them is right.
  fileprivate var exclusiveLabels: [String]? {
    switch self {
    case .text(let model): model.description.task == .singleLabel ? model.description.labels : nil
    case .bag(let classifier): classifier.options.loss.isExclusive ? classifier.labels : nil
    case .image(let model): model.labels
    case .language: nil
    }
  }
}

extension MILBuilder {
  fileprivate static let (label, probabilities) = ("classLabel", "classLabel_probs")

  /// The program of a model, and how many tokens a text may have.
  fileprivate static func program(
    of stored: StoredModel, labels: [String]?
  ) throws(ExchangeError) -> (MILBuilder, timeLimit: Int) {
    var builder = MILBuilder()
    var timeLimit = CoreMLDocument.longestText
    let logits: MILValue
    switch stored {
    case .text(let model):
      timeLimit = model.encoder.maximumLength
      logits = try builder.logits(of: model.network, ids: builder.ids())
    case .bag(let classifier): logits = builder.logits(of: classifier, ids: builder.ids())
    case .language(let model): logits = builder.languageModel(model.network)
    case .image(let model):
      let (channels, size) = (model.preparation.channels, model.architecture.imageSize)
      let image = builder.input("image", .floats([1, channels, size.height, size.width]))
      logits = try builder.logits(of: model.network, channels: channels, size: size, image: image).value
    }
    if let labels {
      builder.classify(builder.softmax(logits, axis: 1), labels, label: label, all: probabilities)
    }
    builder.output("logits", of: logits)
    return (builder, timeLimit)
  }

  private mutating func ids() -> MILValue { input("ids", MILType(.int32, [1, nil])) }

  /// The logits [1, time, V] of the words that follow; the states of each layer, [1, H], come in, and those behind the last
  /// word go out.
  private mutating func languageModel(_ network: LanguageModelNetwork) -> MILValue {
    let recurrent = network.recurrent
    let words = gather(NamedTensor("embedding.weight", network.embedding.weight.value), ids())
    let states = MILType.floats([1, recurrent.outputSize])
    var initial: [(hidden: MILValue, cell: MILValue?)] = []
    for layer in 0..<recurrent.layerCount {
      let hidden = input("hidden_\(layer)", states)
      initial.append((hidden, recurrent.kind == .lstm ? input("cell_\(layer)", states) : nil))
    }
    let result = self.recurrent(recurrent, named: "recurrent.", sequence(words), initial: initial)
    for (layer, hidden) in result.hidden.enumerated() { output("next_hidden_\(layer)", of: hidden) }
    for (layer, cell) in result.cells.enumerated() { output("next_cell_\(layer)", of: cell) }
    return linear(
      result.outputs.values, weight: network.outputMatrix,
      bias: NamedTensor("output.bias", network.output.bias.value))
  }
}

extension CoreMLModelDescription {
  /// - Parameter timeLimit: the end of an open extent.
  fileprivate init(_ program: MILBuilder, timeLimit: Int, isClassifier: Bool) {
    self.init()
    input = program.inputs.map { input in
      CoreMLFeatureDescription(input.name, .with { $0.multiArrayType = .init(input: input.type, timeLimit: timeLimit) })
    }
    output = program.outputs.map { output in
      switch output.kind {
      case .tensor(let type):
        CoreMLFeatureDescription(output.name, .with { $0.multiArrayType = .init(output: type) })
      case .label: CoreMLFeatureDescription(output.name, .with { $0.stringType = .init() })
      case .probabilities:
        CoreMLFeatureDescription(output.name, .with { $0.dictionaryType.stringKeyType = .init() })
      }
    }
    guard isClassifier else { return }
    (predictedFeatureName, predictedProbabilitiesName) = (MILBuilder.label, MILBuilder.probabilities)
  }
}

extension CoreMLFeatureDescription {
  private static let texts = [
    "ids": "The ids of the tokens of one text.",
    "image": "One image: channels, then rows, then columns.",
    "logits": "A score for each label, or for each word that may follow.",
    MILBuilder.label: "The likeliest label.",
    MILBuilder.probabilities: "The probabilities of all labels.",
  ]

  fileprivate init(_ name: String, _ type: CoreMLFeatureType) {
    self.init()
    self.name = name
    self.type = type
    shortDescription = Self.texts[name] ?? "The state of a layer: zeros before the first word."
  }
}

extension CoreMLArrayFeature {
  private init(_ type: MILType) {
    self.init()
    dataType = type.element == .int32 ? .int32 : .float32
  }

  /// Core ML itself finds the extents of an output where one is open.
  fileprivate init(output type: MILType) {
    self.init(type)
    if !type.shape.contains(nil) { shape = type.shape.compactMap { $0.map(Int64.init) } }
  }

  /// - Parameter timeLimit: the end of an open extent.
  fileprivate init(input type: MILType, timeLimit: Int) {
    self.init(type)
    shape = type.shape.map { Int64($0 ?? 1) }
    guard type.shape.contains(nil) else { return }
    shapeRange.sizeRanges = type.shape.map { extent in
      .with { ($0.lowerBound, $0.upperBound) = (UInt64(extent ?? 1), Int64(extent ?? timeLimit)) }
    }
  }
}
