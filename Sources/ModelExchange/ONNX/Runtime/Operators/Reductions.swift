import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A value cut into lines along some of its dimensions, brought to the end.
struct ReducedLines {
  /// [outer, length], row-major.
  let value: ONNXValue
  let outer: Int
  let length: Int
  /// Extents of the result, with those that are reduced kept as 1 or left out.
  let shape: [Int]

  init(_ x: ONNXValue, axes: [Int], keeps: Bool) throws(OperatorFault) {
    let kept = (0..<x.rank).filter { !axes.contains($0) }
    outer = kept.reduce(1) { $0 * x.shape[$1] }
    length = axes.reduce(1) { $0 * x.shape[$1] }
    shape = keeps ? x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] } : kept.map { x.shape[$0] }
    // The order in which the elements lie is as good as any where the reduced dimensions stand at the end of it.
    value = try x.transposed(kept + axes.sorted()).reshaped([outer, length])
  }
}

/// A reduction of a line to one number, in double precision where the elements are real.
protocol LineReduction: Sendable {
  /// The result of lines without any elements; `nil` where there is none.
  static var ofNothing: Double? { get }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64
}

extension OperatorLibrary {
  mutating func addReductions() {
    addReduction("ReduceSum", SumOfLine.self)
    addReduction("ReduceMean", MeanOfLine.self)
    addReduction("ReduceMax", LargestOfLine.self)
    addReduction("ReduceMin", SmallestOfLine.self)
    addReduction("ReduceProd", ProductOfLine.self)
    addReduction("ReduceL1", AbsoluteSumOfLine.self)
    addReduction("ReduceL2", NormOfLine.self)
    addReduction("ReduceSumSquare", SquaresOfLine.self)
    addReduction("ReduceLogSum", LogSumOfLine.self)
    addReduction("ReduceLogSumExp", LogSumExpOfLine.self)
  }

  private mutating func addReduction<Reduction: LineReduction>(_ name: String, _: Reduction.Type) {
    // The axes became an operand in version 18, of sums in 13.
    let operandSince = name == "ReduceSum" ? 13 : 18
    add(name, inputs: 1...2) { (context) throws(OperatorFault) in
      let keeps = try context.attributes.flag("keepdims", default: true)
      let given = context.opset < operandSince ? try context.attributes.integers("axes") : nil
      let isIdle = try context.attributes.flag("noop_with_empty_axes")
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let wanted = try operands.optionalIntegers(1, or: given) ?? []
        if wanted.isEmpty, isIdle {
          return [try Self.reduced(x.reshaped(x.shape + [1]), [x.rank], keeps: false, Reduction.self)]
        }
        let axes = try resolvedAxes(wanted.isEmpty ? Array(0..<x.rank) : wanted, rank: x.rank)
        return [try Self.reduced(x, axes, keeps: keeps, Reduction.self)]
      }
    }
  }

  private static func reduced<Reduction: LineReduction>(
    _ x: ONNXValue, _ axes: [Int], keeps: Bool, _: Reduction.Type
  ) throws(OperatorFault) -> ONNXValue {
    // The mean over an image's rows and columns is a kernel's.
    if Reduction.self == MeanOfLine.self, x.isChannelsLast, x.rank == 4, axes.sorted() == [2, 3], x.count > 0,
      case .float32(let tensor) = x.elements
    {
      let pooled = ONNXValue(channelsLast: tensor.adaptiveAvgPool2d(outputSize: 1))
      return keeps ? pooled : pooled.reshaped([x.shape[0], x.shape[1]])
    }
    let lines = try ReducedLines(x, axes: axes, keeps: keeps)
    if lines.length == 0, lines.outer > 0 {
      if x.type == .bool {
        return try ONNXValue.make(Bool.self, shape: lines.shape) {
          $0.update(repeating: Reduction.self == SmallestOfLine.self)
        }
      }
      guard let nothing = Reduction.ofNothing else { throw .wrong("nothing is left of the shape \(x.shape)") }
      return try ONNXValue.make(Double.self, shape: lines.shape) { $0.update(repeating: nothing) }.converted(to: x.type)
    }
    switch x.type {
    case .float32: return try lines.reduced(Float.self) { Float(Reduction.floats($0)) }
    case .float64: return try lines.reduced(Double.self) { Reduction.doubles($0) }
    case .bool where Reduction.self == LargestOfLine.self || Reduction.self == SmallestOfLine.self: break
    case _ where !x.type.isInteger: throw .wrong("elements of the type \(x.type) are no numbers")
    default: break
    }
    let wide = try ReducedLines(x.converted(to: .int64), axes: axes, keeps: keeps)
    return try wide.reduced(Int64.self) { Reduction.integers($0) }.converted(to: x.type)
  }
}

