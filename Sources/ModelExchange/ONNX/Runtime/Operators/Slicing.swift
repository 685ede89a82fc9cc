import Tensors

extension OperatorLibrary {
  mutating func addSlicing() {
    add("Slice", inputs: 1...5) { (context) throws(OperatorFault) in
      if context.opset < 10 {
        let (starts, ends) = (
          try context.attributes.integers("starts") ?? [], try context.attributes.integers("ends") ?? []
        )
        let axes = try context.attributes.integers("axes")
        return { (operands) throws(OperatorFault) in
          [try operands.value(0).sliced(starts: starts, ends: ends, axes: axes, steps: nil)]
        }
      }
      return { (operands) throws(OperatorFault) in
        [
          try operands.value(0).sliced(
            starts: try operands.integers(1), ends: try operands.integers(2),
            axes: try operands.optionalIntegers(3), steps: try operands.optionalIntegers(4))
        ]
      }
    }
    add("Split", inputs: 1...2, outputs: 1...65536) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: 0)
      let given = context.opset < 13 ? try context.attributes.integers("split") : nil
      let count = try context.attributes.integer("num_outputs")
      let named = context.outputCount
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let axis = try resolvedAxis(along, rank: x.rank)
        let extent = x.shape[axis]
        var parts = try operands.optionalIntegers(1, or: given) ?? []
        if parts.isEmpty {
          let pieces = max(count ?? named, named)
          guard count == nil || pieces == count, (1...65536).contains(pieces) else {
            throw .wrong("\(named) results of \(count ?? 0)")
          }
          // The last one may be smaller, from version 18 on.
          let size = (extent + pieces - 1) / pieces
          parts = (0..<pieces).map { max(0, min(size, extent - $0 * size)) }
        }
        guard parts.count >= named, parts.allSatisfy({ $0 >= 0 && $0 <= extent }),
          parts.reduce(0, { $0 > extent ? $0 : $0 + $1 }) == extent
        else {
          throw .wrong("parts \(parts) of axis \(axis) of the shape \(x.shape)")
        }
        var first = 0
        var results: [ONNXValue] = []
        for part in parts {
          results.append(try x.part(first..<first + part, of: axis))
          first += part
        }
        return results
      }
    }
    add("Trilu", inputs: 1...2, since: 14) { (context) throws(OperatorFault) in
      let isUpper = try context.attributes.flag("upper", default: true)
      return { (operands) throws(OperatorFault) in
        let x = try operands.plain(0)
        guard x.rank >= 2 else { throw .wrong("a value of the shape \(x.shape), which is no matrix") }
        let diagonal = operands.optional(1) == nil ? 0 : try operands.integer(1)
        let clearing = TriangleClear(
          rows: x.shape[x.rank - 2], columns: x.shape[x.rank - 1], isUpper: isUpper,
          diagonal: max(-1 << 40, min(1 << 40, diagonal)))
        let builder = ValueBuilder(copying: x)
        try builder.write(x, clearing)
        return [builder.value]
      }
    }
  }
}

/// Copies matrices without what is on one side of a diagonal.
private struct TriangleClear: ElementWrite {
  let rows: Int
  let columns: Int
  let isUpper: Bool
  let diagonal: Int
  func write<E: ONNXElement>(_ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>) {
    guard rows > 0, columns > 0 else { return }
    for index in 0..<min(from.count, to.count) {
      let (row, column) = (index / columns % rows, index % columns)
      let isKept = isUpper ? column >= row + diagonal : column <= row + diagonal
      to[index] = isKept ? from[index] : E.zero
    }
  }
}

extension ONNXValue {
  /// A range of one dimension, which is inside of it.
  func part(_ range: Range<Int>, of axis: Int) throws(OperatorFault) -> ONNXValue {
    guard range != 0..<shape[axis] else { return self }
    var starts = [Int](repeating: 0, count: rank)
    starts[axis] = range.lowerBound
    var result = shape
    result[axis] = range.count
    return try picked(starts: starts, steps: [Int](repeating: 1, count: rank), counts: result)
  }

  /// Elements at even distances along each dimension, all of which are inside of the value; the order in which they lie
  /// stays.
  fileprivate func picked(starts: [Int], steps: [Int], counts: [Int]) throws(OperatorFault) -> ONNXValue {
    let strides = rowMajorStrides(lyingShape)
    var (lying, moved, start) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank), 0)
    for axis in 0..<rank {
      let place = lyingAxis(axis)
      lying[place] = counts[axis]
      moved[place] = steps[axis] * strides[place]
      start += starts[axis] * strides[place]
    }
    let copied = try copying(StridedCopy(shape: lying, strides: moved, start: start), lying: lying)
    return ONNXValue(copied, shape: counts, isChannelsLast: isChannelsLast)
  }

  fileprivate func sliced(
    starts: [Int], ends: [Int], axes given: [Int]?, steps: [Int]?
  ) throws(OperatorFault) -> ONNXValue {
    guard starts.count == ends.count, starts.count <= rank else {
      throw .wrong("\(starts.count) starts and \(ends.count) ends for the shape \(shape)")
    }
    let axes = try resolvedAxes(given ?? Array(0..<starts.count), rank: rank)
    let steps = steps ?? [Int](repeating: 1, count: starts.count)
    guard axes.count == starts.count, steps.count == starts.count else {
      throw .wrong("\(axes.count) axes and \(steps.count) steps for \(starts.count) starts")
    }
    var (firsts, distances, counts) = ([Int](repeating: 0, count: rank), [Int](repeating: 1, count: rank), shape)
    for (place, axis) in axes.enumerated() {
      let (extent, step) = (shape[axis], steps[place])
      guard step != 0, step > -1 << 40, step < 1 << 40 else { throw .wrong("a step of \(step)") }
      func cut(_ index: Int, _ range: ClosedRange<Int>) -> Int {
        max(range.lowerBound, min(range.upperBound, index < 0 ? index + extent : index))
      }
      guard extent > 0 else { continue }
      let first = cut(starts[place], step > 0 ? 0...extent : 0...(extent - 1))
      let end = step < 0 && ends[place] < -extent ? -1 : cut(ends[place], step > 0 ? 0...extent : -1...(extent - 1))
      let length = step > 0 ? end - first : first - end
      counts[axis] = max(0, (length + abs(step) - 1) / abs(step))
      if length <= 0 { counts[axis] = 0 }
      firsts[axis] = counts[axis] == 0 ? 0 : first
      // A step that nothing is behind may be of any size.
      distances[axis] = counts[axis] <= 1 ? 1 : step
    }
    return try picked(starts: firsts, steps: distances, counts: counts)
  }
}
