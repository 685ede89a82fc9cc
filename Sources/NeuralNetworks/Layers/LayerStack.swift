public import Tensors

/// A module that makes one tensor of one. An array of them is a stack: each has what the one before it gives.
public protocol Layer: Module {
  /// The layer's result.
  func forward(_ input: Tensor) -> Tensor
}

extension Conv2d: Layer {
  /// [B, H', W', F] for [B, H, W, C].
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension BatchNorm2d: Layer {
  /// The same shape.
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension MaxPool2d: Layer {
  /// [B, H', W', C] for [B, H, W, C].
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension AvgPool2d: Layer {
  /// [B, H', W', C] for [B, H, W, C].
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension AdaptiveAvgPool2d: Layer {
  /// [B, H', W', C] for [B, H, W, C].
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension LocalResponseNorm: Layer {
  /// The same shape.
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension Linear: Layer {
  /// [..., O] for [..., I].
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension Dropout: Layer {
  /// The same shape.
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

extension Dropout2d: Layer {
  /// The same shape.
  public func forward(_ input: Tensor) -> Tensor { self(input) }
}

/// max(x, 0) (`torch.nn.ReLU`).
public final class ReLU: Layer {
  /// A layer.
  public init() {}

  /// The same shape.
  public func forward(_ input: Tensor) -> Tensor { input.relu() }
}

extension [any Layer] {
  /// The result of the last layer. A convolution is computed together with the batch normalisation and the ReLU behind
  /// it, where they follow each other.
  public func forward(_ input: Tensor) -> Tensor {
    var x = input
    var index = startIndex
    while index < endIndex {
      let layer = self[index]
      index += 1
      guard let convolution = layer as? Conv2d else {
        x = layer.forward(x)
        continue
      }
      let norm = index < endIndex ? self[index] as? BatchNorm2d : nil
      if norm != nil { index += 1 }
      let clips = index < endIndex && self[index] is ReLU
      if clips { index += 1 }
      x = convolution(x, normalizedBy: norm, clipsNegative: clips)
    }
    return x
  }
}
