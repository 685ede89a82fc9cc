public import Tensors

/// Convolution of images [B, H, W, C] (`torch.nn.Conv2d` with the channels last).
public final class Conv2d: Module {
  /// [F, C / groups, kernel height, kernel width]
  public let weight: Parameter
  /// [F]
  public let bias: Parameter?
  /// Pixels between two windows.
  public let stride: Size2D
  /// Zeros around an image.
  public let padding: Padding2D
  /// Pixels between two elements of a window.
  public let dilation: Size2D
  /// Groups that the channels are cut into.
  public let groups: Int
  private let kept = PackedWeights<PreparedConvolution>()
  private let keptBytes = PackedWeights<QuantizedConvolution>()

  /// F = `outputChannels` filters over C = `inputChannels` channels; the bias starts from zero.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Size2D, stride: Size2D = 1, padding: Padding2D = 0,
    dilation: Size2D = 1, groups: Int = 1, hasBias: Bool = true, initializer: Initializer = .xavierUniform,
    random: RandomStream?
  ) {
    weight = Parameter(
      initializer(
        [outputChannels, inputChannels / groups, kernelSize.height, kernelSize.width], random: random?.split("weight")))
    bias = hasBias ? Parameter(Tensor(zeros: [outputChannels])) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// [B, H', W', F] for [B, H, W, C].
  ///
  /// - Parameters:
  ///   - norm: the batch normalisation that follows, if one does. Where no tape records it is folded into the filters,
  ///     which are packed once and kept as long as the weights stay as they are.
  ///   - addend: added to the result: the other branch of a residual block.
  ///   - clipsNegative: whether ReLU follows.
  public func callAsFunction(
    _ input: Tensor, normalizedBy norm: BatchNorm2d? = nil, adding addend: Tensor? = nil, clipsNegative: Bool = false
  ) -> Tensor {
    guard GradientTape.isRecording || OperationTrace.isRecording else {
      if let bytes = weight.bytes, let range = bytes.inputRange {
        return quantized(bytes, range, norm)(input, adding: addend, clipsNegative: clipsNegative)
      }
      return prepared(norm)(input, adding: addend, clipsNegative: clipsNegative)
    }
    // What is packed holds the weights, which the optimiser could then not change in place.
    if GradientTape.isTraining {
      kept.clear()
      keptBytes.clear()
    }
    let clipsHere = clipsNegative && norm == nil && addend == nil
    let output = input.conv2d(
      weight: weight.tensor, bias: bias?.tensor, stride: stride, padding: padding, dilation: dilation, groups: groups,
      clipsNegative: clipsHere)
    if let norm { return norm(output, adding: addend, clipsNegative: clipsNegative) }
    guard let addend else { return output }
    return clipsNegative ? (output + addend).relu() : output + addend
  }

  private func prepared(_ norm: BatchNorm2d?) -> PreparedConvolution {
    let (parameters, buffers) = origins(norm)
    return kept.value(for: parameters, buffers) {
      let (scale, bias) = folded(norm)
      return PreparedConvolution(
        weight: weight.value, bias: bias, scale: scale, stride: stride, padding: padding, dilation: dilation,
        groups: groups)
    }
  }

  /// The same by filters in bytes, where it was measured what images hold.
  private func quantized(
    _ bytes: QuantizedTensor, _ range: ClosedRange<Float>, _ norm: BatchNorm2d?
  ) -> QuantizedConvolution {
    let (parameters, buffers) = origins(norm)
    return keptBytes.value(for: parameters, buffers) {
      let (scale, bias) = folded(norm)
      return QuantizedConvolution(
        weight: weight.loadedBytes ?? bytes, inputRange: weight.loadedBytes?.inputRange ?? range, bias: bias,
        scale: scale, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
  }

  /// What a prepared convolution is made of.
  private func origins(_ norm: BatchNorm2d?) -> (parameters: [Parameter], buffers: [Buffer]) {
    (
      [weight, bias, norm?.weight, norm?.bias].compactMap { $0 },
      norm.map { [$0.runningMean, $0.runningVariance] } ?? []
    )
  }

  /// What the filters' sums are multiplied by and what is added then, with a batch normalisation or without.
  private func folded(_ norm: BatchNorm2d?) -> (scale: Tensor?, bias: Tensor?) {
    guard let norm else { return (nil, bias?.value) }
    let scale = PreparedConvolution.foldedScale(
      variance: norm.runningVariance.value, weight: norm.weight?.value, epsilon: norm.epsilon)
    let mean = bias.map { norm.runningMean.value - $0.value } ?? norm.runningMean.value
    return (scale, norm.bias.map { $0.value - mean * scale } ?? mean * scale * -1)
  }

  /// Sizes, in PyTorch's words where they are not the usual ones.
  public var summary: String {
    func size(_ size: Size2D) -> String {
      size.height == size.width ? "\(size.height)" : "\(size.height)×\(size.width)"
    }
    var parts = ["input \(weight.shape[1] * groups)", "filters \(weight.shape[0])"]
    parts.append("kernel \(weight.shape[2])×\(weight.shape[3])")
    if stride != 1 { parts.append("stride \(size(stride))") }
    if padding != 0 {
      let isEven = padding.top == padding.bottom && padding.left == padding.right
      parts.append(
        isEven
          ? "padding \(size(Size2D(height: padding.top, width: padding.left)))"
          : "padding \(padding.top),\(padding.bottom),\(padding.left),\(padding.right)")
    }
    if dilation != 1 { parts.append("dilation \(size(dilation))") }
    if groups > 1 { parts.append("groups \(groups)") }
    if bias == nil { parts.append("no bias") }
    return parts.joined(separator: ", ")
  }
}
