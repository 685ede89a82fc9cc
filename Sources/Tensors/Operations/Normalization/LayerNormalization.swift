import CKernels

extension Tensor {
  /// Zero mean and unit variance over the last dimensions, then scaled and shifted (Ba, Kiros, Hinton 2016;
  /// `torch.nn.functional.layer_norm`).
  ///
  /// - Parameters:
  ///   - normalizedShape: the last dimensions of the input, over which means and variances are taken.
  ///   - weight: of that shape.
  ///   - bias: of that shape.
  ///   - epsilon: added to the variances.
  public func layerNorm(
    over normalizedShape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
  ) -> Tensor {
    rowNorm("layerNorm", normalizedShape, weight: weight, bias: bias, epsilon: epsilon, isCentered: true)
  }

  /// A mean square of 1 over the last dimensions, then scaled (Zhang & Sennrich 2019; `torch.nn.functional.rms_norm`).
  ///
  /// - Parameters:
  ///   - normalizedShape: the last dimensions of the input, over which mean squares are taken.
  ///   - weight: of that shape.
  ///   - epsilon: added to the mean squares; PyTorch's default is the distance of 1 from the next number.
  public func rmsNorm(over normalizedShape: [Int], weight: Tensor? = nil, epsilon: Float = .ulpOfOne) -> Tensor {
    rowNorm("rmsNorm", normalizedShape, weight: weight, bias: nil, epsilon: epsilon, isCentered: false)
  }

  private func rowNorm(
    _ name: StaticString, _ normalizedShape: [Int], weight: Tensor?, bias: Tensor?, epsilon: Float, isCentered: Bool
  ) -> Tensor {
    precondition(
      Array(shape.suffix(normalizedShape.count)) == normalizedShape && !normalizedShape.isEmpty,
      "\(name): the shape \(shape) does not end with \(normalizedShape)")
    for operand in [weight, bias].compactMap({ $0 }) {
      precondition(
        operand.shape == normalizedShape, "\(name): weights of the shape \(operand.shape) for \(normalizedShape)")
    }
    let width = normalizedShape.elementCount
    let rows = count / max(width, 1)
    let (x, w, b) = (detached, weight?.detached, bias?.detached)
    let result = Tensor(uninitialized: shape)
    // Mean and scale of each row.
    let statistics = Tensor(uninitialized: [rows, 2])
    forEachTile(ofRows: rows, width: width) { tile in
      for row in tile {
        let from = floats + row * width
        let mean = isCentered ? Float(kernels.sum(from, width) / Double(width)) : 0
        let variance = kernels.centered_squares(from, mean, width) / Double(width)
        statistics.floats[2 * row] = mean
        statistics.floats[2 * row + 1] = Float(1 / (variance + Double(epsilon)).squareRoot())
        var run = normalized_run(statistics, row, weights: w?.floats, biases: b?.floats)
        kernels.normalize(from, &run, result.floats + row * width, width)
      }
    }
    return result.recorded(name, from: [self, weight ?? .empty, bias ?? .empty]) { gradient in
      let inputGradient = Tensor(uninitialized: x.shape)
      let tileSums = TileSums(rows: rows, width: 2 * width)
      tileSums.forEachTile { tile, parameterSums in
        for row in tile {
          let at = row * width
          var run = normalized_run(statistics, row, weights: w?.floats, biases: nil)
          var sums = (0.0, 0.0)
          withUnsafeMutableBytes(of: &sums) { sums in
            guard let sums = sums.baseAddress?.assumingMemoryBound(to: Double.self) else { return }
            kernels.normalize_sums(
              x.floats + at, gradient.floats + at, &run, sums, w.map { _ in parameterSums },
              b.map { _ in parameterSums + width }, width)
          }
          kernels.normalize_gradient(
            x.floats + at, gradient.floats + at, &run, isCentered ? Float(sums.0 / Double(width)) : 0,
            Float(sums.1 / Double(width)), inputGradient.floats + at, width)
        }
      }
      let total = tileSums.total.scalars
      return [
        .dense(inputGradient),
        w.map { .dense(Tensor(Array(total[..<width]), shape: $0.shape)) },
        b.map { .dense(Tensor(Array(total[width...]), shape: $0.shape)) },
      ]
    }
  }
}

extension normalized_run {
  /// A run with the mean and the scale of row `row` of `statistics` [R, 2].
  init(
    _ statistics: Tensor, _ row: Int, weights: UnsafePointer<Float>?, biases: UnsafePointer<Float>?, weight: Float = 1,
    bias: Float = 0
  ) {
    self.init(
      mean: statistics.floats[2 * row], scale: statistics.floats[2 * row + 1], weights: weights, biases: biases,
      weight: weight, bias: bias)
  }
}
