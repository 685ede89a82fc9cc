import CKernels

extension Tensor {
  /// The sum of all elements, a scalar.
  public func sum() -> Tensor {
    let shape = shape
    return Tensor([Float(kernels.sum(floats, count))], shape: []).recorded("sum", from: [self]) {
      [.dense(Tensor(repeating: $0.scalar, shape: shape))]
    }
  }

  /// The mean of all elements, a scalar.
  public func mean() -> Tensor {
    sum() * (1 / Float(max(count, 1)))
  }

  /// Tensors side by side along an axis; all other extents must be equal.
  public static func concatenated(_ tensors: [Tensor], axis: Int) -> Tensor {
    guard let first = tensors.first else { return Tensor(zeros: [0]) }
    let axis = axis < 0 ? axis + first.rank : axis
    precondition(axis >= 0 && axis < first.rank, "concatenated: axis \(axis) of the shape \(first.shape)")
    for tensor in tensors {
      precondition(
        tensor.rank == first.rank
          && zip(tensor.shape, first.shape).enumerated().allSatisfy {
            $0.offset == axis || $0.element.0 == $0.element.1
          },
        "concatenated: the shapes \(first.shape) and \(tensor.shape) differ outside of axis \(axis)")
    }
    var shape = first.shape
    shape[axis] = tensors.reduce(0) { $0 + $1.shape[axis] }
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    let widths = tensors.map { $0.shape[axis] * inner }
    let width = widths.reduce(0, +)
    let result = Tensor(uninitialized: shape)
    var column = 0
    for (tensor, part) in zip(tensors, widths) {
      let (from, to) = (tensor.floats, result.floats + column)
      forEachTile(ofRows: outer, width: part) { rows in
        for row in rows { (to + row * width).update(from: from + row * part, count: part) }
      }
      column += part
    }
    let shapes = tensors.map(\.shape)
    return result.recorded("concatenate", from: tensors) { gradient in
      var column = 0
      return zip(shapes, widths).map { shape, part in
        let piece = Tensor(uninitialized: shape)
        let (from, to) = (gradient.floats + column, piece.floats)
        forEachTile(ofRows: outer, width: part) { rows in
          for row in rows { (to + row * part).update(from: from + row * width, count: part) }
        }
        column += part
        return .dense(piece)
      }
    }
    .traced(.concatenation(axis: axis), tensors)
  }

  /// Zeros for new channels before and behind those that are there: [..., before + C + after] of [..., C].
  public func paddedChannels(before: Int, after: Int) -> Tensor {
    precondition(rank >= 1 && before >= 0 && after >= 0, "paddedChannels: the shape \(shape), \(before), \(after)")
    func zeros(_ count: Int) -> Tensor { Tensor(zeros: Array(shape.dropLast()) + [count]) }
    return Tensor.concatenated([zeros(before), self, zeros(after)], axis: rank - 1)
      .traced(.channelPadding(before: before, after: after), [self])
  }

  /// Consecutive rows, so many each: the reverse of concatenation along the first dimension.
  public func split(rows counts: [Int]) -> [Tensor] {
    precondition(
      rank >= 1 && counts.allSatisfy { $0 >= 0 } && counts.reduce(0, +) == shape[0],
      "split: parts of \(counts) rows of the shape \(shape)")
    let width = count / max(shape[0], 1)
    let inner = Array(shape.dropFirst())
    var first = 0
    let parts = counts.map { count in
      let part = Tensor(uninitialized: [count] + inner)
      part.floats.update(from: floats + first * width, count: count * width)
      first += count
      return part
    }
    let shape = shape
    return Tensor.recorded("split", parts, from: [self]) { gradients in
      let inputGradient = Tensor(uninitialized: shape)
      var to = inputGradient.floats
      for (gradient, count) in zip(gradients, counts) {
        if let gradient {
          to.update(from: gradient.floats, count: count * width)
        } else {
          to.update(repeating: 0, count: count * width)
        }
        to += count * width
      }
      return [.dense(inputGradient)]
    }
  }
}
