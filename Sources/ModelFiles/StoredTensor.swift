public import Tensors

/// A tensor as it lies in a file: numbers of any type, not converted.
public struct StoredTensor: Sendable {
  private enum Storage: Sendable {
    case array([UInt8])
    case mapped(MappedFile, Range<Int>)
  }

  /// The type of its numbers.
  public let type: ElementType
  /// Extent of each dimension.
  public let shape: [Int]
  private let storage: Storage

  /// A tensor of numbers that are little-endian already.
  public init(_ bytes: [UInt8], type: ElementType, shape: [Int]) {
    precondition(
      bytes.count == shape.elementCount * type.size,
      "StoredTensor: \(bytes.count) bytes do not fill the shape \(shape) of \(type)")
    self.type = type
    self.shape = shape
    storage = .array(bytes)
  }

  init(_ file: MappedFile, _ range: Range<Int>, type: ElementType, shape: [Int]) {
    self.type = type
    self.shape = shape
    storage = .mapped(file, range)
  }

  /// Number of bytes.
  public var byteCount: Int { shape.elementCount * type.size }

  /// Calls `body` with the bytes, row-major, little-endian.
  public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    switch storage {
    case .array(let bytes): try body(bytes.span.bytes)
    case .mapped(let file, let range): try body(file.bytes(range).bytes)
    }
  }
}
