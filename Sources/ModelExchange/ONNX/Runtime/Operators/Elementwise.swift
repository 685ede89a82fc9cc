import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A function of one number, for every type of number.
protocol SingleOperation: SendableMetatype {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F
  static func integer<I: FixedWidthInteger>(_ x: I) -> I
}

/// A function of one element, as a type: loops over it are compiled for each.
protocol ElementFunction {
  associatedtype Element: ONNXElement
  associatedtype Result: ONNXElement
  func callAsFunction(_ x: Element) -> Result
}

private struct RealElement<Operation: SingleOperation, E: BinaryFloatingPoint & ONNXElement>: ElementFunction {
  func callAsFunction(_ x: E) -> E { Operation.floating(x) }
}

private struct WholeElement<Operation: SingleOperation, E: FixedWidthInteger & ONNXElement>: ElementFunction {
  func callAsFunction(_ x: E) -> E { Operation.integer(x) }
}

/// Any function; called for each element, so that it is for what is rare or costs more than a call.
private struct AnyElement<E: ONNXElement, R: ONNXElement>: ElementFunction {
  let function: (E) -> R
  func callAsFunction(_ x: E) -> R { function(x) }
}

extension ONNXValue {
  /// A function of each element, which must be of the type E; the order in which they lie stays.
  func mapped<E: ONNXElement, R: ONNXElement>(_: E.Type, _ function: (E) -> R) throws(OperatorFault) -> ONNXValue {
    try withoutActuallyEscaping(function) { (function) throws(OperatorFault) in
      try mapped(AnyElement(function: function))
    }
  }

  func mapped<Function: ElementFunction>(_ function: Function) throws(OperatorFault) -> ONNXValue {
    let elements = try elements.withElements(of: Function.Element.self) { (from) throws(OperatorFault) in
      try ONNXElements.make(Function.Result.self, shape: lyingShape, isSetWholly: true) { (to) throws(OperatorFault) in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        let (count, piece) = (count, 1 << 14)
        parallelFor((count + piece - 1) / piece) { tile in
          for i in tile * piece..<min(count, (tile + 1) * piece) { to[i] = function(from[i]) }
        }
      }
    }
    return ONNXValue(elements, shape: shape, isChannelsLast: isChannelsLast)
  }

  /// A function of a tensor's elements that the library has.
  func mappedTensor(_ function: (Tensor) -> Tensor) throws(OperatorFault) -> ONNXValue {
    ONNXValue(.float32(function(try lyingFloats("input[0]"))), shape: shape, isChannelsLast: isChannelsLast)
  }

  func mapped<Operation: SingleOperation>(by _: Operation.Type) throws(OperatorFault) -> ONNXValue {
    switch type {
    case .float32: try mapped(RealElement<Operation, Float>())
    case .float64: try mapped(RealElement<Operation, Double>())
    case .int64: try mapped(WholeElement<Operation, Int64>())
    case .int32: try mapped(WholeElement<Operation, Int32>())
    case .int16: try mapped(WholeElement<Operation, Int16>())
    case .int8: try mapped(WholeElement<Operation, Int8>())
    case .uint64: try mapped(WholeElement<Operation, UInt64>())
    case .uint32: try mapped(WholeElement<Operation, UInt32>())
    case .uint16: try mapped(WholeElement<Operation, UInt16>())
    case .uint8: try mapped(WholeElement<Operation, UInt8>())
    default: throw .wrong("elements of the type \(type) are no numbers")
    }
  }

  /// A function of real numbers, in the precision of the elements.
  func mappedReal(_ single: (Float) -> Float, _ double: (Double) -> Double) throws(OperatorFault) -> ONNXValue {
    switch type {
    case .float32: try mapped(Float.self, single)
    case .float64: try mapped(Double.self, double)
    default: throw .wrong("elements of the type \(type) are no real numbers")
    }
  }
}

