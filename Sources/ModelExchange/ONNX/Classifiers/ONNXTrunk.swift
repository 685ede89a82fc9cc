public import ImageData
public import ImageModels
public import Tensors

/// The part of an ONNX model of images up to one of its values, as features for a new head.
///
///     let trunk = try ONNXTrunk(contentsOf: "resnet50.onnx")
///     let head = try HeadTraining(HeadTrainingOptions(), trunk: trunk).run(training: images).head
///     try trunk.document(with: head).write(to: "flowers.onnx")
///
/// The model with its new head is an ONNX file of its own: what is in front of the value, and a layer behind it. That file
/// needs nothing of this library, and says labels and preparation as ``ONNXDocument`` has them.
public struct ONNXTrunk: ImageTrunk {
  /// The value whose elements are the features; of images [batch, channels, height, width] their means over the pixels.
  public let valueName: String
  /// The same for people: cut, and without what a terminal would obey.
  public var shownName: String { shown(valueName) }
  /// The node that reads the value in the model, where it was looked for.
  public let reader: String?
  /// What happens to an image before.
  public let preparation: ImagePreparation
  /// F
  public let featureCount: Int

  /// The trunk, with features [batch, F] as its output.
  private let message: ONNXModel
  private let model: ONNXRuntimeModel
  private let input: ONNXImageInput
  private let path: String

  private var output: String { message.graph.output[0].name }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - value: the value to end with; without, the operand of the last Gemm, MatMul or Conv before the first output.
  ///   - options: what the file does not say of images.
  /// - Throws: ``ExchangeError``.
  public init(
    contentsOf path: String, value: String? = nil, options: ONNXClassifier.Options = ONNXClassifier.Options()
  ) throws(ExchangeError) {
    let whole = try ONNXModel(contentsOf: path)
    let folder = ONNXModel.folder(of: path)
    let metadata = ONNXMetadata(whole.metadata, path: path)
    (valueName, reader) = try Self.find(value, in: whole.graph, path: path)
    var message = whole
    message.graph = whole.graph.cut(at: valueName)
    var external = ExternalData(folder: folder)
    try message.graph.embed(&external, path: path)
    let cut = try ONNXRuntimeModel(message, path: path, folder: nil)
    input = try ONNXImageInput(cut.inputs, metadata, options, path: path)
    preparation = try input.preparation(metadata, options, path: path)
    let zeros = Tensor(zeros: [1, input.height, input.width, input.channels])
    let shape = try input.run(cut, zeros, output: valueName, path: path).shape
    guard shape.count == 2 || shape.count == 4, shape[1] > 0 else {
      throw .unsuitable(
        path: path,
        reason: "\(shown(valueName)) has the shape \(shape) for an image, where [1, features] or [1, channels, height, "
          + "width] is wanted; name another value with --features")
    }
    featureCount = shape[1]
    // Weights may be among the inputs of old files.
    let images = input.name
    let batch = message.graph.input.first { $0.name == images }?.type.tensorType.shape.dim.first
    let first: ONNXExtent = batch.map { $0.dimValue > 0 ? .fixed(Int($0.dimValue)) : .open("batch") } ?? .open("batch")
    var features = valueName
    // Other programs keep to types: the head is of float32.
    let isHalf = message.graph.initializer.contains {
      [.float16, .bfloat16].contains(ONNXElementType(rawValue: $0.dataType))
    }
    if isHalf {
      message.graph.append(
        "Cast", [valueName], named: "feature_numbers", [.int("to", Int(ONNXElementType.float32.rawValue))],
        shape: [first, .fixed(featureCount)])
      features = message.graph.output[0].name
    }
    if shape.count == 4 {
      let extents: [ONNXExtent] = [first, .fixed(featureCount), 1, 1]
      message.graph.append("GlobalAveragePool", [features], named: "feature_means", shape: extents)
      message.graph.append(
        "Flatten", [message.graph.output[0].name], named: "features", [.int("axis", 1)],
        shape: [first, .fixed(featureCount)])
    } else if !isHalf {
      message.graph.output = [ONNXValueInfo(valueName, .float32, [first, .fixed(featureCount)])]
    }
    (self.message, self.path) = (message, path)
    model = shape.count == 4 || isHalf ? try ONNXRuntimeModel(message, path: path, folder: nil) : cut
  }

  /// The value that is asked for, or that the classifier reads.
  private static func find(
    _ value: String?, in graph: ONNXGraph, path: String
  ) throws(ExchangeError) -> (value: String, reader: String?) {
    if let value {
      guard graph.dynamicValues().contains(value), !graph.input.contains(where: { $0.name == value }) else {
        let names = graph.node.reversed().flatMap(\.output).filter { !$0.isEmpty }
        throw .unsuitable(
          path: path,
          reason: "nothing that it computes of images is called \"\(shown(value))\"; from its end there are "
            + names.prefix(8).map(shown).joined(separator: ", ") + (names.count > 8 ? ", …" : ""))
      }
      return (value, nil)
    }
    let output = (graph.output.first { $0.name == "logits" } ?? graph.output.first)?.name ?? ""
    guard let (value, node) = graph.classifierInput(behind: output) else {
      throw .unsuitable(
        path: path, reason: "no Gemm, MatMul or Conv makes its output; name the value to learn from with --features")
    }
    guard !graph.input.contains(where: { $0.name == value }) else {
      throw .unsuitable(
        path: path, reason: "its only layer reads the images; name the value to learn from with --features")
    }
    return (value, "\(shown(node.name.isEmpty ? node.output.first ?? "" : node.name)) (\(node.opType))")
  }

  /// Features [B, F] of prepared images [B, H, W, channels].
  ///
  /// - Throws: ``ExchangeError``.
  public func features(of images: Tensor) throws(ExchangeError) -> Tensor {
    let features = try input.run(model, images, output: output, path: path)
    guard features.shape == [images.shape[0], featureCount] else {
      throw .unsuitable(path: path, reason: "\(shown(valueName)) has the shape \(features.shape) for such images")
    }
    return features
  }

  /// The model with a head in place of what was behind the value.
  public func document(with head: ImageHead) -> ONNXDocument {
    var message = message
    let features = output
    let batch = message.graph.output[0].type.tensorType.shape.dim[0]
    let weight = message.graph.append(head.weight, named: "head.weight")
    let bias = message.graph.append(head.bias, named: "head.bias")
    message.graph.append(
      "Gemm", [features, weight, bias], named: "logits", [.int("transB", 1)],
      shape: [batch.dimValue > 0 ? .fixed(Int(batch.dimValue)) : .open("batch"), .fixed(head.labels.count)])
    let own = ModelMetadata(labels: head.labels, preparation: preparation, trunkValue: valueName)
    message.metadataProps = message.metadataProps.filter { !$0.key.hasPrefix("nlptool.") } + own.properties
    (message.producerName, message.producerVersion) = ("nlptool", "")
    return ONNXDocument(message)
  }
}