extension ReducedLines {
  fileprivate func reduced<E: ONNXElement>(
    _: E.Type, _ function: (UnsafeBufferPointer<E>) -> E
  ) throws(OperatorFault) -> ONNXValue {
    try value.elements.withElements(of: E.self) { (from) throws(OperatorFault) in
      try ONNXValue.make(E.self, shape: shape, isSetWholly: true) { to in
        guard let start = from.baseAddress, let to = to.baseAddress else { return }
        let perTile = max(1, (1 << 14) / max(length, 1))
        parallelFor((outer + perTile - 1) / perTile) { tile in
          for row in tile * perTile..<min(outer, (tile + 1) * perTile) {
            to[row] = function(UnsafeBufferPointer(start: start + row * length, count: length))
          }
        }
      }
    }
  }
}

private enum SumOfLine: LineReduction {
  static var ofNothing: Double? { 0 }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double { line.reduce(into: 0.0) { $0 += Double($1) } }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double { line.reduce(0, +) }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { line.reduce(0, &+) }
}

private enum MeanOfLine: LineReduction {
  static var ofNothing: Double? { .nan }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double { SumOfLine.floats(line) / Double(line.count) }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double { SumOfLine.doubles(line) / Double(line.count) }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { SumOfLine.integers(line) / Int64(line.count) }
}

private enum LargestOfLine: LineReduction {
  static var ofNothing: Double? { -.infinity }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double {
    Double(line.reduce(-.infinity) { $0 > $1 || $0 != $0 ? $0 : $1 })
  }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double {
    line.reduce(-.infinity) { $0 > $1 || $0 != $0 ? $0 : $1 }
  }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { line.max() ?? .min }
}

private enum SmallestOfLine: LineReduction {
  static var ofNothing: Double? { .infinity }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double {
    Double(line.reduce(.infinity) { $0 < $1 || $0 != $0 ? $0 : $1 })
  }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double {
    line.reduce(.infinity) { $0 < $1 || $0 != $0 ? $0 : $1 }
  }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { line.min() ?? .max }
}

private enum ProductOfLine: LineReduction {
  static var ofNothing: Double? { 1 }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double { line.reduce(into: 1.0) { $0 *= Double($1) } }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double { line.reduce(1, *) }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { line.reduce(1, &*) }
}

private enum AbsoluteSumOfLine: LineReduction {
  static var ofNothing: Double? { 0 }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double { line.reduce(into: 0.0) { $0 += Double(abs($1)) } }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double { line.reduce(into: 0.0) { $0 += abs($1) } }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { line.reduce(0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) } }
}

private enum SquaresOfLine: LineReduction {
  static var ofNothing: Double? { 0 }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double {
    line.reduce(into: 0.0) { $0 += Double($1) * Double($1) }
  }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double { line.reduce(into: 0.0) { $0 += $1 * $1 } }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { line.reduce(0) { $0 &+ $1 &* $1 } }
}

private enum NormOfLine: LineReduction {
  static var ofNothing: Double? { 0 }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double { SquaresOfLine.floats(line).squareRoot() }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double { SquaresOfLine.doubles(line).squareRoot() }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 {
    saturated(Double(SquaresOfLine.integers(line)).squareRoot())
  }
}

private enum LogSumOfLine: LineReduction {
  static var ofNothing: Double? { -.infinity }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double { log(SumOfLine.floats(line)) }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double { log(SumOfLine.doubles(line)) }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 { saturated(log(Double(SumOfLine.integers(line)))) }
}

private enum LogSumExpOfLine: LineReduction {
  static var ofNothing: Double? { -.infinity }
  static func floats(_ line: UnsafeBufferPointer<Float>) -> Double {
    let most = LargestOfLine.floats(line)
    guard most.isFinite else { return most }
    return most + log(line.reduce(into: 0.0) { $0 += exp(Double($1) - most) })
  }
  static func doubles(_ line: UnsafeBufferPointer<Double>) -> Double {
    let most = LargestOfLine.doubles(line)
    guard most.isFinite else { return most }
    return most + log(line.reduce(into: 0.0) { $0 += exp($1 - most) })
  }
  static func integers(_ line: UnsafeBufferPointer<Int64>) -> Int64 {
    let most = Double(line.max() ?? 0)
    return saturated(most + log(line.reduce(into: 0.0) { $0 += exp(Double($1) - most) }))
  }
}
