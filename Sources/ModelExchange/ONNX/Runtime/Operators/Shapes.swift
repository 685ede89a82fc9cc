import Tensors

extension OperatorLibrary {
  mutating func addShapes() {
    add("Shape", inputs: 1...1) { (context) throws(OperatorFault) in
      let start = try context.attributes.integer("start", default: 0)
      let end = try context.attributes.integer("end")
      return { (operands) throws(OperatorFault) in
        let shape = try operands.value(0).shape
        func place(_ index: Int) -> Int { max(0, min(shape.count, index < 0 ? index &+ shape.count : index)) }
        let (first, last) = (place(start), place(end ?? shape.count))
        let part = first < last ? Array(shape[first..<last]) : []
        return [ONNXValue(array: part.map { Int64($0) }, shape: [part.count])]
      }
    }
    add("Size", inputs: 1...1) { (operands) throws(OperatorFault) in
      [ONNXValue(array: [Int64(try operands.value(0).count)], shape: [])]
    }
    add("Reshape", inputs: 2...2) { (context) throws(OperatorFault) in
      let allowsZero = try context.attributes.flag("allowzero")
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let shape = try Self.resolved(try operands.integers(1), of: x, allowsZero: allowsZero)
        return [x.reshaped(shape)]
      }
    }
    add("Flatten", inputs: 1...1) { (context) throws(OperatorFault) in
      let start = try context.attributes.integer("axis", default: 1)
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        guard start >= -x.rank, start <= x.rank else { throw .wrong("axis \(start) of the shape \(x.shape)") }
        let axis = start < 0 ? start + x.rank : start
        return [x.reshaped([x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])]
      }
    }
    add("Squeeze", inputs: 1...2) { (context) throws(OperatorFault) in
      let given = context.opset < 13 ? try context.attributes.integers("axes") : nil
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        guard let wanted = try operands.optionalIntegers(1, or: given) else {
          return [x.reshaped(x.shape.filter { $0 != 1 })]
        }
        let dropped = try resolvedAxes(wanted, rank: x.rank)
        for axis in dropped where x.shape[axis] != 1 {
          throw .wrong("axis \(axis) of the shape \(x.shape) is not 1")
        }
        return [x.reshaped(x.shape.indices.filter { !dropped.contains($0) }.map { x.shape[$0] })]
      }
    }
    add("Unsqueeze", inputs: 1...2) { (context) throws(OperatorFault) in
      let given = context.opset < 13 ? try context.attributes.integers("axes") : nil
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let wanted = try operands.integers(1, or: given)
        guard wanted.count <= 64 else { throw .wrong("\(wanted.count) axes") }
        let rank = x.rank + wanted.count
        guard rank <= 64 else { throw .wrong("a value of \(rank) dimensions; there may be 64") }
        let added = try resolvedAxes(wanted, rank: rank)
        var rest = x.shape[...]
        return [x.reshaped((0..<rank).map { added.contains($0) ? 1 : rest.popFirst() ?? 1 })]
      }
    }
    add("Transpose", inputs: 1...1) { (context) throws(OperatorFault) in
      let order = try context.attributes.integers("perm")
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let order = order ?? Array((0..<x.rank).reversed())
        guard order.sorted() == Array(0..<x.rank) else { throw .wrong("a permutation \(order) of \(x.shape)") }
        return [try x.transposed(order)]
      }
    }
    add("Expand", inputs: 2...2, since: 8) { (operands) throws(OperatorFault) in
      let (x, shape) = (try operands.value(0), try operands.integers(1))
      _ = try ValueLimit.count(shape)
      return [try x.broadcast(to: try broadcastShape(x.shape, shape))]
    }
    add("Tile", inputs: 2...2) { (operands) throws(OperatorFault) in
      let (x, repeats) = (try operands.plain(0), try operands.integers(1))
      guard repeats.count == x.rank else { throw .wrong("\(repeats.count) repeats of the shape \(x.shape)") }
      // Each dimension becomes two, the first of which is walked without moving.
      var (shape, strides, result): ([Int], [Int], [Int]) = ([], [], [])
      for (axis, stride) in rowMajorStrides(x.shape).enumerated() {
        shape += [repeats[axis], x.shape[axis]]
        strides += [0, stride]
        let (extent, overflows) = repeats[axis].multipliedReportingOverflow(by: x.shape[axis])
        guard repeats[axis] >= 0, !overflows else { throw .wrong("repeats \(repeats) of the shape \(x.shape)") }
        result.append(extent)
      }
      _ = try ValueLimit.count(shape, size: 8)
      return [try x.moved(StridedCopy(shape: shape, strides: strides), to: result)]
    }
    add("DepthToSpace", inputs: 1...1) { (context) throws(OperatorFault) in
      let block = try context.attributes.integer("blocksize", default: 0)
      let mode = try context.attributes.word("mode", default: "DCR", of: ["DCR", "CRD"])
      return { (operands) throws(OperatorFault) in
        let x = try operands.plain(0)
        let (b, c, h, w) = try Self.image(x, divided: block, isDepth: true)
        let parts = mode == "DCR" ? [b, block, block, c, h, w] : [b, c, block, block, h, w]
        let order = mode == "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
        return [try x.lying(as: parts).transposed(order).reshaped([b, c, h * block, w * block])]
      }
    }
    add("SpaceToDepth", inputs: 1...1) { (context) throws(OperatorFault) in
      let block = try context.attributes.integer("blocksize", default: 0)
      let mode = try context.attributes.word("mode", default: "DCR", of: ["DCR", "CRD"])
      return { (operands) throws(OperatorFault) in
        let x = try operands.plain(0)
        let (b, c, h, w) = try Self.image(x, divided: block, isDepth: false)
        let order = mode == "DCR" ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
        return [
          try x.lying(as: [b, c, h, block, w, block]).transposed(order).reshaped([b, c * block * block, h, w])
        ]
      }
    }
  }

  /// Extents of an image, the channels or else rows and columns divided into blocks.
  private static func image(
    _ x: ONNXValue, divided block: Int, isDepth: Bool
  ) throws(OperatorFault) -> (b: Int, c: Int, h: Int, w: Int) {
    guard x.rank == 4, (1...4096).contains(block) else { throw .wrong("blocks of \(block) of the shape \(x.shape)") }
    let s = x.shape
    guard isDepth ? s[1] % (block * block) == 0 : s[2] % block == 0 && s[3] % block == 0 else {
      throw .wrong("the shape \(s) is not divided by blocks of \(block)")
    }
    return isDepth ? (s[0], s[1] / (block * block), s[2], s[3]) : (s[0], s[1], s[2] / block, s[3] / block)
  }

  /// The shape that a request stands for: 0 keeps an extent, -1 takes what is left.
  private static func resolved(
    _ wanted: [Int], of x: ONNXValue, allowsZero: Bool
  ) throws(OperatorFault) -> [Int] {
    var shape = wanted
    var open: Int?
    for (axis, extent) in wanted.enumerated() {
      if extent == 0, !allowsZero {
        guard axis < x.rank else { throw .wrong("the shape \(wanted) for \(x.shape)") }
        shape[axis] = x.shape[axis]
      } else if extent == -1 {
        guard open == nil else { throw .wrong("the shape \(wanted) leaves two extents open") }
        open = axis
        shape[axis] = 1
      } else if extent < 0 {
        throw .wrong("the shape \(wanted) has a negative extent")
      }
    }
    let known = try ValueLimit.count(shape, size: 0)
    if let open {
      guard known > 0, x.count % known == 0 else { throw .wrong("the shape \(wanted) for \(x.shape)") }
      shape[open] = x.count / known
    }
    guard shape.reduce(1, *) == x.count else { throw .wrong("the shape \(wanted) for \(x.shape)") }
    return shape
  }
}

extension ONNXValue {
  /// The value with its dimensions in another order, which is a permutation of them.
  func transposed(_ order: [Int]) throws(OperatorFault) -> ONNXValue {
    let result = order.map { shape[$0] }
    if order == Array(0..<rank) { return self }
    // Channels to the end or back again are how values may lie: nothing is moved.
    if rank >= 3 {
      let toLast = [0] + Array(2..<rank) + [1]
      if isChannelsLast, order == toLast { return lying(as: result) }
      if !isChannelsLast, order == [0, rank - 1] + Array(1..<(rank - 1)), type == .float32 {
        return ONNXValue(elements, shape: result, isChannelsLast: true)
      }
    }
    let value = plain
    if rank >= 3, case .float32(let tensor) = value.elements, order == [0] + Array(2..<rank) + [1] {
      return ONNXValue(.float32(tensor.channelsLast()), shape: result)
    }
    let strides = rowMajorStrides(shape)
    return try value.moved(StridedCopy(shape: result, strides: order.map { strides[$0] }), to: result)
  }
}
