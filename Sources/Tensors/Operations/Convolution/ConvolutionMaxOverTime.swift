import CKernels

extension Tensor {
  /// A text convolution, its activation and its pooling in one (Kim 2014): relu(max over time of x ∗ W + b).
  ///
  /// The products of a filter are never stored; the backward pass touches only the windows that hold a maximum, so that
  /// training costs little more than the forward pass.
  ///
  /// - Parameters:
  ///   - rows: which rows of `self`, [N, E], belong to which of the B sequences; each has at least `width` rows.
  ///   - weight: [F, E, width], as PyTorch's `Conv1d`.
  ///   - bias: [F].
  /// - Returns: [B, F].
  public func convolutionMaxOverTime(rows: SequenceRows, weight: Tensor, bias: Tensor) -> Tensor {
    precondition(
      rank == 2 && weight.rank == 3 && shape[1] == weight.shape[1] && bias.shape == [weight.shape[0]]
        && rows.starts.last == shape[0],
      "convolutionMaxOverTime: the shapes \(shape), \(weight.shape) and \(bias.shape)")
    let (filters, channels, width) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let batch = rows.sequenceCount
    for index in 0..<batch {
      precondition(
        rows.count(index) >= width, "convolutionMaxOverTime: \(rows.count(index)) rows for a width of \(width)")
    }
    let windows = weight.detached.permutedToWindows()
    let packed = PackedMatrix(transposing: windows)
    let padded = packed.panelCount * 16
    let result = Tensor(uninitialized: [batch, filters])
    var arguments = [Int32](repeating: 0, count: batch * filters)
    let (x, to, biases) = (floats, result.floats, bias.floats)
    arguments.withUnsafeMutableBufferPointer { arguments in
      guard let arguments = arguments.baseAddress else { return }
      // Until the last tile is done.
      defer { withExtendedLifetime((self, bias, packed)) {} }
      parallelFor(tiles(of: rows)) { tile in
        let sequences = tile.map {
          window_sequence(first_row: Int32(rows.starts[$0]), positions: Int32(rows.count($0) - width + 1))
        }
        let maxima = Tensor(uninitialized: [sequences.count, padded])
        let scratch = Tensor(uninitialized: [Int(KERNEL_CONVOLUTION_ROWS) * Int(KERNEL_PANEL_WIDTH)])
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: sequences.count * padded) { found in
          guard let found = found.baseAddress else { return }
          kernels.convolve_max(
            x, channels, sequences, sequences.count, width * channels, packed.pointer, filters, maxima.floats, found,
            scratch.floats)
          defer { withExtendedLifetime((maxima, scratch)) {} }
          for (index, sequence) in tile.enumerated() {
            kernels.add(maxima.floats + index * padded, biases, to + sequence * filters, filters)
            kernels.relu(to + sequence * filters, to + sequence * filters, filters)
            (arguments + sequence * filters).update(from: found + index * padded, count: filters)
          }
        }
      }
    }
    let (input, output) = (detached, result)
    let needsInputGradient = needsGradient
    return result.recorded("convolutionMaxOverTime", from: [self, weight, bias]) { [arguments] gradient in
      let backward = ConvolutionMaxBackward(
        input: input, inputRows: nil, windows: windows, rows: rows, arguments: arguments, width: width,
        channels: channels, gradient: output.reluGradient(gradient))
      let (weightGradient, biasGradient) = backward.weightGradients()
      return [
        needsInputGradient ? .dense(backward.inputGradient()) : nil, .dense(weightGradient), .dense(biasGradient),
      ]
    }
  }

  private func tiles(of rows: SequenceRows) -> [Range<Int>] {
    // Whole sequences with about as many rows as one pass over the filters serves.
    var tiles: [Range<Int>] = []
    var first = 0
    for index in 0..<rows.sequenceCount {
      if rows.starts[index + 1] - rows.starts[first] >= Int(KERNEL_CONVOLUTION_ROWS) || index == rows.sequenceCount - 1
      {
        tiles.append(first..<index + 1)
        first = index + 1
      }
    }
    return tiles
  }

  /// [F, E, width] → [F, width · E]: a filter in the order of the floats under its window.
  func permutedToWindows() -> Tensor {
    transposedInside(rows: shape[1], columns: shape[2], shape: [shape[0], shape[2] * shape[1]])
  }

  /// And back.
  func permutedFromWindows(channels: Int, width: Int) -> Tensor {
    transposedInside(rows: width, columns: channels, shape: [shape[0], channels, width])
  }

  /// Each filter as a matrix of so many rows and columns, transposed.
  private func transposedInside(rows: Int, columns: Int, shape: [Int]) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let (from, to, filters) = (floats, result.floats, shape[0])
    parallelFor((filters + 15) / 16) { tile in
      for filter in tile * 16..<min(filters, tile * 16 + 16) {
        let start = filter * rows * columns
        kernels.transpose(from + start, columns, rows, columns, to + start, rows)
      }
    }
    return result
  }
}

/// Calls `body` for each element, on several threads.
private func parallelFor<Element>(_ elements: [Element], _ body: (Element) -> Void) {
  parallelFor(elements.count) { body(elements[$0]) }
}
