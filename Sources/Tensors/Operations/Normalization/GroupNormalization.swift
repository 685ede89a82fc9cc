import CKernels

extension Tensor {
  /// Zero mean and unit variance over each group of channels of each example, then scaled and shifted by channel (Wu &
  /// He 2018; `torch.nn.functional.group_norm`). With as many groups as channels it is instance normalisation.
  ///
  /// - Parameters:
  ///   - groups: divides the channels C of the input [B, C, ...].
  ///   - weight: [C].
  ///   - bias: [C].
  ///   - epsilon: added to the variances.
  public func groupNorm(groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5) -> Tensor {
    precondition(
      rank >= 2 && groups >= 1 && shape[1] % groups == 0, "groupNorm: \(groups) groups of the shape \(shape)")
    for operand in [weight, bias].compactMap({ $0 }) {
      precondition(operand.shape == [shape[1]], "groupNorm: weights of the shape \(operand.shape) for \(shape)")
    }
    let layout = GroupLayout(shape, groups: groups)
    let (x, w, b) = (detached, weight?.detached, bias?.detached)
    let result = Tensor(uninitialized: shape)
    let statistics = Tensor(uninitialized: [layout.groupCount, 2])
    forEachTile(ofRows: layout.groupCount, width: layout.groupSize) { tile in
      for group in tile {
        let from = floats + group * layout.groupSize
        let mean = Float(kernels.sum(from, layout.groupSize) / Double(layout.groupSize))
        let variance = kernels.centered_squares(from, mean, layout.groupSize) / Double(layout.groupSize)
        statistics.floats[2 * group] = mean
        statistics.floats[2 * group + 1] = Float(1 / (variance + Double(epsilon)).squareRoot())
        layout.forEachRun(of: group, statistics, weights: w, biases: b) { run, at, count, _ in
          kernels.normalize(floats + at, &run, result.floats + at, count)
        }
      }
    }
    return result.recorded("groupNorm", from: [self, weight ?? .empty, bias ?? .empty]) { gradient in
      let inputGradient = Tensor(uninitialized: x.shape)
      // By example and channel, added up over the examples in their order.
      let weightSums = Tensor(zeros: [x.shape[0], x.shape[1]])
      let biasSums = Tensor(zeros: [x.shape[0], x.shape[1]])
      forEachTile(ofRows: layout.groupCount, width: layout.groupSize) { tile in
        for group in tile {
          var (total, product) = (0.0, 0.0)
          layout.forEachRun(of: group, statistics, weights: w, biases: nil) { run, at, count, channel in
            var sums = (0.0, 0.0)
            let hasOwn = layout.inner == 1
            withUnsafeMutableBytes(of: &sums) { sums in
              guard let sums = sums.baseAddress?.assumingMemoryBound(to: Double.self) else { return }
              kernels.normalize_sums(
                x.floats + at, gradient.floats + at, &run, sums, hasOwn ? weightSums.floats + channel : nil,
                hasOwn ? biasSums.floats + channel : nil, count)
            }
            if !hasOwn {
              (biasSums.floats[channel], weightSums.floats[channel]) = (Float(sums.0), Float(sums.1))
            }
            total += Double(run.weight) * sums.0
            product += Double(run.weight) * sums.1
          }
          layout.forEachRun(of: group, statistics, weights: w, biases: nil) { run, at, count, _ in
            kernels.normalize_gradient(
              x.floats + at, gradient.floats + at, &run, Float(total / Double(layout.groupSize)),
              Float(product / Double(layout.groupSize)), inputGradient.floats + at, count)
          }
        }
      }
      return [
        .dense(inputGradient), w.map { _ in .dense(weightSums.columnSums(rows: x.shape[0])) },
        b.map { _ in .dense(biasSums.columnSums(rows: x.shape[0])) },
      ]
    }
  }
}

/// Groups of neighbouring channels of [B, C, ...], each a stretch of memory.
private struct GroupLayout: Sendable {
  /// Elements of a channel.
  let inner: Int
  /// Groups of all examples.
  let groupCount: Int
  /// Elements of a group.
  let groupSize: Int
  private let channels: Int
  private let channelsPerGroup: Int

  init(_ shape: [Int], groups: Int) {
    inner = shape.dropFirst(2).reduce(1, *)
    channels = shape[1]
    channelsPerGroup = shape[1] / groups
    groupCount = shape[0] * groups
    groupSize = channelsPerGroup * inner
  }

  /// Calls `body` for the stretches of a group that share a weight, with their offset, their length and the example and
  /// channel, b · C + c, that they begin with. Channels of one element are one stretch with weights of their own.
  func forEachRun(
    of group: Int, _ statistics: Tensor, weights: Tensor?, biases: Tensor?,
    _ body: (inout normalized_run, _ offset: Int, _ count: Int, _ channel: Int) -> Void
  ) {
    let first = group * channelsPerGroup
    if inner == 1 {
      let channel = first % channels
      var run = normalized_run(
        statistics, group, weights: weights.map { $0.floats + channel }, biases: biases.map { $0.floats + channel })
      body(&run, first, channelsPerGroup, first)
      return
    }
    for channel in first..<first + channelsPerGroup {
      var run = normalized_run(
        statistics, group, weights: nil, biases: nil, weight: weights.map { $0.floats[channel % channels] } ?? 1,
        bias: biases.map { $0.floats[channel % channels] } ?? 0)
      body(&run, channel * inner, inner, channel)
    }
  }
}
