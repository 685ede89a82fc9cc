public import NeuralNetworks
public import Tensors

/// A network that classifies images [B, H, W, channels], which were scaled and normalised before. Weights have PyTorch's
/// names: those of torchvision where it has the network.
public protocol ImageNetwork: Module {
  /// What the head sees of images: the part of a network that transfers to other classes.
  func features(of images: Tensor) -> Tensor

  /// Logits [B, classes] of features.
  func classify(_ features: Tensor) -> Tensor

  /// The beginnings of the names of what makes logits of features.
  static var headNames: [String] { get }

  /// The head's last layer, whose outputs are the classes.
  var outputLayer: any Module { get }

  /// Logits of images, and those of auxiliary heads, which share in the loss of a training.
  func logits(of images: Tensor) -> ImageLogits
}

/// What a network says of images.
public struct ImageLogits: Sendable {
  /// [B, classes]
  public let main: Tensor
  /// [B, classes] of each auxiliary head, and its share in the loss.
  public var auxiliary: [(share: Float, logits: Tensor)] = []
}

/// A network of which layers can lose outputs.
package protocol NarrowableNetwork: ImageNetwork {
  /// The layers of which outputs can go, from the images on.
  var narrowableLayers: [NarrowableLayer] { get }
}

extension ImageNetwork {
  /// Logits [B, classes] of images [B, H, W, channels].
  public func callAsFunction(_ images: Tensor) -> Tensor { classify(features(of: images)) }

  /// Without auxiliary heads.
  public func logits(of images: Tensor) -> ImageLogits { ImageLogits(main: self(images)) }

  /// Whether a parameter or buffer of this name belongs to the head.
  public static func isOfHead(_ name: String) -> Bool {
    headNames.contains { name == $0 || name.hasPrefix($0 + ".") }
  }
}

extension Tensor {
  /// Images [B, H, W, C] as rows [B, C · H · W], in the order in which PyTorch flattens them.
  func flattenedImages() -> Tensor {
    channelsFirst().reshaped([shape[0], shape.dropFirst().reduce(1, *)])
  }

  /// The mean of each channel, [B, C] of [B, H, W, C].
  func meanOfPixels() -> Tensor { adaptiveAvgPool2d(outputSize: 1).reshaped([shape[0], shape[3]]) }
}

extension Initializer {
  /// What PyTorch's layers begin with.
  static let torchDefault = Initializer.heUniform(nonlinearity: .leakyReLU(slope: Float(5).squareRoot()))
}

extension Tensor {
  /// Every second pixel of images, with zeros for new channels before and behind those that are there.
  func everySecondPixel(channels: Int) -> Tensor {
    let new = channels - shape[3]
    return avgPool2d(kernelSize: 1, stride: 2).paddedChannels(before: new / 2, after: new - new / 2)
  }
}
