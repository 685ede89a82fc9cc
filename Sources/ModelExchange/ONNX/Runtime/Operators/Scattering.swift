import Tensors

/// What becomes of an element that another one is scattered to.
private enum ScatterReduction: String {
  case none, add, mul, max, min
}

/// Joins parts of some elements each with what stands at places, in their order.
private struct ReducingWrite: ElementWrite {
  let places: [Int]
  let size: Int
  let reduction: ScatterReduction

  func write<E: ONNXElement>(
    _ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>
  ) throws(OperatorFault) {
    guard from.count >= places.count * size else { throw .wrong("updates are fewer than the places for them") }
    switch reduction {
    case .none: PlacedWrite(places: places, size: size).write(from, to)
    case .max: try ordered(from, to) { $0 > $1 }
    case .min: try ordered(from, to) { $0 < $1 }
    case .add, .mul: try computed(from, to)
    }
  }

  private func forEach(_ body: (_ from: Int, _ to: Int) -> Void) {
    for (row, place) in places.enumerated() {
      for element in 0..<size { body(row * size + element, place + element) }
    }
  }

  private func ordered<E: ONNXElement>(
    _ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>, _ wins: (Double, Double) -> Bool
  ) throws(OperatorFault) {
    if E.self == Bool.self || E.self == String.self { throw .wrong("elements of the type \(E.type) have no order") }
    forEach { source, target in
      let (new, old) = (from[source], to[target])
      // Integers beyond 2⁵³ are compared as such.
      if E.type.isInteger, E.type != .uint64 {
        let (a, b) = (asInt64(new), asInt64(old))
        if wins(1, 0) ? a > b : a < b { to[target] = new }
      } else if wins(asDouble(new), asDouble(old)) {
        to[target] = new
      }
    }
  }

  private func computed<E: ONNXElement>(
    _ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>
  ) throws(OperatorFault) {
    let multiplies = reduction == .mul
    func run<N: ONNXElement>(_: N.Type, _ function: (N, N) -> N) -> Bool {
      guard E.self == N.self else { return false }
      let source = UnsafeRawPointer(from.baseAddress)?.assumingMemoryBound(to: N.self)
      let target = UnsafeMutableRawPointer(to.baseAddress)?.assumingMemoryBound(to: N.self)
      guard let source, let target else { return true }
      forEach { target[$1] = function(target[$1], source[$0]) }
      return true
    }
    let isDone =
      run(Float.self) { multiplies ? $0 * $1 : $0 + $1 } || run(Double.self) { multiplies ? $0 * $1 : $0 + $1 }
      || run(Int64.self) { multiplies ? $0 &* $1 : $0 &+ $1 } || run(Int32.self) { multiplies ? $0 &* $1 : $0 &+ $1 }
      || run(UInt8.self) { multiplies ? $0 &* $1 : $0 &+ $1 } || run(Int8.self) { multiplies ? $0 &* $1 : $0 &+ $1 }
      || run(UInt64.self) { multiplies ? $0 &* $1 : $0 &+ $1 } || run(UInt32.self) { multiplies ? $0 &* $1 : $0 &+ $1 }
    if !isDone { throw .unsupported("a reduction of elements of the type \(E.type)") }
  }
}

extension OperatorLibrary {
  mutating func addScattering() {
    let elements: Maker = { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: 0)
      let reduction = try Self.reduction(&context)
      return { (operands) throws(OperatorFault) in
        let (x, indices, updates) = (try operands.plain(0), try operands.value(1), try operands.plain(2))
        guard indices.shape == updates.shape else {
          throw .wrong("indices of the shape \(indices.shape) for updates of \(updates.shape)")
        }
        let axis = try resolvedAxis(along, rank: x.rank)
        let places = try elementPlaces(try operands.integers(1), shape: indices.shape, in: x.shape, along: axis)
        let builder = ValueBuilder(copying: x)
        try builder.write(updates, ReducingWrite(places: places, size: 1, reduction: reduction))
        return [builder.value]
      }
    }
    add("Scatter", inputs: 3...3, since: 9, elements)
    add("ScatterElements", inputs: 3...3, since: 11, elements)
    add("ScatterND", inputs: 3...3, since: 11) { (context) throws(OperatorFault) in
      let reduction = try Self.reduction(&context)
      return { (operands) throws(OperatorFault) in
        let (x, indices, updates) = (try operands.plain(0), try operands.plain(1), try operands.plain(2))
        let parts = try NamedParts(indices, in: x.shape)
        guard updates.shape == indices.shape.dropLast() + parts.shape else {
          throw .wrong("indices of the shape \(indices.shape) for updates of \(updates.shape)")
        }
        let builder = ValueBuilder(copying: x)
        try builder.write(updates, ReducingWrite(places: parts.places, size: parts.size, reduction: reduction))
        return [builder.value]
      }
    }
  }

  private static func reduction(_ context: inout OperatorContext) throws(OperatorFault) -> ScatterReduction {
    let word = try context.attributes.word("reduction", default: "none", of: ["none", "add", "mul", "max", "min"])
    return ScatterReduction(rawValue: word) ?? .none
  }
}
