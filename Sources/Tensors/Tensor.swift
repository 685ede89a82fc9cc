/// An n-dimensional array of Float32, row-major and contiguous.
///
/// A value: copies share their storage until one of them is written to. While a ``GradientTape`` records, a tensor that
/// depends on a ``Parameter`` remembers how it was made.
///
/// Operations check shapes and stop with a message that names the operation and both shapes when they do not fit, as
/// `Array` does for an index out of range: shapes are the programmer's, never the input's.
public struct Tensor: Sendable {
  /// Extent of each dimension; empty for a scalar.
  public let shape: [Int]
  var storage: TensorStorage
  var node: GradientNode?

  init(shape: [Int], storage: TensorStorage, node: GradientNode? = nil) {
    self.shape = shape
    self.storage = storage
    self.node = node
  }

  /// A tensor whose elements are not set yet.
  package init(uninitialized shape: [Int]) {
    self.init(shape: shape, storage: TensorStorage(byteCount: shape.elementCount * MemoryLayout<Float>.stride))
  }

  /// A shape without any elements yet, for what is replaced before it is read; reading it is a programmer's error.
  package init(shapeOnly shape: [Int]) {
    self.init(shape: shape, storage: Tensor.empty.storage)
  }

  /// A tensor filled with one number.
  public init(repeating value: Float, shape: [Int]) {
    self.init(uninitialized: shape)
    withUnsafeMutableElements { $0.update(repeating: value) }
  }

  /// A tensor of zeros.
  public init(zeros shape: [Int]) {
    self.init(repeating: 0, shape: shape)
  }

  /// The elements in row-major order.
  public init(_ scalars: [Float], shape: [Int]) {
    precondition(
      scalars.count == shape.elementCount, "Tensor: \(scalars.count) numbers do not fill the shape \(shape)")
    self.init(uninitialized: shape)
    withUnsafeMutableElements { _ = $0.update(fromContentsOf: scalars) }
  }

  /// A vector.
  public init(_ scalars: [Float]) {
    self.init(scalars, shape: [scalars.count])
  }

  /// Looks at floats that `owner` keeps alive, without a copy.
  package init(viewing address: UnsafeRawPointer, shape: [Int], owner: AnyObject) {
    let bytes = shape.elementCount * MemoryLayout<Float>.stride
    self.init(shape: shape, storage: TensorStorage(viewing: address, byteCount: bytes, owner: owner))
  }

  /// Number of elements.
  public var count: Int { shape.elementCount }

  /// Number of dimensions.
  public var rank: Int { shape.count }

  /// All elements in row-major order; copies.
  public var scalars: [Float] {
    withUnsafeElements { Array($0) }
  }

  /// The only element of a tensor that has one.
  public var scalar: Float {
    precondition(count == 1, "scalar: the tensor has the shape \(shape), not one element")
    return withUnsafeElements { $0[0] }
  }

  /// The element at an index for each dimension; costs a bounds check for each, so not for hot loops.
  public subscript(_ indices: Int...) -> Float {
    get { withUnsafeElements { $0[offset(of: indices)] } }
    set {
      let offset = offset(of: indices)
      withUnsafeMutableElements { $0[offset] = newValue }
    }
  }

  private func offset(of indices: [Int]) -> Int {
    precondition(indices.count == rank, "subscript: \(indices.count) indices for the shape \(shape)")
    var offset = 0
    for (index, extent) in zip(indices, shape) {
      precondition(index >= 0 && index < extent, "subscript: \(indices) is outside of the shape \(shape)")
      offset = offset * extent + index
    }
    return offset
  }

  /// The same elements under another shape; free.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.elementCount == count, "reshaped: \(self.shape) does not have the elements of \(shape)")
    let result = Tensor(shape: shape, storage: storage)
    let original = self.shape
    return result.recorded("reshape", from: [self]) { [.dense($0.reshaped(original))] }.traced(.reshape, [self])
  }

  /// The same numbers without the memory of how they were made.
  public var detached: Tensor { Tensor(shape: shape, storage: storage) }

  package func withUnsafeElements<R, E: Error>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
    precondition(hasElements, "a tensor of the shape \(shape) is read that has no values yet")
    return try withExtendedLifetime(storage) { () throws(E) -> R in
      try body(UnsafeBufferPointer(start: floats, count: count))
    }
  }

  /// Copies first when the storage is shared.
  package mutating func withUnsafeMutableElements<R, E: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    precondition(hasElements, "a tensor of the shape \(shape) is written that has no values yet")
    if !isKnownUniquelyReferenced(&storage) || storage.isBorrowed {
      let copy = TensorStorage(byteCount: storage.byteCount)
      copy.address.copyMemory(from: storage.address, byteCount: storage.byteCount)
      storage = copy
    }
    node = nil
    return try withExtendedLifetime(storage) { () throws(E) -> R in
      try body(UnsafeMutableBufferPointer(start: floats, count: count))
    }
  }

  private var hasElements: Bool { storage.byteCount >= count * MemoryLayout<Float>.stride }

  /// The first element. The storage must be kept alive while the pointer is used, and only a tensor that nobody else
  /// has seen yet may be written through it.
  var floats: UnsafeMutablePointer<Float> {
    storage.address.assumingMemoryBound(to: Float.self)
  }
}

extension [Int] {
  /// The number of elements that a shape holds.
  package var elementCount: Int { reduce(1, *) }
}

extension Tensor: Equatable {
  /// Equal shapes and equal numbers (as `Float` compares them).
  public static func == (a: Tensor, b: Tensor) -> Bool {
    a.shape == b.shape && a.withUnsafeElements { x in b.withUnsafeElements { y in x.elementsEqual(y) } }
  }
}

extension Tensor: CustomStringConvertible {
  /// The shape, and the elements of small tensors.
  public var description: String {
    let elements = count <= 16 ? " \(scalars)" : ""
    return "Tensor\(shape)\(elements)"
  }
}
