import CKernels

/// Mean and variance of each channel of a batch.
public struct BatchStatistics: Sendable {
  /// [C]
  public let mean: Tensor
  /// [C], the mean squared distance from the mean.
  public let variance: Tensor
  /// Numbers that each channel has.
  public let count: Int

  /// Statistics that are known.
  public init(mean: Tensor, variance: Tensor, count: Int) {
    (self.mean, self.variance, self.count) = (mean, variance, count)
  }
}

extension Tensor {
  /// Zero mean and unit variance of each channel of a batch [B, C, ...], then scaled and shifted (Ioffe & Szegedy 2015;
  /// `torch.nn.functional.batch_norm` in training).
  ///
  /// - Parameters:
  ///   - weight: [C].
  ///   - bias: [C].
  ///   - epsilon: added to the variances.
  public func batchNorm(
    weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
  ) -> (output: Tensor, statistics: BatchStatistics) {
    let channels = Channels(self, "batchNorm", weight, bias)
    let statistics = channels.statistics(of: self)
    return (normalized(channels, statistics, weight, bias, epsilon, isOwn: true), statistics)
  }

  /// The same with means and variances [C] that are given (`torch.nn.functional.batch_norm` in evaluation).
  public func batchNorm(
    mean: Tensor, variance: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
  ) -> Tensor {
    let channels = Channels(self, "batchNorm", weight, bias, mean, variance)
    let statistics = BatchStatistics(mean: mean, variance: variance, count: 0)
    return normalized(channels, statistics, weight, bias, epsilon, isOwn: false)
  }

  /// - Parameter isOwn: whether the statistics are those of this tensor and have gradients.
  private func normalized(
    _ channels: Channels, _ statistics: BatchStatistics, _ weight: Tensor?, _ bias: Tensor?, _ epsilon: Float,
    isOwn: Bool
  ) -> Tensor {
    let (x, w, means) = (detached, weight?.detached, statistics.mean.detached)
    let scales = Tensor(statistics.variance.scalars.map { Float(1 / (Double($0) + Double(epsilon)).squareRoot()) })
    let factors = w.map { scales * $0 } ?? scales
    let biases = bias?.detached ?? Tensor(zeros: [channels.count])
    let result = Tensor(uninitialized: shape)
    channels.forEachTile(
      runs: { channel, at, count in
        var run = normalized_run(
          mean: means.floats[channel], scale: factors.floats[channel], weights: nil, biases: nil, weight: 1,
          bias: biases.floats[channel])
        kernels.normalize(x.floats + at, &run, result.floats + at, count)
      },
      columns: { first, count, rows, stride in
        kernels.normalize_columns(
          x.floats + first, stride, rows, count, means.floats + first, factors.floats + first, biases.floats + first,
          result.floats + first)
      })
    return result.recorded("batchNorm", from: [self, weight ?? .empty, bias ?? .empty]) { gradient in
      let (totals, products) = channels.sums(of: x, gradient, means, scales)
      let perElement = isOwn ? 1 / Double(max(channels.elements, 1)) : 0
      let meanGradients = Tensor(totals.map { Float($0 * perElement) })
      let meanProducts = Tensor(products.map { Float($0 * perElement) })
      let inputGradient = Tensor(uninitialized: x.shape)
      channels.forEachTile(
        runs: { channel, at, count in
          let weight = w.map { $0.floats[channel] } ?? 1
          var run = normalized_run(
            mean: means.floats[channel], scale: scales.floats[channel], weights: nil, biases: nil, weight: weight,
            bias: 0)
          kernels.normalize_gradient(
            x.floats + at, gradient.floats + at, &run, weight * meanGradients.floats[channel],
            weight * meanProducts.floats[channel], inputGradient.floats + at, count)
        },
        columns: { first, count, rows, stride in
          kernels.normalize_columns_gradient(
            x.floats + first, gradient.floats + first, stride, rows, count, means.floats + first,
            scales.floats + first, factors.floats + first, meanGradients.floats + first, meanProducts.floats + first,
            inputGradient.floats + first)
        })
      return [
        .dense(inputGradient), w.map { _ in .dense(Tensor(products.map { Float($0) })) },
        bias.map { _ in .dense(Tensor(totals.map { Float($0) })) },
      ]
    }
  }
}

