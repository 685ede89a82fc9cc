import Tensors

extension OperatorLibrary {
  mutating func addSelection() {
    addExtreme("ArgMax") { $0 > $1 }
    addExtreme("ArgMin") { $0 < $1 }
    add("TopK", inputs: 1...2, outputs: 1...2) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: -1)
      let wantsLargest = try context.attributes.flag("largest", default: true)
      let isSorted = try context.attributes.flag("sorted", default: true)
      let given = context.opset < 10 ? try context.attributes.integer("k") : nil
      return { (operands) throws(OperatorFault) in
        let x = try operands.plain(0)
        let axis = try resolvedAxis(along, rank: x.rank)
        let k: Int = if let given { given } else { try operands.integer(1) }
        guard (0...x.shape[axis]).contains(k) else { throw .wrong("\(k) of axis \(axis) of the shape \(x.shape)") }
        let numbers = x.doubles
        let lines = AxisLines(x.shape, axis)
        let chosen = lines.map { line in
          var order = Array(0..<lines.length)
          // Equal numbers stand in their order; what is no number is larger than any.
          func key(_ place: Int) -> Double {
            let number = numbers[line(place)]
            return number.isNaN ? .infinity : number
          }
          order.sort {
            let (a, b) = (key($0), key($1))
            return a == b ? $0 < $1 : wantsLargest ? a > b : a < b
          }
          let best = Array(order.prefix(k))
          return isSorted ? best : best.sorted()
        }
        var shape = x.shape
        shape[axis] = k
        var (places, indices) = ([Int](repeating: 0, count: shape.reduce(1, *)), [Int64]())
        indices = places.map { Int64($0) }
        let target = AxisLines(shape, axis)
        for (row, best) in chosen.enumerated() {
          for (rank, place) in best.enumerated() {
            let to = target.place(row, rank)
            places[to] = lines.place(row, place)
            indices[to] = Int64(place)
          }
        }
        let values = try x.lying(as: [x.count]).gathered(places, along: 0).lying(as: shape)
        return [values, ONNXValue(array: indices, shape: shape)]
      }
    }
    add("CumSum", inputs: 2...2, since: 11) { (context) throws(OperatorFault) in
      let isExclusive = try context.attributes.flag("exclusive")
      let isReversed = try context.attributes.flag("reverse")
      return { (operands) throws(OperatorFault) in
        let x = try operands.plain(0)
        let axis = try resolvedAxis(try operands.integer(1), rank: x.rank)
        let sum = RunningSum(
          lines: AxisLines(x.shape, axis), isExclusive: isExclusive, isReversed: isReversed, shape: x.shape)
        return [ONNXValue(try x.elements.accept(sum), shape: x.shape)]
      }
    }
    add("NonZero", inputs: 1...1, since: 9) { (operands) throws(OperatorFault) in
      let x = try operands.plain(0)
      let truths = try x.converted(to: .bool).array(of: Bool.self)
      let places = truths.indices.filter { truths[$0] }
      let strides = rowMajorStrides(x.shape)
      _ = try ValueLimit.count([x.rank, places.count])
      var numbers: [Int64] = []
      for axis in 0..<x.rank {
        for place in places { numbers.append(Int64(place / strides[axis] % x.shape[axis])) }
      }
      return [ONNXValue(array: numbers, shape: [x.rank, places.count])]
    }
  }

  private mutating func addExtreme(_ name: String, _ wins: @escaping @Sendable (Double, Double) -> Bool) {
    add(name, inputs: 1...1) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: 0)
      let keeps = try context.attributes.flag("keepdims", default: true)
      let takesLast = try context.attributes.flag("select_last_index")
      return { (operands) throws(OperatorFault) in
        let x = try operands.plain(0)
        let axis = try resolvedAxis(along, rank: x.rank)
        guard x.shape[axis] > 0 else { throw .wrong("axis \(axis) of the shape \(x.shape) has no elements") }
        let (numbers, lines) = (x.doubles, AxisLines(x.shape, axis))
        let best = lines.map { line in
          var best = 0
          for place in 1..<max(1, lines.length) {
            let (new, old) = (numbers[line(place)], numbers[line(best)])
            if wins(new, old) || (takesLast && new == old) { best = place }
          }
          return Int64(best)
        }
        var shape = x.shape
        if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
        return [ONNXValue(array: best, shape: shape)]
      }
    }
  }
}

/// The lines of a value along one dimension.
struct AxisLines: Sendable {
  let length: Int
  private let outer: Int
  private let inner: Int

  init(_ shape: [Int], _ axis: Int) {
    length = shape[axis]
    outer = shape[..<axis].reduce(1, *)
    inner = shape[(axis + 1)...].reduce(1, *)
  }

  /// Lines that have elements.
  var count: Int { length == 0 ? 0 : outer * inner }

  /// Where an element of a line stands.
  func place(_ line: Int, _ element: Int) -> Int { (line / inner * length + element) * inner + line % inner }

  /// Calls `body` for each line with where its elements stand.
  func map<R>(_ body: ((Int) -> Int) -> R) -> [R] {
    (0..<count).map { line in body { place(line, $0) } }
  }
}

private struct RunningSum: NumberVisitor {
  let lines: AxisLines
  let isExclusive: Bool
  let isReversed: Bool
  let shape: [Int]

  func visit<E: ONNXNumber>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXElements {
    try ONNXElements.make(E.self, shape: shape) { to in
      for line in 0..<lines.count {
        var sum = E.zero
        for step in 0..<lines.length {
          let place = lines.place(line, isReversed ? lines.length - 1 - step : step)
          if isExclusive { to[place] = sum }
          sum = wrappingSum(sum, elements[place])
          if !isExclusive { to[place] = sum }
        }
      }
    }
  }

  /// Integers wrap around: a sum may not end the process.
  private func wrappingSum<E: ONNXNumber>(_ a: E, _ b: E) -> E {
    if let x = a as? any FixedWidthInteger, let y = b as? any FixedWidthInteger {
      func add<I: FixedWidthInteger>(_ x: I) -> E? { (x &+ I(truncatingIfNeeded: y)) as? E }
      return add(x) ?? a
    }
    return a + b
  }
}
