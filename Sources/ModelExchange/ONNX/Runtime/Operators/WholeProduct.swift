import Tensors

/// Products of whole numbers of 8 bits, shifted by zero points, with exact sums of 32 bits: each factor is below 2⁸, so
/// that a sum of 256 products is a whole number that single precision has.
enum WholeProduct {
  private static let exactProducts = 256

  /// int32 of two matrices, or many, of whole numbers held as float32.
  static func matrices(_ a: ONNXValue, _ b: ONNXValue) throws(OperatorFault) -> ONNXValue {
    let shapes = try BatchedProduct.Shapes(a.shape, b.shape)
    var sum: ONNXValue?
    for first in stride(from: 0, to: shapes.k, by: exactProducts) {
      let range = first..<min(shapes.k, first + exactProducts)
      let left = try a.part(range, of: a.rank - 1)
      let right = try b.part(range, of: max(0, b.rank - 2))
      sum = try added(sum, try BatchedProduct.values(left, right))
    }
    if let sum { return sum }
    return try ONNXValue.make(Int32.self, shape: shapes.result) { _ in }
  }

  /// int32 of images and filters of whole numbers held as float32.
  static func convolution(
    _ x: ONNXValue, _ weight: ONNXValue, _ windows: WindowAttributes, groups: Int
  ) throws(OperatorFault) -> ONNXValue {
    guard x.rank == weight.rank, x.rank >= 3, groups > 0 else {
      throw .wrong("operands of the shapes \(x.shape) and \(weight.shape) in \(groups) groups")
    }
    let area = weight.shape.dropFirst(2).reduce(1, *)
    let each = weight.shape[1]
    guard x.rank <= 4, area > 0, area <= exactProducts, groups == 1 || each * area <= exactProducts else {
      let (x, weight) = (try x.converted(to: .float64), try weight.converted(to: .float64))
      return try GeneralConvolution.run(x, weight, nil, windows, groups: groups).converted(to: .int32)
    }
    // Some channels at a time.
    let step = groups == 1 ? max(1, exactProducts / area) : each
    var sum: ONNXValue?
    for first in stride(from: 0, to: each, by: max(1, step)) {
      let range = first..<min(each, first + step)
      let part = try PlannedConvolution(
        windows, groups: groups, weight: try weight.part(range, of: 1).floats("input[1]"), bias: nil)
      guard groups > 1 || x.shape[1] == each else {
        throw .wrong("operands of the shapes \(x.shape) and \(weight.shape)")
      }
      sum = try added(sum, try part(groups == 1 ? try x.part(range, of: 1) : x).plain)
    }
    guard let sum else { throw .wrong("filters of the shape \(weight.shape)") }
    return sum
  }

  private static func added(_ sum: ONNXValue?, _ more: ONNXValue) throws(OperatorFault) -> ONNXValue {
    let whole = try more.mapped(Float.self) { (x: Float) -> Int32 in saturated(Double(x)) }
    guard let sum else { return whole }
    return try .combined(sum, whole, Int32.self) { $0 &+ $1 }
  }
}
