import FoundationEssentials
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

private enum Addition: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F { a + b }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I { a &+ b }
  static func tensors(_ a: Tensor, _ b: Tensor) -> Tensor? { a + b }
}

private enum Subtraction: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F { a - b }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I { a &- b }
  static func tensors(_ a: Tensor, _ b: Tensor) -> Tensor? { a - b }
}

private enum Multiplication: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F { a * b }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I { a &* b }
  static func tensors(_ a: Tensor, _ b: Tensor) -> Tensor? { a * b }
}

private enum Division: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F { a / b }
  // By zero the standard leaves it open; it must not end the process.
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I { b == 0 ? 0 : a.dividedReportingOverflow(by: b).0 }
}

/// The remainder that has the sign of the divisor.
private enum FloorRemainder: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F {
    let remainder = a.truncatingRemainder(dividingBy: b)
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
  }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I {
    guard b != 0 else { return 0 }
    let remainder = a.remainderReportingOverflow(dividingBy: b).0
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder &+ b : remainder
  }
}

/// The remainder that has the sign of the dividend, C's `fmod`.
private enum Remainder: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F { a.truncatingRemainder(dividingBy: b) }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I {
    b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).0
  }
}

private enum Largest: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F { a > b || a != a ? a : b }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I { max(a, b) }
}

private enum Smallest: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F { a < b || a != a ? a : b }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I { min(a, b) }
}

private enum Power: PairOperation {
  static func floating<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> F {
    if b == 2 { return a * a }
    if F.self == Float.self { return F(powf(Float(a), Float(b))) }
    return F(pow(Double(a), Double(b)))
  }
  static func integer<I: FixedWidthInteger>(_ a: I, _ b: I) -> I {
    if b < 0 { return a == 1 ? 1 : a == 0 &- 1 ? (b % 2 == 0 ? 1 : a) : 0 }
    var (result, base, rest) = (I(1), a, b)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* base }
      base = base &* base
      rest >>= 1
    }
    return result
  }
}

/// The nearest value of an integer type, towards zero.
func saturated<I: FixedWidthInteger>(_ number: Double, as _: I.Type = I.self) -> I {
  guard number == number else { return 0 }
  if let exact = I(exactly: number.rounded(.towardZero)) { return exact }
  return number < 0 ? .min : .max
}

extension OperatorLibrary {
  mutating func addArithmetic() {
    addPair("Add", Addition.self)
    addPair("Sub", Subtraction.self)
    addPair("Mul", Multiplication.self)
    addPair("Div", Division.self)
    addVariadic("Max", Largest.self)
    addVariadic("Min", Smallest.self)
    addVariadic("Sum", Addition.self)
    add("Mean", inputs: 1...65536) { (operands) throws(OperatorFault) in
      var sum = try operands.value(0)
      for index in 1..<max(1, operands.values.count) {
        sum = try .combined(sum, try operands.value(index), by: Addition.self)
      }
      let count = ONNXValue(Tensor([Float(operands.values.count)], shape: []))
      return [try .combined(sum, sum.type == .float64 ? count.converted(to: .float64) : count, by: Division.self)]
    }
    add("Mod", inputs: 2...2) { (context) throws(OperatorFault) in
      let keepsSign = try context.attributes.flag("fmod")
      return { (operands) throws(OperatorFault) in
        let (a, b) = (try operands.value(0), try operands.value(1))
        return [
          keepsSign
            ? try .combined(a, b, by: Remainder.self) : try .combined(a, b, by: FloorRemainder.self)
        ]
      }
    }
    add("Pow", inputs: 2...2) { (operands) throws(OperatorFault) in
      let (a, b) = (try operands.value(0), try operands.value(1))
      if a.type == b.type { return [try .combined(a, b, by: Power.self)] }
      // The result has the type of the base; between types it is computed in double precision.
      let wide = try ONNXValue.combined(
        try a.converted(to: .float64), try b.converted(to: .float64), Double.self
      ) { Power.floating($0, $1) }
      return [try wide.converted(to: a.type)]
    }
  }

  private mutating func addPair<Operation: PairOperation>(_ name: String, _: Operation.Type) {
    add(name, inputs: 2...2) { (operands) throws(OperatorFault) in
      [try .combined(try operands.value(0), try operands.value(1), by: Operation.self)]
    }
  }

  private mutating func addVariadic<Operation: PairOperation>(_ name: String, _: Operation.Type) {
    add(name, inputs: 1...65536) { (operands) throws(OperatorFault) in
      var result = try operands.value(0)
      for index in 1..<max(1, operands.values.count) {
        result = try .combined(result, try operands.value(index), by: Operation.self)
      }
      return [result]
    }
  }
}
