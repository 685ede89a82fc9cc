import CKernels

extension IndexedRows {
  /// A text convolution with ReLU and max over time, as
  /// ``Tensor/convolutionMaxOverTime(rows:weight:bias:)``, for rows that repeat: the products of the filters with each
  /// distinct row are formed once for each place in a window, and a window is the sum of those of its rows.
  ///
  /// A batch of texts has two to five times as many words as distinct ones, and the products are nearly all of the work.
  ///
  /// - Parameters:
  ///   - rows: which of the N rows belong to which of the B sequences; each has at least `width` rows.
  ///   - weight: [F, E, width], as PyTorch's `Conv1d`.
  ///   - bias: [F].
  /// - Returns: [B, F].
  public func convolutionMaxOverTime(rows sequences: SequenceRows, weight: Tensor, bias: Tensor) -> Tensor {
    precondition(
      weight.rank == 3 && rows.shape[1] == weight.shape[1] && bias.shape == [weight.shape[0]]
        && sequences.rowCount == indices.count,
      "convolutionMaxOverTime: \(indices.count) rows of the shape \(rows.shape), \(weight.shape) and \(bias.shape)")
    let (filters, channels, width) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let batch = sequences.sequenceCount
    for index in 0..<batch {
      precondition(
        sequences.count(index) >= width,
        "convolutionMaxOverTime: \(sequences.count(index)) rows for a width of \(width)")
    }
    let windows = weight.detached.permutedToWindows()
    // Filters rounded up to whole vectors, the places of a window one behind the other.
    let padded = (filters + 7) / 8 * 8
    let products = self.products(windows, places: width, padded: padded)
    let stride = products.shape[1]
    let result = Tensor(uninitialized: [batch, filters])
    var arguments = [Int32](repeating: 0, count: batch * filters)
    let (to, biases) = (result.floats, bias.floats)
    arguments.withUnsafeMutableBufferPointer { arguments in
      indices.withUnsafeBufferPointer { indices in
        guard let arguments = arguments.baseAddress, let indices = indices.baseAddress else { return }
        parallelFor(batch) { sequence in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: padded) { maxima in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: padded) { found in
              guard let maxima = maxima.baseAddress, let found = found.baseAddress else { return }
              kernels.convolve_max_indexed(
                products.floats, stride, indices + sequences.starts[sequence], sequences.count(sequence) - width + 1,
                width, padded, maxima, found)
              kernels.add(maxima, biases, to + sequence * filters, filters)
              kernels.relu(to + sequence * filters, to + sequence * filters, filters)
              (arguments + sequence * filters).update(from: found, count: filters)
            }
          }
        }
      }
    }
    withExtendedLifetime((products, bias)) {}
    let (input, inputRows, output) = (rows.detached, indices, result)
    let needsInputGradient = rows.needsGradient
    return result.recorded("convolutionMaxOverTime", from: [rows, weight, bias]) { [arguments] gradient in
      let backward = ConvolutionMaxBackward(
        input: input, inputRows: inputRows, windows: windows, rows: sequences, arguments: arguments, width: width,
        channels: channels, gradient: output.reluGradient(gradient))
      let (weightGradient, biasGradient) = backward.weightGradients()
      return [
        needsInputGradient ? .dense(backward.inputGradient()) : nil, .dense(weightGradient), .dense(biasGradient),
      ]
    }
  }

  /// The products of each distinct row with each filter in each place of a window, [D, places · padded].
  private func products(_ windows: Tensor, places: Int, padded: Int) -> Tensor {
    let (filters, channels) = (windows.shape[0], rows.shape[1])
    let columns = Tensor(zeros: [places * padded, channels])
    for filter in 0..<filters {
      for place in 0..<places {
        (columns.floats + (place * padded + filter) * channels).update(
          from: windows.floats + (filter * places + place) * channels, count: channels)
      }
    }
    let packed = PackedMatrix(transposing: columns)
    // A line more than the columns: rows at a distance of a power of two would share cache sets.
    let result = Tensor(uninitialized: [rows.shape[0], places * padded + 16])
    withExtendedLifetime((rows, columns, windows)) {
      packed.multiplyInParallel(
        rows: rows.shape[0], rows.floats, stride: channels, into: result.floats, stride: result.shape[1],
        start: product_start_zero)
    }
    return result
  }
}
