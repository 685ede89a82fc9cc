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
  /// Zero mean and unit variance of each channel of a batch [B, ..., C], then scaled and shifted (Ioffe & Szegedy 2015;
  /// `torch.nn.functional.batch_norm` in training), perhaps with an addition and ReLU, which cost nothing here.
  ///
  /// - Parameters:
  ///   - weight: [C].
  ///   - bias: [C].
  ///   - epsilon: added to the variances.
  ///   - addend: added to the result, of the shape of `self`: the other branch of a residual block.
  ///   - clipsNegative: whether what is negative then becomes zero.
  public func batchNorm(
    weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5, addend: Tensor? = nil,
    clipsNegative: Bool = false
  ) -> (output: Tensor, statistics: BatchStatistics) {
    let channels = Channels(self, "batchNorm", weight, bias)
    let statistics = channels.statistics(of: self)
    let affine = Affine(weight: weight, bias: bias, epsilon: epsilon, addend: addend, clipsNegative: clipsNegative)
    return (normalized(channels, statistics, affine, isOwn: true), statistics)
  }

  /// The same with means and variances [C] that are given (`torch.nn.functional.batch_norm` in evaluation).
  public func batchNorm(
    mean: Tensor, variance: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5,
    addend: Tensor? = nil, clipsNegative: Bool = false
  ) -> Tensor {
    if OperationTrace.isRecording, addend != nil || clipsNegative {
      let alone = batchNorm(mean: mean, variance: variance, weight: weight, bias: bias, epsilon: epsilon)
      let sum = addend.map { alone + $0 } ?? alone
      return clipsNegative ? sum.relu() : sum
    }
    let channels = Channels(self, "batchNorm", weight, bias, mean, variance)
    let statistics = BatchStatistics(mean: mean, variance: variance, count: 0)
    let affine = Affine(weight: weight, bias: bias, epsilon: epsilon, addend: addend, clipsNegative: clipsNegative)
    return normalized(channels, statistics, affine, isOwn: false).traced(
      .batchNormalization(epsilon: epsilon),
      [
        self, mean, variance, weight ?? Tensor(repeating: 1, shape: mean.shape), bias ?? Tensor(zeros: mean.shape),
      ])
  }

  private struct Affine {
    let weight: Tensor?
    let bias: Tensor?
    let epsilon: Float
    let addend: Tensor?
    let clipsNegative: Bool
  }

  /// - Parameter isOwn: whether the statistics are those of this tensor and have gradients.
  private func normalized(
    _ channels: Channels, _ statistics: BatchStatistics, _ affine: Affine, isOwn: Bool
  ) -> Tensor {
    precondition(
      affine.addend.map { $0.shape == shape } ?? true,
      "batchNorm: the shape \(shape) and an addend of \(affine.addend?.shape ?? [])")
    let (x, means) = (detached, statistics.mean.detached)
    let (w, addend) = (affine.weight?.detached, affine.addend?.detached)
    let scales = Tensor(
      statistics.variance.scalars.map { Float(1 / (Double($0) + Double(affine.epsilon)).squareRoot()) })
    let factors = w.map { scales * $0 } ?? scales
    let biases = affine.bias?.detached ?? Tensor(zeros: [channels.count])
    let result = Tensor(uninitialized: shape)
    channels.forEachSlice { first, rows in
      kernels.normalize_columns(
        x.floats + first, channels.count, rows, channels.count, means.floats, factors.floats, biases.floats,
        addend.map { UnsafePointer($0.floats + first) }, affine.clipsNegative ? 0 : -.infinity, result.floats + first)
    }
    withExtendedLifetime((x, means, factors, biases, addend)) {}
    let output = affine.clipsNegative ? result : nil
    let hasBias = affine.bias != nil
    let inputs = [self, affine.weight ?? .empty, affine.bias ?? .empty] + (affine.addend.map { [$0] } ?? [])
    return result.recorded("batchNorm", from: inputs) { gradient in
      let (totals, products) = channels.sums(of: x, gradient, output, means, scales)
      let perElement = isOwn ? 1 / Double(max(channels.rows, 1)) : 0
      let meanGradients = Tensor(totals.map { Float($0 * perElement) })
      let meanProducts = Tensor(products.map { Float($0 * perElement) })
      let inputGradient = Tensor(uninitialized: x.shape)
      let passed = addend != nil && output != nil ? Tensor(uninitialized: x.shape) : nil
      channels.forEachSlice { first, rows in
        kernels.normalize_columns_gradient(
          x.floats + first, gradient.floats + first, output.map { UnsafePointer($0.floats + first) }, channels.count,
          rows, channels.count, means.floats, scales.floats, factors.floats, meanGradients.floats,
          meanProducts.floats, inputGradient.floats + first, passed.map { $0.floats + first })
      }
      withExtendedLifetime((x, gradient, output, means, scales, factors, meanGradients, meanProducts)) {}
      return [
        .dense(inputGradient), w.map { _ in .dense(Tensor(products.map { Float($0) })) },
        hasBias ? .dense(Tensor(totals.map { Float($0) })) : nil,
      ] + (addend == nil ? [] : [.dense(passed ?? gradient)])
    }
  }
}

