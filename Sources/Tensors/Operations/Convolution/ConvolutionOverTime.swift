import CKernels

extension Tensor {
  /// A convolution along the rows of each sequence, with zeros before its first row and behind its last one.
  ///
  /// A window is one contiguous run of floats, so that the convolution and its gradients are matrix products without
  /// patches; no sequence sees another one's rows, so that none depends on what is beside it.
  ///
  /// - Parameters:
  ///   - rows: which rows of `self`, [N, C], belong to which of the B sequences.
  ///   - weight: [F, C, width], as PyTorch's `Conv1d`.
  ///   - bias: [F].
  ///   - padding: zero rows on each side; a sequence with less than `width` rows then, none left, has no result.
  /// - Returns: [N', F] with n + 2 · padding - width + 1 rows for a sequence of n.
  public func convolutionOverTime(rows: SequenceRows, weight: Tensor, bias: Tensor, padding: Int = 0) -> Tensor {
    precondition(
      rank == 2 && weight.rank == 3 && shape[1] == weight.shape[1] && bias.shape == [weight.shape[0]]
        && rows.starts.last == shape[0] && padding >= 0,
      "convolutionOverTime: the shapes \(shape), \(weight.shape) and \(bias.shape)")
    let width = weight.shape[2]
    let padded = padded(rows, by: padding)
    let windows = weight.detached.permutedToWindows()
    let output = padded.values.windowProducts(
      rows: padded.rows, PackedMatrix(transposing: windows), width: width, bias: bias.detached)
    let channels = shape[1]
    let needs = (input: needsGradient, weight: weight.needsGradient || bias.needsGradient)
    let weights = weight.detached
    return output.values.recorded("convolutionOverTime", from: [self, weight, bias]) { gradient in
      var inputGradient: Gradient?
      if needs.input {
        // Each row of the input was under `width` windows: a convolution of the gradient with the filters backwards.
        let around = gradient.padded(output.rows, by: width - 1)
        let products = around.values.windowProducts(
          rows: around.rows, PackedMatrix(transposing: weights.reversedFilters()), width: width, bias: nil)
        inputGradient = .dense(products.values.cut(products.rows, by: padding))
      }
      guard needs.weight else { return [inputGradient, nil, nil] }
      let (weightGradient, biasGradient) = padded.values.windowGradients(
        rows: padded.rows, output: output.rows, gradient, width: width)
      return [
        inputGradient, .dense(weightGradient.permutedFromWindows(channels: channels, width: width)),
        .dense(biasGradient),
      ]
    }
  }

  /// Zero rows around each sequence.
  private func padded(_ rows: SequenceRows, by padding: Int) -> (values: Tensor, rows: SequenceRows) {
    guard padding > 0 else { return (detached, rows) }
    let width = shape[1]
    let wider = SequenceRows(counts: (0..<rows.sequenceCount).map { rows.count($0) + 2 * padding })
    let result = Tensor(uninitialized: [wider.rowCount, width])
    let (from, to) = (floats, result.floats)
    parallelFor(rows.sequenceCount) { sequence in
      let (first, count) = (wider.starts[sequence] * width, rows.count(sequence))
      (to + first).update(repeating: 0, count: padding * width)
      (to + first + padding * width).update(from: from + rows.starts[sequence] * width, count: count * width)
      (to + first + (padding + count) * width).update(repeating: 0, count: padding * width)
    }
    return (result, wider)
  }

  /// The rows of each sequence without its first and last ones.
  private func cut(_ rows: SequenceRows, by padding: Int) -> Tensor {
    guard padding > 0 else { return self }
    let width = shape[1]
    let narrower = SequenceRows(counts: (0..<rows.sequenceCount).map { rows.count($0) - 2 * padding })
    let result = Tensor(uninitialized: [narrower.rowCount, width])
    let (from, to) = (floats, result.floats)
    parallelFor(rows.sequenceCount) { sequence in
      (to + narrower.starts[sequence] * width).update(
        from: from + (rows.starts[sequence] + padding) * width, count: narrower.count(sequence) * width)
    }
    return result
  }