private enum Negation: SingleOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { -x }
  static func integer<I: FixedWidthInteger>(_ x: I) -> I { 0 &- x }
}

private enum Absolute: SingleOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { x.magnitude }
  static func integer<I: FixedWidthInteger>(_ x: I) -> I { x < 0 ? 0 &- x : x }
}

private enum Signum: SingleOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { x > 0 ? 1 : x < 0 ? -1 : x }
  static func integer<I: FixedWidthInteger>(_ x: I) -> I { x > 0 ? 1 : x < 0 ? 0 &- 1 : 0 }
}

private enum Rectifier: SingleOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { x > 0 || x != x ? x : 0 }
  static func integer<I: FixedWidthInteger>(_ x: I) -> I { max(x, 0) }
}

/// What only real numbers have, and leaves whole ones as they are.
private protocol RealOperation: SingleOperation {}

extension RealOperation {
  static func integer<I: FixedWidthInteger>(_ x: I) -> I { x }
}

private enum Root: RealOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { x.squareRoot() }
}

private enum Inverse: RealOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { 1 / x }
}

private enum RoundedDown: RealOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { x.rounded(.down) }
}

private enum RoundedUp: RealOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { x.rounded(.up) }
}

private enum RoundedToEven: RealOperation {
  static func floating<F: BinaryFloatingPoint>(_ x: F) -> F { x.rounded(.toNearestOrEven) }
}

extension OperatorLibrary {
  mutating func addElementwise() {
    addSingle("Neg", Negation.self)
    addSingle("Abs", Absolute.self)
    addSingle("Sign", Signum.self)
    add("Relu", inputs: 1...1) { (operands) throws(OperatorFault) in
      let x = try operands.value(0)
      return [x.type == .float32 ? try x.mappedTensor { $0.relu() } : try x.mapped(by: Rectifier.self)]
    }
    add("Exp", inputs: 1...1) { (operands) throws(OperatorFault) in
      let x = try operands.value(0)
      return [x.type == .float32 ? try x.mappedTensor { $0.exp() } : try x.mapped(Double.self) { exp($0) }]
    }
    addReal("Log", { log($0) }, { log($0) })
    addSingle("Sqrt", Root.self)
    addSingle("Reciprocal", Inverse.self)
    addSingle("Floor", RoundedDown.self)
    addSingle("Ceil", RoundedUp.self)
    addSingle("Round", RoundedToEven.self)
    addReal("Erf", { erff($0) }, { erf($0) })
    addReal("Sin", { sinf($0) }, { sin($0) })
    addReal("Cos", { cosf($0) }, { cos($0) })
    addReal("Tan", { tanf($0) }, { tan($0) })
    addReal("Sinh", { sinhf($0) }, { sinh($0) })
    addReal("Cosh", { coshf($0) }, { cosh($0) })
    addReal("Asin", { asinf($0) }, { asin($0) })
    addReal("Acos", { acosf($0) }, { acos($0) })
    addReal("Atan", { atanf($0) }, { atan($0) })
    addReal("Asinh", { asinhf($0) }, { asinh($0) })
    addReal("Acosh", { acoshf($0) }, { acosh($0) })
    addReal("Atanh", { atanhf($0) }, { atanh($0) })
    add("IsNaN", inputs: 1...1) { (operands) throws(OperatorFault) in
      let x = try operands.value(0)
      return [x.type == .float64 ? try x.mapped(Double.self) { $0.isNaN } : try x.mapped(Float.self) { $0.isNaN }]
    }
    add("IsInf", inputs: 1...1) { (context) throws(OperatorFault) in
      let positive = try context.attributes.flag("detect_positive", default: true)
      let negative = try context.attributes.flag("detect_negative", default: true)
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        func find(_ x: Double) -> Bool { x.isInfinite && (x > 0 ? positive : negative) }
        return [x.type == .float64 ? try x.mapped(Double.self, find) : try x.mapped(Float.self) { find(Double($0)) }]
      }
    }
    add("Clip", inputs: 1...3) { (context) throws(OperatorFault) in
      // Until version 11 the bounds were attributes.
      if context.opset < 11 {
        let least = try context.attributes.float("min", default: -.greatestFiniteMagnitude)
        let most = try context.attributes.float("max", default: .greatestFiniteMagnitude)
        let bounds = (ONNXValue(Tensor([least], shape: [])), ONNXValue(Tensor([most], shape: [])))
        return { (operands) throws(OperatorFault) in [try operands.value(0).clipped(bounds.0, bounds.1)] }
      }
      return { (operands) throws(OperatorFault) in
        [try operands.value(0).clipped(operands.optional(1), operands.optional(2))]
      }
    }
  }

  private mutating func addSingle<Operation: SingleOperation>(_ name: String, _: Operation.Type) {
    add(name, inputs: 1...1) { (operands) throws(OperatorFault) in
      [try operands.value(0).mapped(by: Operation.self)]
    }
  }

  private mutating func addReal(
    _ name: String, _ single: @escaping @Sendable (Float) -> Float, _ double: @escaping @Sendable (Double) -> Double
  ) {
    add(name, inputs: 1...1) { (operands) throws(OperatorFault) in
      [try operands.value(0).mappedReal(single, double)]
    }
  }
}