/// The channels of a batch [B, C, ...]: runs of memory, one for each example, or columns of a matrix where a channel has
/// one element.
private struct Channels: Sendable {
  /// C
  let count: Int
  /// Elements of each channel in all examples.
  let elements: Int
  private let batch: Int
  private let inner: Int
  /// Columns that one tile takes: some cache lines of each row.
  private static let columnsPerTile = 64

  init(_ x: Tensor, _ operation: StaticString, _ operands: Tensor?...) {
    precondition(x.rank >= 2, "\(operation): the shape \(x.shape) has no channels")
    for operand in operands.compactMap({ $0 }) {
      precondition(operand.shape == [x.shape[1]], "\(operation): a shape of \(operand.shape) for that of \(x.shape)")
    }
    (batch, count) = (x.shape[0], x.shape[1])
    inner = x.shape.dropFirst(2).reduce(1, *)
    elements = batch * inner
  }

  /// Calls one of the two for all channels, on several threads: `runs` with a channel, an offset and a length for each
  /// example, in their order; or `columns` with the first column, their number, the rows and their distance.
  func forEachTile(
    runs: (_ channel: Int, _ offset: Int, _ count: Int) -> Void,
    columns: (_ first: Int, _ count: Int, _ rows: Int, _ stride: Int) -> Void
  ) {
    if inner == 1 {
      parallelFor((count + Self.columnsPerTile - 1) / Self.columnsPerTile) { tile in
        let first = tile * Self.columnsPerTile
        columns(first, min(Self.columnsPerTile, count - first), batch, count)
      }
    } else {
      parallelFor(count) { channel in
        for example in 0..<batch { runs(channel, (example * count + channel) * inner, inner) }
      }
    }
  }

  func statistics(of x: Tensor) -> BatchStatistics {
    let perElement = 1 / Double(max(elements, 1))
    let means = Tensor(
      sums { sums in
        forEachTile(
          runs: { sums[$0] += kernels.sum(x.floats + $1, $2) },
          columns: { kernels.column_sums(x.floats + $0, $3, $2, $1, sums + $0) })
      }.map { Float($0 * perElement) })
    let squares = sums { sums in
      forEachTile(
        runs: { sums[$0] += kernels.centered_squares(x.floats + $1, means.floats[$0], $2) },
        columns: {
          kernels.column_centered_squares(x.floats + $0, $3, $2, $1, means.floats + $0, sums + $0)
        })
    }
    return BatchStatistics(mean: means, variance: Tensor(squares.map { Float($0 * perElement) }), count: elements)
  }

  /// Σ g and Σ g · x̂ of each channel.
  func sums(of x: Tensor, _ gradient: Tensor, _ means: Tensor, _ scales: Tensor) -> ([Double], [Double]) {
    // One behind the other for each channel where they are runs, all of the first kind first where they are columns.
    let both = sums(2 * count) { sums in
      forEachTile(
        runs: { channel, at, length in
          var run = normalized_run(
            mean: means.floats[channel], scale: scales.floats[channel], weights: nil, biases: nil, weight: 1, bias: 0)
          kernels.normalize_sums(
            x.floats + at, gradient.floats + at, &run, sums + 2 * channel, nil, nil, length)
        },
        columns: { first, length, rows, stride in
          kernels.normalize_columns_sums(
            x.floats + first, gradient.floats + first, stride, rows, length, means.floats + first,
            scales.floats + first, sums + first, sums + count + first)
        })
    }
    if inner == 1 { return (Array(both[..<count]), Array(both[count...])) }
    return ((0..<count).map { both[2 * $0] }, (0..<count).map { both[2 * $0 + 1] })
  }

  private func sums(_ size: Int? = nil, _ body: (UnsafeMutablePointer<Double>) -> Void) -> [Double] {
    var sums = [Double](repeating: 0, count: size ?? count)
    sums.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { body(base) } }
    return sums
  }
}
