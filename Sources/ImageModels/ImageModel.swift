public import ImageData
import NeuralNetworks
public import Tensors

/// A trained model that gives each image one class: how images are prepared, the network, and what is stored beside the
/// weights.
///
/// May be used from many threads at the same time.
public struct ImageModel: ImageClassifier {
  /// Images to logits.
  public let network: any ImageNetwork
  /// What is stored beside the weights.
  public internal(set) var description: ImageModelDescription

  init(network: any ImageNetwork, description: ImageModelDescription) {
    (self.network, self.description) = (network, description)
  }

  /// The model with fewer outputs of some layers.
  ///
  /// - Parameters:
  ///   - widths: of all layers that have fewer than the architecture.
  ///   - values: parameters and statistics of the smaller network, by name.
  /// - Throws: ``ImageModelError/invalidOptions(reason:)`` for widths that the architecture cannot have,
  ///   ``ImageModelError/otherArchitecture(path:architecture:reason:)`` for values that do not fit.
  package func narrowed(to widths: LayerWidths, values: [String: Tensor]) throws(ImageModelError) -> ImageModel {
    let description = description.narrowed(to: widths)
    if let fault = description.fault { throw .invalidOptions(reason: fault) }
    let network = description.makeNetwork()
    try ImageWeights(path: "the network", values: values).load(into: network, architecture)
    return ImageModel(network: network, description: description)
  }

  /// The model with other names for the same classes, each once.
  public func naming(classes names: [String]) -> ImageModel {
    precondition(
      names.count == labels.count && Set(names).count == names.count, "ImageModel: \(names.count) names for its classes"
    )
    var description = description
    description.labels = names
    return ImageModel(network: network, description: description)
  }

  /// The network's name.
  public var architecture: ImageArchitecture { description.architecture }
  /// Names of the classes, in the order of the outputs.
  public var labels: [String] { description.labels }
  /// What happens to an image before the network sees it.
  public var preparation: ImagePreparation { description.preparation }

  /// Logits [B, classes] of prepared images [B, H, W, channels].
  public func logits(_ images: Tensor) -> Tensor { network(images) }

  /// An image as the network takes it, [1, H, W, channels].
  public func preparedImage(_ image: Image) throws(ImageModelError) -> Tensor {
    let numbers = try ImageModelError.converting { () throws(ImageError) in try preparation.numbers(of: image) }
    return numbers.reshaped([1] + numbers.shape)
  }

  /// What the model says of one image.
  public func predict(_ image: Image) throws(ImageModelError) -> ImagePrediction {
    let logits = network(try preparedImage(image))
    return ImagePrediction(labels: labels, logits: logits.scalars, probabilities: logits.softmax().scalars)
  }
}
