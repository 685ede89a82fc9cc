private enum IsGreater: PairComparison {
  static func holds<C: Comparable>(_ a: C, _ b: C) -> Bool { a > b }
}

private enum IsGreaterOrEqual: PairComparison {
  static func holds<C: Comparable>(_ a: C, _ b: C) -> Bool { a >= b }
}

private enum IsLess: PairComparison {
  static func holds<C: Comparable>(_ a: C, _ b: C) -> Bool { a < b }
}

private enum IsLessOrEqual: PairComparison {
  static func holds<C: Comparable>(_ a: C, _ b: C) -> Bool { a <= b }
}

private enum IsEqual: PairComparison {
  static func holds<C: Comparable>(_ a: C, _ b: C) -> Bool { a == b }
}

extension OperatorLibrary {
  mutating func addComparisons() {
    addComparison("Greater", IsGreater.self)
    addComparison("GreaterOrEqual", IsGreaterOrEqual.self)
    addComparison("Less", IsLess.self)
    addComparison("LessOrEqual", IsLessOrEqual.self)
    add("Equal", inputs: 2...2) { (operands) throws(OperatorFault) in
      let (a, b) = (try operands.value(0), try operands.value(1))
      return [
        a.type == .bool
          ? try .combined(a, b, Bool.self) { $0 == $1 } : try .compared(a, b, by: IsEqual.self)
      ]
    }
    add("And", inputs: 2...2) { (operands) throws(OperatorFault) in
      [try .combined(try operands.value(0), try operands.value(1), Bool.self) { $0 && $1 }]
    }
    add("Or", inputs: 2...2) { (operands) throws(OperatorFault) in
      [try .combined(try operands.value(0), try operands.value(1), Bool.self) { $0 || $1 }]
    }
    add("Xor", inputs: 2...2) { (operands) throws(OperatorFault) in
      [try .combined(try operands.value(0), try operands.value(1), Bool.self) { $0 != $1 }]
    }
    add("Not", inputs: 1...1) { (operands) throws(OperatorFault) in
      [try operands.value(0).mapped(Bool.self) { !$0 }]
    }
    add("Where", inputs: 3...3) { (operands) throws(OperatorFault) in
      let (condition, x, y) = (try operands.plain(0), try operands.plain(1), try operands.plain(2))
      guard x.type == y.type else { throw .wrong("operands of the types \(x.type) and \(y.type)") }
      let shape = try broadcastShape(try broadcastShape(x.shape, y.shape), condition.shape)
      let mask = try condition.broadcast(to: shape).array(of: Bool.self)
      let builder = ValueBuilder(copying: try y.broadcast(to: shape))
      try builder.write(try x.broadcast(to: shape), MaskedWrite(mask: mask))
      return [builder.value]
    }
  }

  private mutating func addComparison<Comparison: PairComparison>(_ name: String, _: Comparison.Type) {
    add(name, inputs: 2...2) { (operands) throws(OperatorFault) in
      [try .compared(try operands.value(0), try operands.value(1), by: Comparison.self)]
    }
  }
}

/// Writes the elements at which a mask is true.
private struct MaskedWrite: ElementWrite {
  let mask: [Bool]
  func write<E: ONNXElement>(_ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>) {
    for index in 0..<min(mask.count, from.count, to.count) where mask[index] { to[index] = from[index] }
  }
}
