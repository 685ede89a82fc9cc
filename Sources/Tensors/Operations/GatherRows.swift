import CKernels

extension Tensor {
  /// Rows of a table [V, E] by number: [indices.count, E]. A number below zero gives a row of zeros.
  ///
  /// The gradient of a table that is a parameter is row-sparse: a step costs what it reads, not V.
  public func gatherRows(_ indices: [Int32]) -> Tensor {
    precondition(rank == 2, "gatherRows: the shape \(shape) is not that of a table")
    let (rows, width) = (shape[0], shape[1])
    precondition(indices.allSatisfy { $0 < rows }, "gatherRows: an index is outside of the \(rows) rows")
    let result = Tensor(uninitialized: [indices.count, width])
    let (from, to) = (floats, result.floats)
    indices.withUnsafeBufferPointer { indices in
      let perTile = max(1, elementsPerTile / max(width, 1))
      parallelFor((indices.count + perTile - 1) / perTile) { tile in
        for position in tile * perTile..<min(indices.count, (tile + 1) * perTile) {
          let index = Int(indices[position])
          if index >= 0 {
            (to + position * width).update(from: from + index * width, count: width)
          } else {
            (to + position * width).update(repeating: 0, count: width)
          }
        }
      }
    }
    return result.recorded("gatherRows", from: [self]) {
      [.rows(RowGradient(summing: $0, at: indices, tableRows: rows, width: width))]
    }
  }
}

extension RowGradient {
  /// Sums the rows of `values` [N, E] that belong to the same row of the table, in their order.
  init(summing values: Tensor, at indices: [Int32], tableRows: Int, width: Int) {
    let groups = RowGroups(indices, groupCount: tableRows)
    let isDistinct = groups.numbers.count == indices.count
    let sums =
      isDistinct ? values : withExtendedLifetime(values) { groups.sums(of: values.floats, stride: width, width: width) }
    self.init(rows: groups.numbers, values: sums, tableRows: tableRows)
  }
}
