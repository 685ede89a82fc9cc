import Tensors

/// Numbers that scale and shift each element of a value, or each slice along one axis.
private struct QuantizationGrid {
  let scales: [Double]
  let zeros: [Double]
  /// Elements that share a number, and how many numbers there are.
  private let inner: Int
  private let extent: Int
  /// Elements along the axis that share a number, where those are blocks of it.
  private let block: Int

  init(
    _ x: ONNXValue, scale: ONNXValue, zero: ONNXValue?, axis along: Int, block: Int = 0
  ) throws(OperatorFault) {
    guard scale.type == .float32 || scale.type == .float64, scale.count > 0 else {
      throw .wrong("scales of the type \(scale.type) and the shape \(scale.shape)")
    }
    scales = scale.plain.doubles
    zeros = zero?.plain.doubles ?? [Double](repeating: 0, count: scales.count)
    guard zeros.count == scales.count else { throw .wrong("\(zeros.count) zero points for \(scales.count) scales") }
    self.block = block
    if scales.count == 1, block == 0 {
      (inner, extent) = (max(1, x.count), 1)
      return
    }
    let axis = try resolvedAxis(along, rank: x.rank)
    inner = x.shape[(axis + 1)...].reduce(1, *)
    extent = x.shape[axis]
    if block > 0 {
      var shape = x.shape
      shape[axis] = (extent + block - 1) / block
      guard scale.shape == shape else { throw .wrong("scales of the shape \(scale.shape) for blocks of \(x.shape)") }
    } else {
      guard scales.count == extent else {
        throw .wrong("\(scales.count) scales for axis \(axis) of the shape \(x.shape)")
      }
    }
  }

  /// Which number an element has.
  func place(_ element: Int) -> Int {
    guard block > 0 else { return element / inner % extent }
    let blocks = (extent + block - 1) / block
    let (outer, along) = (element / inner / extent, element / inner % extent)
    return (outer * blocks + along / block) * inner + element % inner
  }
}

/// The whole numbers that a quantised type has.
private func range(of type: ONNXElementType) throws(OperatorFault) -> ClosedRange<Double> {
  switch type {
  case .uint8: 0...255
  case .int8: -128...127
  case .uint16: 0...65535
  case .int16: -32768...32767
  default: throw .unsupported("quantisation to the type \(type)")
  }
}

extension ONNXValue {
  fileprivate func quantized(
    _ grid: QuantizationGrid, to type: ONNXElementType
  ) throws(OperatorFault) -> ONNXValue {
    let range = try range(of: type)
    let numbers = plain.doubles
    // Single precision decides what is halfway between two numbers.
    let isSingle = self.type == .float32
    let whole = try ONNXValue.make(Int32.self, shape: shape, isSetWholly: true) { to in
      for index in numbers.indices {
        let place = grid.place(index)
        let ratio =
          isSingle ? Double(Float(numbers[index]) / Float(grid.scales[place])) : numbers[index] / grid.scales[place]
        let rounded = ratio.rounded(.toNearestOrEven) + grid.zeros[place]
        to[index] = saturated(max(range.lowerBound, min(range.upperBound, rounded)))
      }
    }
    return try whole.converted(to: type)
  }

  fileprivate func dequantized(_ grid: QuantizationGrid) throws(OperatorFault) -> ONNXValue {
    let numbers = plain.doubles
    return try ONNXValue.make(Float.self, shape: shape, isSetWholly: true) { to in
      for index in numbers.indices {
        let place = grid.place(index)
        to[index] = Float(numbers[index] - grid.zeros[place]) * Float(grid.scales[place])
      }
    }
  }
}

