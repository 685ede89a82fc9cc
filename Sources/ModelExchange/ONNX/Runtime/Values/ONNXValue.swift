public import Tensors

/// An n-dimensional array as ONNX models take and give: a shape, row-major, and elements of one type.
///
/// Values of float32 are held in a ``Tensor`` and computed by its kernels. Those of images may lie with their channels
/// last inside of a model; what one gives has ONNX's order.
public struct ONNXValue: Sendable {
  /// Extent of each dimension; empty for a scalar.
  public let shape: [Int]
  let elements: ONNXElements
  /// Whether the elements of the shape [B, C, ...] lie in the order [B, ..., C].
  let isChannelsLast: Bool

  /// Elements that fit a shape.
  init(_ elements: ONNXElements, shape: [Int], isChannelsLast: Bool = false) {
    (self.shape, self.elements, self.isChannelsLast) = (shape, elements, isChannelsLast)
  }

  /// A value of float32.
  public init(_ tensor: Tensor) {
    self.init(.float32(tensor.detached), shape: tensor.shape)
  }

  /// A value of float32; `nil` where the elements do not fill the shape.
  public init?(_ elements: [Float], shape: [Int]) { self.init(checking: elements, shape: shape) }

  /// A value of int64, such as the numbers of tokens; `nil` where the elements do not fill the shape.
  public init?(_ elements: [Int64], shape: [Int]) { self.init(checking: elements, shape: shape) }

  /// A value of int32; `nil` where the elements do not fill the shape.
  public init?(_ elements: [Int32], shape: [Int]) { self.init(checking: elements, shape: shape) }

  /// A value of int8; `nil` where the elements do not fill the shape.
  public init?(_ elements: [Int8], shape: [Int]) { self.init(checking: elements, shape: shape) }

  /// A value of uint8; `nil` where the elements do not fill the shape.
  public init?(_ elements: [UInt8], shape: [Int]) { self.init(checking: elements, shape: shape) }

  /// A value of bool; `nil` where the elements do not fill the shape.
  public init?(_ elements: [Bool], shape: [Int]) { self.init(checking: elements, shape: shape) }

  /// A value of float64; `nil` where the elements do not fill the shape.
  public init?(_ elements: [Double], shape: [Int]) { self.init(checking: elements, shape: shape) }

  /// A value of strings; `nil` where the elements do not fill the shape.
  public init?(_ elements: [String], shape: [Int]) { self.init(checking: elements, shape: shape) }

  init?<E: ONNXElement>(checking elements: [E], shape: [Int]) {
    guard let count = try? ValueLimit.count(shape), count == elements.count else { return nil }
    self.init(array: elements, shape: shape)
  }

  /// Elements whose number is known to fit.
  init<E: ONNXElement>(array: [E], shape: [Int], isChannelsLast: Bool = false) {
    if E.self == Float.self, let floats = array as? [Float] {
      let tensor = Tensor(floats, shape: isChannelsLast ? channelsLastShape(shape) : shape)
      self.init(.float32(tensor), shape: shape, isChannelsLast: isChannelsLast)
    } else {
      self.init(E.elements(array), shape: shape, isChannelsLast: isChannelsLast)
    }
  }

  /// The type of the elements.
  public var type: ONNXElementType { elements.type }
  /// Number of elements.
  public var count: Int { shape.reduce(1, *) }
  /// Number of dimensions.
  public var rank: Int { shape.count }

  /// The elements of a value of float32; `nil` for other types.
  public var tensor: Tensor? {
    if case .float32(let tensor) = plain.elements { tensor } else { nil }
  }

  /// All elements in row-major order as `Double`, whatever their type: what is no number is zero. Beyond 2⁵³ integers are
  /// rounded.
  public var doubles: [Double] {
    struct Numbers: ElementVisitor {
      func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) -> [Double] { elements.map(asDouble) }
    }
    return (try? plain.elements.accept(Numbers())) ?? []
  }

  /// All elements in row-major order as `Int64`; `nil` where the type is none of integers or bool.
  public var int64s: [Int64]? {
    if case .int64(let array) = plain.elements { return array }
    guard type.isInteger || type == .bool else { return nil }
    struct Numbers: ElementVisitor {
      func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) -> [Int64] { elements.map(asInt64) }
    }
    return try? plain.elements.accept(Numbers())
  }

  /// The elements of a value of strings; `nil` for other types.
  public var strings: [String]? { if case .string(let array) = elements { array } else { nil } }
}

/// A number as `Double`; what is no number is zero.
func asDouble<E: ONNXElement>(_ element: E) -> Double {
  switch element {
  case let number as Float: Double(number)
  case let number as Double: number
  case let number as Bool: number ? 1 : 0
  case let number as any FixedWidthInteger: Double(number)
  default: 0
  }
}

/// An integer or truth as `Int64`, its bits where it is too large; others are zero.
func asInt64<E: ONNXElement>(_ element: E) -> Int64 {
  switch element {
  case let number as Int64: number
  case let number as Bool: number ? 1 : 0
  case let number as any FixedWidthInteger: Int64(truncatingIfNeeded: number)
  default: 0
  }
}
