public import Tensors

/// The largest number of each channel under each window of images [B, H, W, C] (`torch.nn.MaxPool2d`).
public final class MaxPool2d: Module {
  private let kernelSize: Size2D
  private let stride: Size2D
  private let padding: Size2D
  private let ceilMode: Bool

  /// Windows every `stride` pixels, their size unless given; see ``Tensors/Tensor/maxPool2d(kernelSize:stride:padding:dilation:ceilMode:)``.
  public init(kernelSize: Size2D, stride: Size2D? = nil, padding: Size2D = 0, ceilMode: Bool = false) {
    (self.kernelSize, self.stride) = (kernelSize, stride ?? kernelSize)
    (self.padding, self.ceilMode) = (padding, ceilMode)
  }

  /// [B, H', W', C] for [B, H, W, C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.maxPool2d(kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode)
  }

  /// Sizes.
  public var summary: String { poolingSummary(kernelSize, stride, padding, ceilMode) }
}

/// The mean of each channel under each window of images [B, H, W, C] (`torch.nn.AvgPool2d`).
public final class AvgPool2d: Module {
  private let kernelSize: Size2D
  private let stride: Size2D
  private let padding: Size2D
  private let ceilMode: Bool
  private let countsPadding: Bool

  /// Windows every `stride` pixels, their size unless given; see
  /// ``Tensors/Tensor/avgPool2d(kernelSize:stride:padding:ceilMode:countsPadding:)``.
  public init(
    kernelSize: Size2D, stride: Size2D? = nil, padding: Size2D = 0, ceilMode: Bool = false, countsPadding: Bool = true
  ) {
    (self.kernelSize, self.stride) = (kernelSize, stride ?? kernelSize)
    (self.padding, self.ceilMode, self.countsPadding) = (padding, ceilMode, countsPadding)
  }

  /// [B, H', W', C] for [B, H, W, C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.avgPool2d(
      kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countsPadding: countsPadding)
  }

  /// Sizes.
  public var summary: String { poolingSummary(kernelSize, stride, padding, ceilMode) }
}

/// Means of windows that divide images [B, H, W, C] into a size that is given (`torch.nn.AdaptiveAvgPool2d`).
public final class AdaptiveAvgPool2d: Module {
  private let outputSize: Size2D

  /// Windows for a result of `outputSize`; 1 is the mean of whole images.
  public init(outputSize: Size2D) { self.outputSize = outputSize }

  /// [B, output height, output width, C] for [B, H, W, C].
  public func callAsFunction(_ input: Tensor) -> Tensor { input.adaptiveAvgPool2d(outputSize: outputSize) }

  /// The size.
  public var summary: String { "output \(outputSize.height)×\(outputSize.width)" }
}

/// Normalisation by neighbouring channels (`torch.nn.LocalResponseNorm`); see
/// ``Tensors/Tensor/localResponseNorm(size:alpha:beta:k:)``.
public final class LocalResponseNorm: Module {
  private let size: Int
  private let (alpha, beta, k): (Float, Float, Float)

  /// A layer over `size` channels.
  public init(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, k: Float = 1) {
    self.size = size
    (self.alpha, self.beta, self.k) = (alpha, beta, k)
  }

  /// The same shape, [..., C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    input.localResponseNorm(size: size, alpha: alpha, beta: beta, k: k)
  }

  /// The settings.
  public var summary: String { "size \(size), alpha \(alpha), beta \(beta), k \(k)" }
}

private func poolingSummary(_ kernelSize: Size2D, _ stride: Size2D, _ padding: Size2D, _ ceilMode: Bool) -> String {
  func text(_ size: Size2D) -> String { "\(size.height)×\(size.width)" }
  var parts = ["kernel \(text(kernelSize))", "stride \(text(stride))"]
  if padding != 0 { parts.append("padding \(text(padding))") }
  if ceilMode { parts.append("rounded up") }
  return parts.joined(separator: ", ")
}
