import Tensors

extension OperatorLibrary {
  mutating func addPadding() {
    add("Pad", inputs: 1...4) { (context) throws(OperatorFault) in
      let mode = try context.attributes.word(
        "mode", default: "constant", of: ["constant", "reflect", "edge", "wrap"])
      let given = context.opset < 11 ? try context.attributes.integers("pads") : nil
      let filler = context.opset < 11 ? try context.attributes.float("value", default: 0) : 0
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let pads = try operands.integers(1, or: given)
        let along = try resolvedAxes(try operands.optionalIntegers(3) ?? Array(0..<x.rank), rank: x.rank)
        guard pads.count == 2 * along.count else { throw .wrong("\(pads.count) pads for the shape \(x.shape)") }
        var (before, behind) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
        for (place, axis) in along.enumerated() {
          (before[axis], behind[axis]) = (pads[place], pads[along.count + place])
        }
        for pad in pads where pad.clamped != pad { throw .wrong("a pad of \(pad)") }
        var value = operands.optional(2)
        if given != nil { value = ONNXValue(Tensor([filler], shape: [])) }
        return [try x.padded(before, behind, mode: mode, filler: value)]
      }
    }
  }
}

extension Int {
  /// Within what sums of extents may come to.
  fileprivate var clamped: Int { Swift.max(-1 << 40, Swift.min(1 << 40, self)) }
}

extension ONNXValue {
  /// - Parameters:
  ///   - before: elements that each dimension begins with; below zero it loses as many.
  ///   - filler: what they are in the mode "constant"; zero without it.
  func padded(
    _ before: [Int], _ behind: [Int], mode: String, filler: ONNXValue?
  ) throws(OperatorFault) -> ONNXValue {
    let value = self
    var result = shape
    for axis in 0..<rank {
      result[axis] += before[axis] + behind[axis]
      guard result[axis] >= 0 else { throw .wrong("pads of \(before) and \(behind) for the shape \(shape)") }
    }
    let lying = isChannelsLast ? channelsLastShape(result) : result
    _ = try ValueLimit.count(lying, size: 8)
    if result.contains(0), mode != "constant" {
      let empty = try ValueBuilder(like: value, shape: lying).value
      return ONNXValue(empty.elements, shape: result, isChannelsLast: isChannelsLast)
    }
    if mode == "constant" {
      // What stays of the value, and where it goes.
      var (starts, counts, goals) = ([Int](), [Int](), [Int]())
      for axis in 0..<rank {
        starts.append(max(0, -before[axis]))
        counts.append(max(0, min(shape[axis] + min(0, behind[axis]), shape[axis]) - starts[axis]))
        goals.append(max(0, before[axis]))
      }
      if let filler, filler.count != 1 || filler.type != type {
        throw .wrong("a filler of \(filler.type)\(filler.shape)")
      }
      let builder = try ValueBuilder(like: value, shape: lying, filledWith: filler)
      guard !counts.contains(0) else {
        return ONNXValue(builder.value.elements, shape: result, isChannelsLast: isChannelsLast)
      }
      let (from, to) = (rowMajorStrides(lyingShape), rowMajorStrides(lying))
      var (own, start, target) = ([Int](repeating: 0, count: rank), 0, 0)
      for axis in 0..<rank {
        let place = lyingAxis(axis)
        own[place] = counts[axis]
        start += starts[axis] * from[place]
        target += goals[axis] * to[place]
      }
      try builder.write(value, StridedCopy(shape: own, strides: from, start: start, to: to, target: target))
      return ONNXValue(builder.value.elements, shape: result, isChannelsLast: isChannelsLast)
    }
    // Other modes read each dimension through a table of places, one dimension after the other.
    var current = plain
    for axis in 0..<rank where before[axis] != 0 || behind[axis] != 0 {
      let extent = current.shape[axis]
      guard extent > 0 || result[axis] == 0 else { throw .wrong("mode \(mode) for the shape \(shape)") }
      let places = (0..<result[axis]).map { place -> Int in
        let from = place - before[axis]
        switch mode {
        case "edge": return max(0, min(extent - 1, from))
        case "wrap": return ((from % extent) + extent) % extent
        default:
          guard extent > 1 else { return 0 }
          let period = 2 * (extent - 1)
          let turned = ((from % period) + period) % period
          return turned < extent ? turned : period - turned
        }
      }
      current = try current.gathered(places, along: axis)
    }
    return current
  }
}
