import Tensors

/// The shape that two shapes have in common, extents of 1 being repeated as in NumPy.
func broadcastShape(_ a: [Int], _ b: [Int]) throws(OperatorFault) -> [Int] {
  var shape = [Int](repeating: 1, count: max(a.count, b.count))
  for place in 0..<shape.count {
    let (x, y) = (place < a.count ? a[a.count - 1 - place] : 1, place < b.count ? b[b.count - 1 - place] : 1)
    guard x == y || x == 1 || y == 1 else { throw .wrong("the shapes \(a) and \(b) do not fit each other") }
    shape[shape.count - 1 - place] = x == 1 ? y : x
  }
  return shape
}

/// The strides with which a shape is read as a larger one, zero where it is repeated.
func broadcastStrides(_ shape: [Int], as target: [Int]) -> [Int] {
  let strides = rowMajorStrides(shape)
  let offset = target.count - shape.count
  return target.indices.map { axis in
    axis < offset || shape[axis - offset] == 1 ? 0 : strides[axis - offset]
  }
}

extension ONNXValue {
  /// The value written out under a larger shape.
  func broadcast(to shape: [Int]) throws(OperatorFault) -> ONNXValue {
    let value = plain
    guard value.shape != shape else { return value }
    guard try broadcastShape(value.shape, shape) == shape else {
      throw .wrong("the shape \(value.shape) cannot be repeated to \(shape)")
    }
    _ = try ValueLimit.count(shape, size: 8)
    return try value.moved(StridedCopy(shape: shape, strides: broadcastStrides(value.shape, as: shape)), to: shape)
  }
}

/// How two operands are walked together: dimensions in which both are read evenly are one.
struct PairWalk {
  /// Extents, and the strides of both operands.
  private(set) var shape: [Int] = []
  private(set) var a: [Int] = []
  private(set) var b: [Int] = []

  init(_ first: [Int], _ second: [Int], as target: [Int]) {
    let (x, y) = (broadcastStrides(first, as: target), broadcastStrides(second, as: target))
    for axis in target.indices where target[axis] != 1 {
      if let last = shape.indices.last, a[last] == x[axis] * target[axis], b[last] == y[axis] * target[axis] {
        shape[last] *= target[axis]
        (a[last], b[last]) = (x[axis], y[axis])
      } else {
        shape.append(target[axis])
        a.append(x[axis])
        b.append(y[axis])
      }
    }
    if shape.isEmpty { (shape, a, b) = ([1], [0], [0]) }
  }

  /// Calls `body` for runs along the last dimension: where they begin in both operands and in the result, which is walked
  /// in order, on several threads.
  func forEachRun(_ body: (_ a: Int, _ b: Int, _ to: Int, _ count: Int) -> Void) {
    let inner = shape[shape.count - 1]
    let outer = shape.dropLast().reduce(1, *)
    guard inner > 0, outer > 0 else { return }
    if outer == 1 {
      let (x, y) = (a[a.count - 1], b[b.count - 1])
      let piece = 1 << 15
      return parallelFor((inner + piece - 1) / piece) { tile in
        let first = tile * piece
        body(first * x, first * y, first, min(piece, inner - first))
      }
    }
    let perTile = max(1, (1 << 14) / inner)
    parallelFor((outer + perTile - 1) / perTile) { tile in
      let range = tile * perTile..<min(outer, (tile + 1) * perTile)
      var index = [Int](repeating: 0, count: shape.count - 1)
      var (x, y, rest) = (0, 0, range.lowerBound)
      for axis in index.indices.reversed() {
        index[axis] = rest % shape[axis]
        rest /= shape[axis]
        x += index[axis] * a[axis]
        y += index[axis] * b[axis]
      }
      for row in range {
        body(x, y, row * inner, inner)
        var axis = index.count - 1
        while axis >= 0 {
          index[axis] += 1
          x += a[axis]
          y += b[axis]
          if index[axis] < shape[axis] { break }
          x -= shape[axis] * a[axis]
          y -= shape[axis] * b[axis]
          index[axis] = 0
          axis -= 1
        }
      }
    }
  }

  /// Applies a function of two elements; a run's strides are 0 or 1, or anything.
  func apply<Function: PairFunction>(
    _ x: UnsafePointer<Function.First>, _ y: UnsafePointer<Function.Second>,
    _ to: UnsafeMutablePointer<Function.Result>, _ function: Function
  ) {
    let (strideA, strideB) = (a[a.count - 1], b[b.count - 1])
    forEachRun { first, second, at, count in
      let (x, y, to) = (x + first, y + second, to + at)
      switch (strideA, strideB) {
      case (1, 1): for i in 0..<count { to[i] = function(x[i], y[i]) }
      case (1, 0):
        let other = y[0]
        for i in 0..<count { to[i] = function(x[i], other) }
      case (0, 1):
        let other = x[0]
        for i in 0..<count { to[i] = function(other, y[i]) }
      default: for i in 0..<count { to[i] = function(x[i * strideA], y[i * strideB]) }
      }
    }
  }
}
