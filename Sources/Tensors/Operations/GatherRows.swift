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
    // Counting sort: which slot a row of the table has, then the positions of each slot one behind the other.
    var slots = [Int32](repeating: -1, count: tableRows)
    var rows: [Int32] = []
    var counts: [Int32] = []
    for index in indices where index >= 0 {
      let slot = slots[Int(index)]
      if slot < 0 {
        slots[Int(index)] = Int32(rows.count)
        rows.append(index)
        counts.append(1)
      } else {
        counts[Int(slot)] += 1
      }
    }
    var starts = [Int32](repeating: 0, count: rows.count + 1)
    for slot in rows.indices { starts[slot + 1] = starts[slot] + counts[slot] }
    var next = starts
    var positions = [Int32](repeating: 0, count: Int(starts[rows.count]))
    for (position, index) in indices.enumerated() where index >= 0 {
      let slot = Int(slots[Int(index)])
      positions[Int(next[slot])] = Int32(position)
      next[slot] += 1
    }
    let sums = Tensor(uninitialized: [rows.count, width])
    let (from, to) = (values.floats, sums.floats)
    let perTile = 64
    starts.withUnsafeBufferPointer { starts in
      positions.withUnsafeBufferPointer { positions in
        let slotCount = starts.count - 1
        parallelFor((slotCount + perTile - 1) / perTile) { tile in
          for slot in tile * perTile..<min(slotCount, (tile + 1) * perTile) {
            let sum = to + slot * width
            let range = Int(starts[slot])..<Int(starts[slot + 1])
            sum.update(from: from + Int(positions[range.lowerBound]) * width, count: width)
            for position in range.dropFirst() {
              kernels.add_scaled(from + Int(positions[position]) * width, 1, sum, width)
            }
          }
        }
      }
    }
    self.init(rows: rows, values: sums, tableRows: tableRows)
  }
}