  /// The product of each window of `width` rows within a sequence with the filters.
  private func windowProducts(
    rows: SequenceRows, _ filters: PackedMatrix, width: Int, bias: Tensor?
  ) -> (values: Tensor, rows: SequenceRows) {
    let channels = shape[1]
    let results = SequenceRows(counts: (0..<rows.sequenceCount).map { max(0, rows.count($0) - width + 1) })
    let output = Tensor(uninitialized: [results.rowCount, filters.n])
    let rowsPerTile = 96
    let tiles = (0..<rows.sequenceCount).flatMap { sequence in
      stride(from: 0, to: results.count(sequence), by: rowsPerTile).map { (sequence, first: $0) }
    }
    let (from, to, biases) = (floats, output.floats, bias?.floats)
    parallelFor(tiles.count) { tile in
      let (sequence, first) = tiles[tile]
      filters.multiply(
        rows: min(rowsPerTile, results.count(sequence) - first),
        from + (rows.starts[sequence] + first) * channels, stride: channels,
        into: to + (results.starts[sequence] + first) * filters.n, stride: filters.n,
        start: biases == nil ? product_start_zero : product_start_bias, bias: biases.map { UnsafePointer($0) })
    }
    withExtendedLifetime((self, bias)) {}
    return (output, results)
  }

  /// Σ gradientᵀ · window, [F, width · C], and the sums of the gradient.
  private func windowGradients(
    rows: SequenceRows, output: SequenceRows, _ gradient: Tensor, width: Int
  ) -> (weight: Tensor, bias: Tensor) {
    let (channels, filters) = (shape[1], gradient.shape[1])
    let window = width * channels
    let starts = (0..<rows.sequenceCount).flatMap { sequence in
      (0..<output.count(sequence)).map { Int32(rows.starts[sequence] + $0) }
    }
    let packed = PackedRows(
      [.init(floats: floats, stride: channels, count: window, rows: starts)], rowCount: starts.count)
    let weight = Tensor(uninitialized: [filters, window])
    let bias = Tensor(uninitialized: [filters])
    let filtersPerTile = 96
    parallelFor((filters + filtersPerTile - 1) / filtersPerTile) { tile in
      let first = tile * filtersPerTile
      let count = min(filtersPerTile, filters - first)
      let products = packed.multiply(
        transposing: gradient.floats + first, stride: filters, count: count, columnSums: bias.floats + first)
      for filter in 0..<count {
        (weight.floats + (first + filter) * window).update(
          from: products.floats + filter * packed.width, count: window)
      }
    }
    withExtendedLifetime((self, gradient)) {}
    return (weight, bias)
  }

  /// [F, C, width] → [C, width · F], each filter backwards: what takes gradients of windows back to rows.
  private func reversedFilters() -> Tensor {
    let (filters, channels, width) = (shape[0], shape[1], shape[2])
    let result = Tensor(uninitialized: [channels, width * filters])
    let (from, to) = (floats, result.floats)
    parallelFor((channels + 15) / 16) { tile in
      for channel in tile * 16..<min(channels, tile * 16 + 16) {
        for position in 0..<width {
          let target = to + channel * width * filters + (width - 1 - position) * filters
          for filter in 0..<filters { target[filter] = from[(filter * channels + channel) * width + position] }
        }
      }
    }
    return result
  }

  /// The largest value of each column among some neighbouring rows of a sequence, [N', C] of [N, C].
  ///
  /// - Parameters:
  ///   - size: rows of a window; the last one of a sequence may have fewer.
  ///   - stride: rows between two windows.
  /// - Returns: the values, and which of their rows belong to which sequence: ⌈n / stride⌉ for a sequence of n.
  public func maxPooledOverTime(rows: SequenceRows, size: Int, stride: Int) -> (values: Tensor, rows: SequenceRows) {
    precondition(
      rank == 2 && rows.starts.last == shape[0] && size > 0 && stride > 0,
      "maxPooledOverTime: the shape \(shape), windows of \(size) rows every \(stride)")
    let width = shape[1]
    let results = SequenceRows(counts: (0..<rows.sequenceCount).map { (rows.count($0) + stride - 1) / stride })
    let output = Tensor(repeating: -.infinity, shape: [results.rowCount, width])
    var arguments = [Int32](repeating: 0, count: results.rowCount * width)
    let (from, to, shape) = (floats, output.floats, shape)
    arguments.withUnsafeMutableBufferPointer { arguments in
      guard let arguments = arguments.baseAddress else { return }
      parallelFor(rows.sequenceCount) { sequence in
        for position in 0..<results.count(sequence) {
          let target = (results.starts[sequence] + position) * width
          let first = rows.starts[sequence] + position * stride
          for row in first..<min(first + size, rows.starts[sequence + 1]) {
            kernels.running_maximum(from + row * width, Int32(row), to + target, arguments + target, width)
          }
        }
      }
    }
    let recorded = output.recorded("maxPooledOverTime", from: [self]) { [arguments] gradient in
      let inputGradient = Tensor(zeros: shape)
      gradient.withUnsafeElements { gradient in
        for (element, row) in arguments.enumerated() {
          inputGradient.floats[Int(row) * width + element % width] += gradient[element]
        }
      }
      return [.dense(inputGradient)]
    }
    return (recorded, results)
  }
}
