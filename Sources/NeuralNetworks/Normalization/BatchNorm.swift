public import Tensors

/// Batch normalisation of vectors [B, C] or sequences [B, T, C] (Ioffe & Szegedy 2015; `torch.nn.BatchNorm1d`).
///
/// While a tape records for training the statistics are those of the batch, and the running ones follow them; elsewhere
/// the running ones are used. A layer whose parameters are frozen uses the running ones in training too, and leaves them
/// as they are; so does a batch with one number a channel, which has no variance.
public final class BatchNorm1d: Module {
  /// [C]
  public let weight: Parameter?
  /// [C]
  public let bias: Parameter?
  /// [C]
  public let runningMean: Buffer
  /// [C]
  public let runningVariance: Buffer
  /// Share of a batch in the running statistics.
  public let momentum: Float
  /// Added to variances.
  public let epsilon: Float

  /// A layer for C = `channels` channels.
  public init(channels: Int, isAffine: Bool = true, momentum: Float = 0.1, epsilon: Float = 1e-5) {
    (weight, bias) = normalizationParameters([channels], isAffine: isAffine)
    (runningMean, runningVariance) = runningStatistics(channels)
    (self.momentum, self.epsilon) = (momentum, epsilon)
  }

  /// The same shape, [B, C] or [B, T, C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      (input.rank == 2 || input.rank == 3) && input.shape.last == runningMean.shape[0],
      "BatchNorm1d: an input of the shape \(input.shape) for \(runningMean.shape[0]) channels")
    return batchNormalized(input, weight, bias, runningMean, runningVariance, momentum: momentum, epsilon: epsilon)
  }

  /// The number of channels.
  public var summary: String { "channels \(runningMean.shape[0])" }
}

/// Batch normalisation of images [B, H, W, C] (`torch.nn.BatchNorm2d`); see ``BatchNorm1d``.
public final class BatchNorm2d: Module {
  /// [C]
  public let weight: Parameter?
  /// [C]
  public let bias: Parameter?
  /// [C]
  public let runningMean: Buffer
  /// [C]
  public let runningVariance: Buffer
  /// Share of a batch in the running statistics.
  public let momentum: Float
  /// Added to variances.
  public let epsilon: Float

  /// A layer for C = `channels` channels.
  public init(channels: Int, isAffine: Bool = true, momentum: Float = 0.1, epsilon: Float = 1e-5) {
    (weight, bias) = normalizationParameters([channels], isAffine: isAffine)
    (runningMean, runningVariance) = runningStatistics(channels)
    (self.momentum, self.epsilon) = (momentum, epsilon)
  }

  /// The same shape, [B, H, W, C].
  ///
  /// - Parameters:
  ///   - addend: added to the result: the other branch of a residual block.
  ///   - clipsNegative: whether ReLU follows. Both cost nothing here.
  public func callAsFunction(_ input: Tensor, adding addend: Tensor? = nil, clipsNegative: Bool = false) -> Tensor {
    precondition(
      input.rank == 4 && input.shape[3] == runningMean.shape[0],
      "BatchNorm2d: an input of the shape \(input.shape) for \(runningMean.shape[0]) channels")
    return batchNormalized(
      input, weight, bias, runningMean, runningVariance, momentum: momentum, epsilon: epsilon, addend: addend,
      clipsNegative: clipsNegative)
  }

  /// The number of channels.
  public var summary: String { "channels \(runningMean.shape[0])" }
}

/// Ones and zeros under the names of a checkpoint.
private func runningStatistics(_ channels: Int) -> (mean: Buffer, variance: Buffer) {
  (
    Buffer(Tensor(zeros: [channels]), key: "running_mean"),
    Buffer(Tensor(repeating: 1, shape: [channels]), key: "running_var")
  )
}

private func batchNormalized(
  _ input: Tensor, _ weight: Parameter?, _ bias: Parameter?, _ runningMean: Buffer, _ runningVariance: Buffer,
  momentum: Float, epsilon: Float, addend: Tensor? = nil, clipsNegative: Bool = false
) -> Tensor {
  let numbers = input.count / max(runningMean.shape[0], 1)
  let isFrozen = weight?.isFrozen == true && bias?.isFrozen != false
  guard GradientTape.isTraining, !isFrozen, numbers > 1 else {
    return input.batchNorm(
      mean: runningMean.value, variance: runningVariance.value, weight: weight?.tensor, bias: bias?.tensor,
      epsilon: epsilon, addend: addend, clipsNegative: clipsNegative)
  }
  let (output, statistics) = input.batchNorm(
    weight: weight?.tensor, bias: bias?.tensor, epsilon: epsilon, addend: addend, clipsNegative: clipsNegative)
  runningMean.value = runningMean.value * (1 - momentum) + statistics.mean * momentum
  // The running variance is that of the population, which divides by one less.
  let correction = Float(Double(numbers) / Double(numbers - 1))
  runningVariance.value = runningVariance.value * (1 - momentum) + statistics.variance * (momentum * correction)
  return output
}
