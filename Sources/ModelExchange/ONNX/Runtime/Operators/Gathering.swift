import Tensors

extension ONNXValue {
  /// Slices of a dimension by number, all of which are inside of it.
  func gathered(_ indices: [Int], along axis: Int) throws(OperatorFault) -> ONNXValue {
    var result = shape
    result[axis] = indices.count
    return try gathered(indices, along: axis, shape: result)
  }

  fileprivate func gathered(_ indices: [Int], along axis: Int, shape result: [Int]) throws(OperatorFault) -> ONNXValue {
    struct Gather: ElementVisitor {
      let indices: [Int]
      let outer: Int
      let extent: Int
      let inner: Int
      let shape: [Int]
      func visit<E: ONNXElement>(_ elements: UnsafeBufferPointer<E>) throws(OperatorFault) -> ONNXElements {
        try ONNXElements.make(E.self, shape: shape, isSetWholly: true) { (to) throws(OperatorFault) in
          guard let from = elements.baseAddress, let to = to.baseAddress, inner > 0 else { return }
          let perTile = max(1, (1 << 14) / inner)
          parallelFor((outer * indices.count + perTile - 1) / perTile) { tile in
            for row in tile * perTile..<min(outer * indices.count, (tile + 1) * perTile) {
              let place = row / indices.count * extent + indices[row % indices.count]
              if inner == 1 {
                to[row] = from[place]
              } else {
                (to + row * inner).update(from: from + place * inner, count: inner)
              }
            }
          }
        }
      }
    }
    let value = plain
    let gather = Gather(
      indices: indices, outer: shape[..<axis].reduce(1, *), extent: shape[axis],
      inner: shape[(axis + 1)...].reduce(1, *), shape: result)
    return ONNXValue(try value.elements.accept(gather), shape: result)
  }
}

/// Indices of a dimension, counted from the end where they are below zero.
func resolvedIndices(_ indices: [Int], extent: Int) throws(OperatorFault) -> [Int] {
  var result = indices
  for place in result.indices {
    let index = result[place]
    guard index >= -extent, index < extent else { throw .wrong("index \(index) of an extent of \(extent)") }
    if index < 0 { result[place] = index + extent }
  }
  return result
}

/// The place of every element of `indices` in a value, the coordinate along one axis being the index itself.
func elementPlaces(
  _ indices: [Int], shape: [Int], in target: [Int], along axis: Int
) throws(OperatorFault) -> [Int] {
  guard shape.count == target.count else { throw .wrong("indices of the shape \(shape) for \(target)") }
  for other in shape.indices where other != axis && shape[other] > target[other] {
    throw .wrong("indices of the shape \(shape) for \(target), along axis \(axis)")
  }
  var places = try resolvedIndices(indices, extent: target[axis])
  let strides = rowMajorStrides(target)
  var index = [Int](repeating: 0, count: shape.count)
  for place in places.indices {
    var at = places[place] * strides[axis]
    for other in shape.indices where other != axis { at += index[other] * strides[other] }
    places[place] = at
    var last = index.count - 1
    while last >= 0 {
      index[last] += 1
      if index[last] < shape[last] { break }
      index[last] = 0
      last -= 1
    }
  }
  return places
}

/// Where the parts begin that rows of indices [..., K] name in a value, and how many elements each has.
struct NamedParts {
  private(set) var places: [Int] = []
  let size: Int
  /// Extents of one part.
  let shape: [Int]

  init(_ indices: ONNXValue, in target: [Int], batch: Int = 0) throws(OperatorFault) {
    guard indices.rank >= 1, let width = indices.shape.last, batch + width <= target.count, batch < indices.rank,
      Array(indices.shape[..<batch]) == Array(target[..<batch])
    else { throw .wrong("indices of the shape \(indices.shape) for \(target)") }
    let numbers = try indices.integers("input[1]")
    let strides = rowMajorStrides(target)
    shape = Array(target[(batch + width)...])
    size = shape.reduce(1, *)
    let rows = indices.shape.dropLast().reduce(1, *)
    let perBatch = indices.shape[batch..<(indices.rank - 1)].reduce(1, *)
    let batchStride = target[batch...].reduce(1, *)
    _ = try ValueLimit.count([rows])
    places.reserveCapacity(rows)
    for row in 0..<rows {
      var place = perBatch == 0 ? 0 : row / perBatch * (batch == 0 ? 0 : batchStride)
      for column in 0..<width {
        let (index, extent) = (numbers[row * width + column], target[batch + column])
        guard index >= -extent, index < extent else { throw .wrong("index \(index) of an extent of \(extent)") }
        place += (index < 0 ? index + extent : index) * strides[batch + column]
      }
      places.append(place)
    }
  }
}

