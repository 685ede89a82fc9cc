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

  /// The network's name.
  public var architecture: ImageArchitecture { description.architecture }
  /// Names of the classes, in the order of the outputs.
  public var labels: [String] { description.labels }
  /// What happens to an image before the network sees it.
  public var preparation: ImagePreparation { description.preparation }

  /// Logits [B, classes] of prepared images [B, H, W, channels].
  public func logits(_ images: Tensor) -> Tensor { network(images) }

  /// What the model says of one image.
  public func predict(_ image: Image) throws(ImageModelError) -> ImagePrediction {
    let numbers = try ImageModelError.converting { () throws(ImageError) in try preparation.numbers(of: image) }
    let logits = network(numbers.reshaped([1] + numbers.shape))
    return ImagePrediction(labels: labels, logits: logits.scalars, probabilities: logits.softmax().scalars)
  }
}
