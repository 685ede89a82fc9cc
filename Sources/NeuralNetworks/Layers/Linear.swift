public import Tensors

/// y = x·Wᵀ + b (`torch.nn.Linear`).
public final class Linear: Module {
  /// [O, I]
  public let weight: Parameter
  /// [O]
  public let bias: Parameter?
  private let kept = PackedWeights<PreparedLinear>()
  private let keptBytes = PackedWeights<QuantizedLinear>()

  /// A layer from I to O features. Weights start from `initializer`, the bias from zero.
  public init(
    inputSize: Int, outputSize: Int, hasBias: Bool = true, initializer: Initializer = .xavierUniform,
    random: RandomStream?
  ) {
    weight = Parameter(initializer([outputSize, inputSize], random: random?.split("weight")))
    bias = hasBias ? Parameter(Tensor(zeros: [outputSize])) : nil
  }

  /// [..., O] for [..., I].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    let parameters = [weight] + (bias.map { [$0] } ?? [])
    if let bytes = weight.bytes {
      return keptBytes.value(for: parameters) {
        QuantizedLinear(weight: weight.loadedBytes ?? bytes, bias: bias?.value)
      }(input)
    }
    // What is packed holds memory that training can use.
    if GradientTape.isTraining {
      kept.clear()
      keptBytes.clear()
    }
    guard !GradientTape.isRecording, !OperationTrace.isRecording, PreparedLinear.suits(weight.shape) else {
      return input.linear(weight: weight.tensor, bias: bias?.tensor)
    }
    return kept.value(for: parameters) { PreparedLinear(weight: weight.value, bias: bias?.value) }(input)
  }

  /// Sizes.
  public var summary: String { "input \(weight.shape[1]), output \(weight.shape[0])\(bias == nil ? ", no bias" : "")" }
}
