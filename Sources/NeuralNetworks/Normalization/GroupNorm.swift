public import Tensors

/// Zero mean and unit variance over groups of channels of each example (Wu & He 2018; `torch.nn.GroupNorm`).
public final class GroupNorm: Module {
  /// [C]
  public let weight: Parameter?
  /// [C]
  public let bias: Parameter?
  /// Groups that the channels are cut into.
  public let groups: Int
  /// C
  public let channels: Int
  /// Added to variances.
  public let epsilon: Float

  /// A layer for C = `channels` channels.
  public init(groups: Int, channels: Int, isAffine: Bool = true, epsilon: Float = 1e-5) {
    precondition(groups >= 1 && channels % groups == 0, "GroupNorm: \(groups) groups of \(channels) channels")
    (weight, bias) = normalizationParameters([channels], isAffine: isAffine)
    (self.groups, self.channels, self.epsilon) = (groups, channels, epsilon)
  }

  /// The same shape, [B, ..., C]. Channels are put first and last again, which costs two passes over memory.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank >= 2 && input.shape[input.rank - 1] == channels,
      "GroupNorm: an input of the shape \(input.shape) for \(channels) channels")
    return input.channelsFirst().groupNorm(
      groups: groups, weight: weight?.tensor, bias: bias?.tensor, epsilon: epsilon
    ).channelsLast()
  }

  /// Sizes.
  public var summary: String { "groups \(groups), channels \(channels)" }
}

/// Zero mean and unit variance of each channel of each sequence [B, T, C] (Ulyanov, Vedaldi, Lempitsky 2016;
/// `torch.nn.InstanceNorm1d`).
public final class InstanceNorm1d: Module {
  /// [C]
  public let weight: Parameter?
  /// [C]
  public let bias: Parameter?
  /// C
  public let channels: Int
  /// Added to variances.
  public let epsilon: Float

  /// A layer for C = `channels` channels; like PyTorch's without weights.
  public init(channels: Int, isAffine: Bool = false, epsilon: Float = 1e-5) {
    (weight, bias) = normalizationParameters([channels], isAffine: isAffine)
    (self.channels, self.epsilon) = (channels, epsilon)
  }

  /// The same shape, [B, T, C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank == 3 && input.shape[2] == channels,
      "InstanceNorm1d: an input of the shape \(input.shape) for \(channels) channels")
    return input.channelsFirst().groupNorm(
      groups: channels, weight: weight?.tensor, bias: bias?.tensor, epsilon: epsilon
    ).channelsLast()
  }

  /// The number of channels.
  public var summary: String { "channels \(channels)" }
}

/// Zero mean and unit variance of each channel of each image [B, H, W, C] (`torch.nn.InstanceNorm2d`).
public final class InstanceNorm2d: Module {
  /// [C]
  public let weight: Parameter?
  /// [C]
  public let bias: Parameter?
  /// C
  public let channels: Int
  /// Added to variances.
  public let epsilon: Float

  /// A layer for C = `channels` channels; like PyTorch's without weights.
  public init(channels: Int, isAffine: Bool = false, epsilon: Float = 1e-5) {
    (weight, bias) = normalizationParameters([channels], isAffine: isAffine)
    (self.channels, self.epsilon) = (channels, epsilon)
  }

  /// The same shape, [B, H, W, C].
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank == 4 && input.shape[3] == channels,
      "InstanceNorm2d: an input of the shape \(input.shape) for \(channels) channels")
    return input.channelsFirst().groupNorm(
      groups: channels, weight: weight?.tensor, bias: bias?.tensor, epsilon: epsilon
    ).channelsLast()
  }

  /// The number of channels.
  public var summary: String { "channels \(channels)" }
}
