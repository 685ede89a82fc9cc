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

  /// The numbers as Float32, whatever their type.
  var tensor: Tensor {
    switch storage {
    case .mapped(let file, let range):
      return Tensor(readingFrom: file.base + range.lowerBound, type, shape: shape, owner: file)
    case .array(let bytes):
      return bytes.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return Tensor(zeros: shape) }
        // Copied, since the array's memory may move.
        return Tensor(Tensor(readingFrom: start, type, shape: shape, owner: Nothing.shared).scalars, shape: shape)
      }
    }
  }

  /// Bytes with a scale for each row, looked at where they are mapped; `nil` where one of them is -128.
  func quantized(scales: [Float], inputRange: ClosedRange<Float>?) -> QuantizedTensor? {
    switch storage {
    case .mapped(let file, let range):
      return QuantizedTensor(
        viewing: file.base + range.lowerBound, scales: scales, shape: shape, inputRange: inputRange, owner: file)
    case .array(let bytes):
      let signed = bytes.map { Int8(bitPattern: $0) }
      return signed.contains(-128)
        ? nil : QuantizedTensor(signed, scales: scales, shape: shape, inputRange: inputRange)
    }
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

/// The owner of memory that nobody has to keep.
private final class Nothing: Sendable {
  static let shared = Nothing()
}