extension OperatorLibrary {
  mutating func addQuantization() {
    addQuantizedProducts()
    add("QuantizeLinear", inputs: 2...3, since: 10) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: 1)
      let block = try context.attributes.integer("block_size", default: 0)
      var type = ONNXElementType.uint8
      if let number = try context.attributes.integer("output_dtype"), number != 0 {
        type = try ONNXElementType(attribute: number, "output_dtype")
      }
      context.attributes.ignore("saturate", "precision")
      let named = type
      guard (0...1 << 30).contains(block) else { throw .wrong("attribute block_size is \(block)") }
      return { (operands) throws(OperatorFault) in
        let (x, zero) = (try operands.plain(0), operands.optional(2))
        let grid = try QuantizationGrid(x, scale: try operands.value(1), zero: zero, axis: along, block: block)
        return [try x.quantized(grid, to: zero?.type ?? named)]
      }
    }
    add("DequantizeLinear", inputs: 2...3, since: 10) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: 1)
      let block = try context.attributes.integer("block_size", default: 0)
      if let number = try context.attributes.integer("output_dtype"), number != 0 {
        _ = try ONNXElementType(attribute: number, "output_dtype")
      }
      guard (0...1 << 30).contains(block) else { throw .wrong("attribute block_size is \(block)") }
      return { (operands) throws(OperatorFault) in
        let (x, scale) = (try operands.plain(0), try operands.value(1))
        guard x.type.isInteger else { throw .unsupported("quantised numbers of the type \(x.type)") }
        return [
          try x.dequantized(
            try QuantizationGrid(x, scale: scale, zero: operands.optional(2), axis: along, block: block))
        ]
      }
    }
    add("DynamicQuantizeLinear", inputs: 1...1, outputs: 1...3, since: 11) { (_) throws(OperatorFault) in
      Self.dynamicQuantization
    }
  }

  private static let dynamicQuantization: OperatorBody = { (operands) throws(OperatorFault) in
    let x = try operands.tensor(0)
    let (least, most) = x.withUnsafeElements { numbers in
      (numbers.reduce(Float(0)) { min($0, $1) }, numbers.reduce(Float(0)) { max($0, $1) })
    }
    let scale = (most - least) / 255
    let zero = scale > 0 ? max(0, min(255, (-least / scale).rounded(.toNearestOrEven))) : 0
    let scales = ONNXValue(Tensor([scale], shape: []))
    let zeros = ONNXValue(array: [UInt8(zero.isFinite ? zero : 0)], shape: [])
    let value = ONNXValue(x)
    let grid = try QuantizationGrid(value, scale: scales, zero: zeros, axis: 0)
    return [try value.quantized(grid, to: .uint8), scales, zeros]
  }

  private mutating func addQuantizedProducts() {
    add("MatMulInteger", inputs: 2...4, since: 10) { (operands) throws(OperatorFault) in
      let a = try Self.shifted(try operands.plain(0), operands.optional(2), isLeft: true)
      let b = try Self.shifted(try operands.plain(1), operands.optional(3), isLeft: false)
      return [try WholeProduct.matrices(a, b)]
    }
    add("ConvInteger", inputs: 2...4, since: 10) { (context) throws(OperatorFault) in
      let windows = try WindowAttributes(&context.attributes)
      let groups = try context.attributes.integer("group", default: 1)
      return { (operands) throws(OperatorFault) in
        let x = try Self.shifted(try operands.plain(0), operands.optional(2), isLeft: true)
        let weight = try Self.shifted(try operands.plain(1), operands.optional(3), isLeft: true)
        return [try WholeProduct.convolution(x, weight, windows, groups: groups)]
      }
    }
    add("QLinearMatMul", inputs: 8...8, since: 10) { (operands) throws(OperatorFault) in
      let a = try Self.shifted(try operands.plain(0), operands.optional(2), isLeft: true)
      let b = try Self.shifted(try operands.plain(3), operands.optional(5), isLeft: false)
      let sums = try WholeProduct.matrices(a, b)
      return [try Self.requantized(sums, operands, scales: [1, 4, 6], zero: 7, axis: max(0, sums.rank - 1))]
    }
    add("QLinearConv", inputs: 8...9, since: 10) { (context) throws(OperatorFault) in
      let windows = try WindowAttributes(&context.attributes)
      let groups = try context.attributes.integer("group", default: 1)
      return { (operands) throws(OperatorFault) in
        let x = try Self.shifted(try operands.plain(0), operands.optional(2), isLeft: true)
        let weight = try Self.shifted(try operands.plain(3), operands.optional(5), isLeft: true)
        var sums = try WholeProduct.convolution(x, weight, windows, groups: groups)
        if let bias = operands.optional(8) {
          let column = bias.reshaped([bias.count] + [Int](repeating: 1, count: max(0, sums.rank - 2)))
          sums = try .combined(sums, column, Int32.self) { $0 &+ $1 }
        }
        return [try Self.requantized(sums, operands, scales: [1, 4, 6], zero: 7, axis: 1)]
      }
    }
  }

  /// Whole numbers less their zero point, which is one for all or one for each row on the left, column on the right.
  private static func shifted(
    _ x: ONNXValue, _ zero: ONNXValue?, isLeft: Bool
  ) throws(OperatorFault) -> ONNXValue {
    guard x.type == .uint8 || x.type == .int8 else { throw .unsupported("elements of the type \(x.type)") }
    let floats = try x.converted(to: .float32)
    guard var zero else { return floats }
    zero = try zero.converted(to: .float32)
    // One for each row is a column; the first dimension of filters is one for each of them.
    if zero.rank == 1, zero.count > 1, isLeft, x.rank >= 2 {
      let isFilter = x.rank > 2
      zero = zero.reshaped([zero.count] + [Int](repeating: 1, count: isFilter ? x.rank - 1 : 1))
    }
    return try .combined(floats, zero, Float.self) { $0 - $1 }
  }

  /// Whole sums in the scale of a result.
  private static func requantized(
    _ sums: ONNXValue, _ operands: Operands, scales: [Int], zero: Int, axis: Int
  ) throws(OperatorFault) -> ONNXValue {
    func scale(_ index: Int) throws(OperatorFault) -> ONNXValue {
      let scale = try operands.value(scales[index])
      guard scale.rank == 1, scale.count > 1, sums.rank >= 2, index == 1, axis == 1, sums.rank > 2 else { return scale }
      return scale.reshaped([scale.count] + [Int](repeating: 1, count: sums.rank - 2))
    }
    let product = try ONNXValue.combined(
      try scale(0).converted(to: .float32), try scale(1).converted(to: .float32), Float.self
    ) { $0 * $1 }
    let real = try ONNXValue.combined(try sums.converted(to: .float32), product, Float.self) { $0 * $1 }
    let (target, zeros) = (try scale(2).converted(to: .float32), try operands.value(zero))
    let grid = try QuantizationGrid(real, scale: target, zero: zeros, axis: 0)
    return try real.quantized(grid, to: zeros.type)
  }
}
