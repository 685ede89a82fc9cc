import CKernels

/// Walks over the windows that hold a maximum.
struct ConvolutionMaxBackward {
  /// [N, E], or the distinct rows [D, E].
  let input: Tensor
  /// Which row of `input` each of the N rows is; without it all in order.
  let inputRows: [Int32]?
  let windows: Tensor
  let rows: SequenceRows
  let arguments: [Int32]
  let width: Int
  let channels: Int
  /// [B, F], zero where the activation was.
  let gradient: Tensor

  private var filters: Int { windows.shape[0] }

  /// Of the N rows, or of the distinct ones.
  func inputGradient() -> Tensor {
    let result = Tensor(zeros: [rows.rowCount, channels])
    let (to, weights, gradients) = (result.floats, windows.floats, gradient.floats)
    let window = width * channels
    parallelFor(rows.sequenceCount) { sequence in
      for filter in 0..<filters {
        let element = sequence * filters + filter
        guard gradients[element] != 0 else { continue }
        let row = rows.starts[sequence] + Int(arguments[element])
        kernels.add_scaled(weights + filter * window, gradients[element], to + row * channels, window)
      }
    }
    guard let inputRows else { return result }
    let groups = RowGroups(inputRows, groupCount: input.shape[0])
    let sums = groups.sums(of: result.floats, stride: channels, width: channels)
    withExtendedLifetime(result) {}
    // The distinct rows are mostly numbered as they appear.
    if groups.numbers.count == input.shape[0], groups.numbers.enumerated().allSatisfy({ $0.offset == $0.element }) {
      return sums
    }
    let placed = Tensor(zeros: input.shape)
    for (place, row) in groups.numbers.enumerated() {
      (placed.floats + Int(row) * channels).update(from: sums.floats + place * channels, count: channels)
    }
    withExtendedLifetime(sums) {}
    return placed
  }

  func weightGradients() -> (weight: Tensor, bias: Tensor) {
    let window = width * channels
    let sums = Tensor(zeros: [filters, window])
    let biases = Tensor(zeros: [filters])
    let (x, to, gradients) = (input.floats, sums.floats, gradient.floats)
    parallelFor(filters) { filter in
      for sequence in 0..<rows.sequenceCount {
        let element = sequence * filters + filter
        guard gradients[element] != 0 else { continue }
        let row = rows.starts[sequence] + Int(arguments[element])
        if let inputRows {
          for offset in 0..<width {
            let from = x + Int(inputRows[row + offset]) * channels
            kernels.add_scaled(from, gradients[element], to + filter * window + offset * channels, channels)
          }
        } else {
          kernels.add_scaled(x + row * channels, gradients[element], to + filter * window, window)
        }
        biases.floats[filter] += gradients[element]
      }
    }
    return (sums.permutedFromWindows(channels: channels, width: width), biases)
  }
}