extension OperatorLibrary {
  mutating func addGathering() {
    add("Gather", inputs: 2...2) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: 0)
      return { (operands) throws(OperatorFault) in
        let (x, indices) = (try operands.value(0), try operands.value(1))
        let axis = try resolvedAxis(along, rank: x.rank)
        let numbers = try resolvedIndices(try operands.integers(1), extent: x.shape[axis])
        let shape = Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...])
        _ = try ValueLimit.count(shape, size: 8)
        return [try x.gathered(numbers, along: axis, shape: shape)]
      }
    }
    add("GatherElements", inputs: 2...2, since: 11) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: 0)
      return { (operands) throws(OperatorFault) in
        let (x, indices) = (try operands.plain(0), try operands.value(1))
        let axis = try resolvedAxis(along, rank: x.rank)
        let places = try elementPlaces(try operands.integers(1), shape: indices.shape, in: x.shape, along: axis)
        return [try x.lying(as: [x.count]).gathered(places, along: 0).lying(as: indices.shape)]
      }
    }
    add("GatherND", inputs: 2...2, since: 11) { (context) throws(OperatorFault) in
      let batch = try context.attributes.integer("batch_dims", default: 0)
      return { (operands) throws(OperatorFault) in
        let (x, indices) = (try operands.plain(0), try operands.plain(1))
        guard (0...x.rank).contains(batch) else { throw .wrong("batch_dims \(batch) for the shape \(x.shape)") }
        let parts = try NamedParts(indices, in: x.shape, batch: batch)
        let shape = indices.shape.dropLast() + parts.shape
        guard try ValueLimit.count(shape, size: 8) > 0 else {
          return [try ValueBuilder(like: x, shape: shape).value]
        }
        let rows = x.lying(as: [x.count / parts.size, parts.size])
        return [try rows.gathered(parts.places.map { $0 / parts.size }, along: 0).lying(as: shape)]
      }
    }
    add("OneHot", inputs: 3...3, since: 9) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: -1)
      return { (operands) throws(OperatorFault) in
        let (indices, values) = (try operands.plain(0), try operands.plain(2))
        let depths = try operands.value(1).doubles
        guard let depth = depths.first, depths.count == 1, depth >= 0, depth < 0x1p40, values.count == 2 else {
          throw .wrong("a depth of \(depths.prefix(4)) and \(values.count) values")
        }
        let axis = try resolvedAxis(along, rank: indices.rank + 1)
        let extent = Int(depth)
        let shape = indices.shape[..<axis] + [extent] + indices.shape[axis...]
        _ = try ValueLimit.count(Array(shape), size: 8)
        let inner = indices.shape[axis...].reduce(1, *)
        let places = indices.doubles.enumerated().compactMap { place, index -> Int? in
          guard index >= -depth, index < depth else { return nil }
          let number = Int(index < 0 ? index + depth : index)
          return (place / max(inner, 1) * extent + number) * inner + place % max(inner, 1)
        }
        // The values are [off, on].
        let off = try values.lying(as: [2]).part(0..<1, of: 0)
        let on = try values.lying(as: [2]).part(1..<2, of: 0)
        let builder = try ValueBuilder(like: values, shape: Array(shape), filledWith: off)
        try builder.write(try on.broadcast(to: [places.count]), PlacedWrite(places: places, size: 1))
        return [builder.value]
      }
    }
  }
}

/// Writes parts of some elements each to places.
struct PlacedWrite: ElementWrite {
  let places: [Int]
  let size: Int
  func write<E: ONNXElement>(_ from: UnsafeBufferPointer<E>, _ to: UnsafeMutableBufferPointer<E>) {
    guard let source = from.baseAddress, let target = to.baseAddress, size > 0 else { return }
    for (row, place) in places.enumerated() where place + size <= to.count && (row + 1) * size <= from.count {
      (target + place).update(from: source + row * size, count: size)
    }
  }
}