/// A batch [B, ..., C] as a matrix of a column for each channel, cut into slices of rows that do not depend on the
/// number of threads.
private struct Channels: Sendable {
  /// C
  let count: Int
  /// Numbers that each channel has.
  let rows: Int
  private let slices: Int

  init(_ x: Tensor, _ operation: StaticString, _ operands: Tensor?...) {
    precondition(x.rank >= 2, "\(operation): the shape \(x.shape) has no channels")
    count = x.shape[x.rank - 1]
    for operand in operands.compactMap({ $0 }) {
      precondition(operand.shape == [count], "\(operation): a shape of \(operand.shape) for that of \(x.shape)")
    }
    rows = x.count / max(count, 1)
    slices = max(1, min(16, x.count >> 14))
  }

  /// Calls `body` with the first element and the number of rows of each slice, on several threads.
  func forEachSlice(_ body: (_ first: Int, _ rows: Int) -> Void) {
    forEachSlice { _, first, rows in body(first, rows) }
  }

  private func forEachSlice(_ body: (_ slice: Int, _ first: Int, _ rows: Int) -> Void) {
    parallelFor(slices) { slice in
      let (first, end) = (rows * slice / slices, rows * (slice + 1) / slices)
      body(slice, first * count, end - first)
    }
  }

  func statistics(of x: Tensor) -> BatchStatistics {
    var moments = perSlice { slice, first, rows, means, squares in
      kernels.column_moments(x.floats + first, count, rows, count, means, squares)
    }
    // As column_moments joins blocks of rows.
    var seen = Double(rows / slices)
    for slice in 1..<slices {
      let more = Double(rows * (slice + 1) / slices - rows * slice / slices)
      let share = more / (seen + more)
      for channel in 0..<count {
        let apart = moments[2 * slice][channel] - moments[0][channel]
        moments[1][channel] += moments[2 * slice + 1][channel] + apart * apart * seen * share
        moments[0][channel] += apart * share
      }
      seen += more
    }
    let perElement = 1 / Double(max(rows, 1))
    return BatchStatistics(
      mean: Tensor(moments[0].map { Float($0) }), variance: Tensor(moments[1].map { Float($0 * perElement) }),
      count: rows)
  }

  /// Σ g and Σ g · x̂ of each channel, of what `output`, if it is given, has let pass.
  func sums(
    of x: Tensor, _ gradient: Tensor, _ output: Tensor?, _ means: Tensor, _ scales: Tensor
  ) -> ([Double], [Double]) {
    var sums = perSlice { slice, first, rows, totals, products in
      kernels.normalize_columns_sums(
        x.floats + first, gradient.floats + first, output.map { UnsafePointer($0.floats + first) }, count, rows, count,
        means.floats, scales.floats, totals, products)
    }
    for slice in 1..<slices {
      for channel in 0..<count {
        sums[0][channel] += sums[2 * slice][channel]
        sums[1][channel] += sums[2 * slice + 1][channel]
      }
    }
    return (sums[0], sums[1])
  }

  /// Two rows of C numbers for each slice.
  private func perSlice(
    _ body: (
      _ slice: Int, _ first: Int, _ rows: Int, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>
    ) -> Void
  ) -> [[Double]] {
    var numbers = [Double](repeating: 0, count: 2 * slices * count)
    numbers.withUnsafeMutableBufferPointer { numbers in
      guard let numbers = numbers.baseAddress else { return }
      forEachSlice { slice, first, rows in
        body(slice, first, rows, numbers + 2 * slice * count, numbers + (2 * slice + 1) * count)
      }
    }
    return (0..<2 * slices).map { Array(numbers[$0 * count..<($0 + 1) * count]) }
  }
}
