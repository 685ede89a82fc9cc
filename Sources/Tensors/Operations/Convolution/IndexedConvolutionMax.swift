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
    let (result, arguments) = maxima(
      of: products(windows, places: width), rows: sequences, filters: filters, width: width, bias: bias)
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
  private func products(_ windows: Tensor, places: Int) -> Tensor {
    let (filters, channels) = (windows.shape[0], rows.shape[1])
    let padded = filters.paddedToVectors
    let columns = Tensor(zeros: [places * padded, channels])
    for filter in 0..<filters {
      for place in 0..<places {
        (columns.floats + (place * padded + filter) * channels).update(
          from: windows.floats + (filter * places + place) * channels, count: channels)
      }
    }
    return products(with: .floats(PackedMatrix(transposing: columns)))
  }

  /// The products of each distinct row with some columns, and a line more than these: rows at a distance of a power of two
  /// would share cache sets.
  private func products(with columns: PackedWeight) -> Tensor {
    let result = Tensor(uninitialized: [rows.shape[0], columns.n + 16])
    withExtendedLifetime(rows) {
      columns.multiplyInParallel(
        rows: rows.shape[0], rows.floats, stride: columns.k, into: result.floats, stride: result.shape[1],
        start: product_start_zero)
    }
    return result
  }

  /// max(0, bias + the largest product of each filter with a window of each sequence), [B, F], and where it stands.
  private func maxima(
    of products: Tensor, rows sequences: SequenceRows, filters: Int, width: Int, bias: Tensor
  ) -> (result: Tensor, arguments: [Int32]) {
    let (batch, padded, stride) = (sequences.sequenceCount, filters.paddedToVectors, products.shape[1])
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
    return (result, arguments)
  }

  /// The same by filters in bytes, for inference; nothing is recorded.
  public func convolutionMaxOverTime(
    rows sequences: SequenceRows, filters: QuantizedTextFilters, bias: Tensor
  ) -> Tensor {
    precondition(
      rows.shape[1] == filters.columns.k && bias.shape == [filters.count] && sequences.rowCount == indices.count
        && (0..<sequences.sequenceCount).allSatisfy { sequences.count($0) >= filters.width },
      "convolutionMaxOverTime: \(indices.count) rows of the shape \(rows.shape) for a width of \(filters.width)")
    return maxima(
      of: products(with: .bytes(filters.columns)), rows: sequences, filters: filters.count, width: filters.width,
      bias: bias
    ).result
  }
}

/// The filters of a text convolution in bytes, packed once.
public struct QuantizedTextFilters: Sendable {
  let columns: PackedByteMatrix
  let count: Int
  let width: Int

  /// Filters [F, E, width], as PyTorch's `Conv1d`.
  public init(_ weight: QuantizedTensor) {
    precondition(weight.shape.count == 3, "QuantizedTextFilters: filters of the shape \(weight.shape)")
    let (count, channels, width) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let padded = count.paddedToVectors
    // The places of a window one behind the other.
    var bytes = [Int8](repeating: 0, count: width * padded * channels)
    var scales = [Float](repeating: 0, count: width * padded)
    weight.withBytes { from in
      for filter in 0..<count {
        for place in 0..<width {
          let column = place * padded + filter
          scales[column] = weight.scales[filter]
          for channel in 0..<channels {
            bytes[column * channels + channel] = from[(filter * channels + channel) * width + place]
          }
        }
      }
    }
    columns = bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { PackedByteMatrix($0, k: channels, scales: scales) }
        ?? PackedByteMatrix([], k: channels, scales: scales)
    }
    (self.count, self.width) = (count, width)
  }
}

extension Int {
  /// Filters rounded up to whole vectors.
  fileprivate var paddedToVectors: Int { (self + 7) / 8 * 8 }
}
