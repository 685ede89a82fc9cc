import Foundation
public import ImageData
public import ImageModels
public import Tensors

/// A classifier of images in an ONNX file, exported by this library or by any other program.
///
///     guard case .image(let classifier) = try ONNXClassifier(contentsOf: "resnet50.onnx") else { return }
///     let (evaluation, _) = try classifier.evaluate(ImageCollection.open("photos").training)
///
/// Labels and preparation are those of the metadata that ``ONNXDocument`` writes. Where there are none, labels are numbers
/// and images are prepared as torchvision's networks want them, unless ``ONNXClassifier/Options`` say otherwise. Scores
/// are the output `logits`, or else the first one; behind a softmax their logarithms. May be used from many threads at the
/// same time.
public struct ONNXImageClassifier: ImageClassifier {
  /// Names of the classes, in the order of the outputs.
  public let labels: [String]
  /// What happens to an image before the model gets it.
  public let preparation: ImagePreparation

  private let model: ONNXRuntimeModel
  private let input: ONNXImageInput
  private let output: String
  /// Whether the output is probabilities.
  private let isSoftmax: Bool
  private let path: String

  init(
    _ message: ONNXModel, _ model: ONNXRuntimeModel, _ metadata: ONNXMetadata, _ input: ONNXImageInput,
    _ options: ONNXClassifier.Options, path: String
  ) throws(ExchangeError) {
    (self.model, self.input, self.path) = (model, input, path)
    output = model.scoreOutput
    isSoftmax = message.graph.isSoftmax(output)
    preparation = try input.preparation(metadata, options, path: path)
    // One image of nothing tells how many classes there are, whatever the file says.
    let zeros = Tensor(zeros: [1, input.height, input.width, input.channels])
    let scores = try input.run(model, zeros, output: output, path: path)
    // A score for each class, perhaps with extents of 1 around them; more are a map of scores, or boxes.
    guard scores.shape.filter({ $0 > 1 }).count <= 1 else {
      throw .unsuitable(
        path: path,
        reason: "its output \(shown(output)) has the shape \(scores.shape) for one image, not a number for each class; "
          + "run it with nlptool run")
    }
    let stored = try metadata.decoded([String].self, "labels")
    labels = options.labels ?? stored ?? (0..<scores.count).map(String.init)
    guard scores.count > 0, labels.count == scores.count else {
      throw .unsuitable(
        path: path,
        reason: "\(labels.count) labels for the \(scores.count) numbers of its output \(shown(output)); "
          + "give a name for each with --labels")
    }
    var seen: Set<String> = []
    if let twice = labels.first(where: { !seen.insert($0).inserted }) {
      throw .unsuitable(path: path, reason: "two classes are called \"\(shown(twice))\"; give names with --labels")
    }
  }

  /// Logits [B, classes] of prepared images [B, H, W, channels].
  ///
  /// - Throws: ``ExchangeError``.
  public func logits(_ images: Tensor) throws(ExchangeError) -> Tensor {
    let scores = try input.run(model, images, output: output, path: path)
    guard scores.count == images.shape[0] * labels.count else {
      throw .unsuitable(path: path, reason: "its output \(shown(output)) has the shape \(scores.shape)")
    }
    let rows = scores.reshaped([images.shape[0], labels.count])
    guard isSoftmax else { return rows }
    return Tensor(rows.scalars.map { log(max($0, .leastNormalMagnitude)) }, shape: rows.shape)
  }
}

extension ONNXRuntimeModel {
  /// The output that scores are looked for in.
  fileprivate var scoreOutput: String {
    (outputs.first { $0.name == "logits" } ?? outputs.first)?.name ?? ""
  }
}

extension ONNXImageInput {
  /// What happens to an image: what is asked for, or the metadata say, or is usual.
  func preparation(
    _ metadata: ONNXMetadata, _ options: ONNXClassifier.Options, path: String
  ) throws(ExchangeError) -> ImagePreparation {
    let stored = try metadata.decoded(ImagePreparation.self, "preparation")
    do throws(ImageError) {
      guard let stored else { return try usualPreparation(options.normalization) }
      let preparation = try ImagePreparation(
        channels: stored.channels, steps: stored.steps, normalization: options.normalization ?? stored.normalization)
      guard preparation.channels == channels, !preparation.isRandom, let size = preparation.fixedSize,
        size == (width, height)
      else {
        throw .invalidTransform(reason: "the preparation in the metadata does not make images of \(width) × \(height)")
      }
      return preparation
    } catch {
      throw .unsuitable(path: path, reason: error.description)
    }
  }
}

extension ONNXGraph {
  /// Whether a value is made by Softmax.
  fileprivate func isSoftmax(_ name: String) -> Bool {
    var name = name
    for node in node.reversed() where node.output.contains(name) {
      guard node.opType == "Identity", let input = node.input.first else { return node.opType == "Softmax" }
      name = input
    }
    return false
  }
}
