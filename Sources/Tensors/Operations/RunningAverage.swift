import CKernels

extension Tensor {
  /// self += share · (other - self), in place; nothing is recorded.
  package mutating func move(toward other: Tensor, by share: Float) {
    precondition(shape == other.shape, "move: the shapes \(shape) and \(other.shape) differ")
    let from = other.floats
    withUnsafeMutableElements { elements in
      guard let to = elements.baseAddress else { return }
      forEachTile(of: elements.count) { tile in
        let at = tile.lowerBound
        kernels.scale(to + at, 1 - share, to + at, tile.count)
        kernels.add_scaled(from + at, share, to + at, tile.count)
      }
    }
    withExtendedLifetime(other) {}
  }

  /// Whether no element is infinite or not a number.
  package var isFinite: Bool { kernels.sum_of_squares(floats, count).isFinite }
}
