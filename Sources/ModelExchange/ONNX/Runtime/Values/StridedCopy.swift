import Tensors

/// The distance, in elements, of two neighbours along each dimension.
func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  var stride = 1
  for axis in shape.indices.reversed() {
    strides[axis] = stride
    stride *= shape[axis]
  }
  return strides
}

/// Moves elements: those of a shape are read and written at places that grow evenly along each dimension. Transposition,
/// slices, repetition and concatenation are all of this kind.
struct StridedCopy: Sendable {
  private var shape: [Int]
  private var from: [Int]
  private var to: [Int]
  private let start: Int
  private let target: Int

  /// Reads with `strides` from `start` on and writes a row-major array of the shape, or with the strides `to`.
  init(shape: [Int], strides: [Int], start: Int = 0, to: [Int]? = nil, target: Int = 0) {
    (self.start, self.target) = (start, target)
    let to = to ?? rowMajorStrides(shape)
    // Neighbouring dimensions that are one in both places become one: long runs are moved whole.
    (self.shape, self.from, self.to) = ([], [], [])
    for axis in shape.indices where shape[axis] != 1 {
      if let last = self.shape.indices.last, self.from[last] == strides[axis] * shape[axis],
        self.to[last] == to[axis] * shape[axis]
      {
        self.shape[last] *= shape[axis]
        (self.from[last], self.to[last]) = (strides[axis], to[axis])
      } else {
        self.shape.append(shape[axis])
        self.from.append(strides[axis])
        self.to.append(to[axis])
      }
    }
  }

  /// Copies; the caller has checked that all places are inside of both.
  func run<E>(_ source: UnsafePointer<E>, _ destination: UnsafeMutablePointer<E>) {
    if shape.contains(0) { return }
    guard let inner = shape.last, let innerFrom = from.last, let innerTo = to.last else {
      destination[target] = source[start]
      return
    }
    let outer = shape.dropLast().reduce(1, *)
    let perTile = max(1, (1 << 15) / inner)
    let tiles = (outer + perTile - 1) / perTile
    nonisolated(unsafe) let (source, destination) = (source, destination)
    parallelFor(tiles) { tile in
      let range = tile * perTile..<min(outer, (tile + 1) * perTile)
      var index = [Int](repeating: 0, count: shape.count - 1)
      var (place, goal, rest) = (start, target, range.lowerBound)
      for axis in index.indices.reversed() {
        index[axis] = rest % shape[axis]
        rest /= shape[axis]
        place += index[axis] * from[axis]
        goal += index[axis] * to[axis]
      }
      for _ in range {
        if innerFrom == 1, innerTo == 1 {
          (destination + goal).update(from: source + place, count: inner)
        } else {
          for element in 0..<inner { destination[goal + element * innerTo] = source[place + element * innerFrom] }
        }
        var axis = index.count - 1
        while axis >= 0 {
          index[axis] += 1
          place += from[axis]
          goal += to[axis]
          if index[axis] < shape[axis] { break }
          place -= shape[axis] * from[axis]
          goal -= shape[axis] * to[axis]
          index[axis] = 0
          axis -= 1
        }
      }
    }
  }
}

extension ONNXValue {
  /// New elements of the shape in which they lie, moved from those of this value.
  func copying(_ copy: StridedCopy, lying shape: [Int]) throws(OperatorFault) -> ONNXElements {
    struct Copy: ElementVisitor {
      let copy: StridedCopy
      let shape: [Int]
      func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXElements {
        try ONNXElements.make(E.self, shape: shape, isSetWholly: true) { (to) throws(OperatorFault) in
          guard let from = elements.baseAddress, let to = to.baseAddress else { return }
          copy.run(from, to)
        }
      }
    }
    return try elements.accept(Copy(copy: copy, shape: shape))
  }

  /// A plain value of a shape, moved from the elements of this one as they lie.
  func moved(_ copy: StridedCopy, to shape: [Int]) throws(OperatorFault) -> ONNXValue {
    ONNXValue(try copying(copy, lying: shape), shape: shape)
  }
}

/// A value that is put together from parts of others.
struct ValueBuilder {
  /// Holds the only reference to the elements, so that writing does not copy them.
  private final class Holder {
    var elements: ONNXElements
    init(_ elements: ONNXElements) { self.elements = elements }
  }

  private let holder: Holder
  let shape: [Int]

  /// Zeros, or copies of one element, of the type of a value.
  init(like value: ONNXValue, shape: [Int], filledWith filler: ONNXValue? = nil) throws(OperatorFault) {
    struct Make: ElementVisitor {
      let shape: [Int]
      let filler: ONNXValue?
      func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXElements {
        let first = try filler?.array(of: E.self).first
        return try ONNXElements.make(E.self, shape: shape) { (to) throws(OperatorFault) in
          if let first { to.update(repeating: first) }
        }
      }
    }
    self.shape = shape
    holder = Holder(try value.elements.accept(Make(shape: shape, filler: filler)))
  }

  /// The elements of a value, to be changed.
  init(copying value: ONNXValue) {
    (holder, shape) = (Holder(value.elements), value.lyingShape)
  }

  private struct Write<W: ElementWrite>: ElementVisitor {
    let write: W
    let holder: Holder
    func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) {
      guard holder.elements.type == E.type else {
        throw .wrong("elements of the types \(holder.elements.type) and \(E.type) cannot be joined")
      }
      if case .float32(var tensor) = holder.elements {
        holder.elements = .bool([])
        try tensor.withUnsafeMutableElements { (floats) throws(OperatorFault) in
          let address = UnsafeMutableRawPointer(floats.baseAddress)?.assumingMemoryBound(to: E.self)
          try write.write(elements, UnsafeMutableBufferPointer(start: address, count: floats.count))
        }
        holder.elements = .float32(tensor)
      } else if var array = E.array(of: holder.elements) {
        holder.elements = .bool([])
        try array.withUnsafeMutableBufferPointer { (to) throws(OperatorFault) in try write.write(elements, to) }
        holder.elements = E.elements(array)
      }
    }
  }

  /// Writes elements of a value of the same type.
  func write(_ value: ONNXValue, _ write: some ElementWrite) throws(OperatorFault) {
    try value.elements.accept(Write(write: write, holder: holder))
  }

  var value: ONNXValue { ONNXValue(holder.elements, shape: shape) }
}

/// A way to write elements of one value into another one.
protocol ElementWrite {
  func write<E: ONNXElement>(
    _ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>
  ) throws(OperatorFault)
}

extension StridedCopy: ElementWrite {
  func write<E: ONNXElement>(_ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>) {
    guard let from = from.baseAddress, let to = to.baseAddress else { return }
    run(from, to)
  }
}
