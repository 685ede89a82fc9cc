import CKernels

extension Tensor {
  /// Softmax along the last dimension.
  public func softmax() -> Tensor {
    precondition(rank >= 1, "softmax: a scalar has no last dimension")
    let output = mapRows { kernels.softmax($0, $1, $2, $3) }
    return output.recorded("softmax", from: [self]) { gradient in
      [.dense(output.combineRows(gradient) { kernels.softmax_gradient($0, $1, $2, $3, $4) })]
    }
  }

  /// log softmax along the last dimension, for losses that take logarithms of probabilities.
  public func logSoftmax() -> Tensor {
    precondition(rank >= 1, "logSoftmax: a scalar has no last dimension")
    let output = mapRows { kernels.log_softmax($0, $1, $2, $3) }
    return output.recorded("logSoftmax", from: [self]) { gradient in
      [.dense(output.combineRows(gradient) { kernels.log_softmax_gradient($0, $1, $2, $3, $4) })]
    }
  }

  /// Softmax along any dimension; one below zero counts from the end.
  public func softmax(dimension: Int) -> Tensor { alongLast(dimension, "softmax") { $0.softmax() } }

  /// log softmax along any dimension; one below zero counts from the end.
  public func logSoftmax(dimension: Int) -> Tensor { alongLast(dimension, "logSoftmax") { $0.logSoftmax() } }

  /// An operation on the last dimension, done on another one.
  private func alongLast(_ dimension: Int, _ name: StaticString, _ operation: (Tensor) -> Tensor) -> Tensor {
    let dimension = dimension < 0 ? dimension + rank : dimension
    precondition(dimension >= 0 && dimension < rank, "\(name): dimension \(dimension) of the shape \(shape)")
    guard dimension < rank - 1 else { return operation(self) }
    let outer = shape[..<dimension].reduce(1, *)
    let inner = shape[(dimension + 1)...].reduce(1, *)
    let columns = reshaped([outer, shape[dimension], inner]).transposedMatrices()
    return operation(columns).transposedMatrices().reshaped(shape)
  }

  /// [B, N, M] for [B, M, N].
  private func transposedMatrices() -> Tensor {
    let (rows, columns) = (shape[1], shape[2])
    let result = Tensor(uninitialized: [shape[0], columns, rows])
    for matrix in 0..<shape[0] {
      let offset = matrix * rows * columns
      kernels.transpose(floats + offset, columns, rows, columns, result.floats + offset, rows)
    }
    return result.recorded("transpose", from: [self]) { [.dense($0.transposedMatrices())] }
  }

  private func mapRows(_ kernel: (UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>) -> Void) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let width = shape[rank - 1]
    forEachTile(ofRows: count / max(width, 1), width: width) { rows in
      let offset = rows.lowerBound * width
      kernel(floats + offset, rows.count, width, result.floats + offset)
    }
    return result
  }

  private func combineRows(
    _ other: Tensor,
    _ kernel: (UnsafePointer<Float>, UnsafePointer<Float>, Int, Int, UnsafeMutablePointer<Float>) -> Void
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let width = shape[rank - 1]
    forEachTile(ofRows: count / max(width, 1), width: width) { rows in
      let offset = rows.lowerBound * width
      kernel(floats + offset, other.floats + offset, rows.count, width, result.floats + offset)
    }
    return result
  }
}