extension Tensor {
  /// Cuts what is below `least` and above `most`; what is no number stays.
  mutating func clip(_ least: Float, _ most: Float) {
    withUnsafeMutableElements { elements in
      guard let start = elements.baseAddress else { return }
      Self.clip(UnsafePointer(start), start, elements.count, least, most)
    }
  }

  func clipped(_ least: Float, _ most: Float) -> Tensor {
    var result = Tensor(uninitialized: shape)
    withUnsafeElements { from in
      result.withUnsafeMutableElements { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        Self.clip(from, to, count, least, most)
      }
    }
    return result
  }

  private static func clip(
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int, _ least: Float, _ most: Float
  ) {
    let piece = 1 << 15
    parallelFor((count + piece - 1) / piece) { tile in
      for i in tile * piece..<min(count, (tile + 1) * piece) {
        let x = from[i] < least ? least : from[i]
        to[i] = x > most ? most : x
      }
    }
  }
}

extension ONNXValue {
  /// Elements cut to what is between two scalars, each of which may be missing.
  fileprivate func clipped(_ least: ONNXValue?, _ most: ONNXValue?) throws(OperatorFault) -> ONNXValue {
    struct Clip: NumberVisitor {
      let value: ONNXValue
      let least: ONNXValue?
      let most: ONNXValue?
      func visit<E: ONNXNumber>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXValue {
        func bound(_ value: ONNXValue?, _ name: String) throws(OperatorFault) -> E? {
          guard let value else { return nil }
          guard value.count == 1 else { throw .wrong("\(name) has the shape \(value.shape), which is no scalar") }
          return try value.array(of: E.self)[0]
        }
        let (least, most) = (try bound(least, "min"), try bound(most, "max"))
        if case .float32(let tensor) = value.elements {
          // An upper bound below the lower one wins.
          let upper = most as? Float ?? .infinity
          let clipped = tensor.clipped(min(least as? Float ?? -.infinity, upper), upper)
          return ONNXValue(.float32(clipped), shape: value.shape, isChannelsLast: value.isChannelsLast)
        }
        switch (least, most) {
        case (let least?, let most?):
          return try value.mapped(E.self) { $0 < least ? (most < least ? most : least) : $0 > most ? most : $0 }
        case (let least?, nil): return try value.mapped(E.self) { $0 < least ? least : $0 }
        case (nil, let most?): return try value.mapped(E.self) { $0 > most ? most : $0 }
        case (nil, nil): return value
        }
      }
    }
    return try elements.accept(Clip(value: self, least: least, most: most))
  }
}
