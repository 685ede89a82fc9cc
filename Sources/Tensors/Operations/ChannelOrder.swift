import CKernels

extension Tensor {
  /// Images or sequences [B, C, ...] with their channels last, [B, ..., C]. PyTorch's tensors come in this way.
  public func channelsLast() -> Tensor {
    precondition(rank >= 2, "channelsLast: the shape \(shape) has no channels")
    let inner = shape.dropFirst(2).reduce(1, *)
    let result = transposedEach(shape[1], inner, shape: [shape[0]] + shape.dropFirst(2) + [shape[1]])
    return result.recorded("channelsLast", from: [self]) { [.dense($0.channelsFirst())] }
  }

  /// Images or sequences [B, ..., C] with their channels before what has them, [B, C, ...], as PyTorch's are.
  public func channelsFirst() -> Tensor {
    precondition(rank >= 2, "channelsFirst: the shape \(shape) has no channels")
    let (inner, channels) = (shape[1..<rank - 1].reduce(1, *), shape[rank - 1])
    let result = transposedEach(inner, channels, shape: [shape[0], channels] + shape[1..<rank - 1])
    return result.recorded("channelsFirst", from: [self]) { [.dense($0.channelsLast())] }
      .traced(.channelsFirst, [self])
  }

  /// B matrices of so many rows and columns, each transposed.
  private func transposedEach(_ rows: Int, _ columns: Int, shape: [Int]) -> Tensor {
    // One order is the other where there is but one row or column.
    guard rows > 1, columns > 1 else { return Tensor(shape: shape, storage: storage) }
    let result = Tensor(uninitialized: shape)
    let (from, to) = (floats, result.floats)
    parallelFor(shape[0]) { index in
      let start = index * rows * columns
      kernels.transpose(from + start, columns, rows, columns, to + start, rows)
    }
    return withExtendedLifetime(self) { result }
  }
}
