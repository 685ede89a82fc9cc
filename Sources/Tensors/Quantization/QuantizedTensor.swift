import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Weights in bytes: number i of row r (of the first dimension) is byte · scales[r], where bytes are -127 to 127.
///
/// Products with them are computed in integers, by ``QuantizedLinear`` and by recurrent layers and convolutions: what they
/// are multiplied with is cut into 256 steps, between the lowest and the highest number of each row, or of
/// ``inputRange``.
public struct QuantizedTensor: Sendable {
  /// Extent of each dimension.
  public let shape: [Int]
  /// A number for each row.
  public let scales: [Float]
  /// What the numbers are in that the weights are multiplied with, where that was measured; it holds zero.
  public let inputRange: ClosedRange<Float>?
  private let storage: TensorStorage

  /// Bytes in row-major order.
  public init(_ bytes: [Int8], scales: [Float], shape: [Int], inputRange: ClosedRange<Float>? = nil) {
    precondition(
      bytes.count == shape.elementCount && scales.count == shape.first ?? 0 && !bytes.contains(-128),
      "QuantizedTensor: \(bytes.count) bytes and \(scales.count) scales for the shape \(shape)")
    storage = TensorStorage(byteCount: bytes.count)
    (self.shape, self.scales, self.inputRange) = (shape, scales, inputRange)
    bytes.withUnsafeBytes { bytes in
      if let from = bytes.baseAddress { storage.address.copyMemory(from: from, byteCount: bytes.count) }
    }
  }

  /// Each row rounded to 255 steps from its largest magnitude down to the negative of that; a row of zeros has the scale 0.
  public init(rounding tensor: Tensor) {
    let (bytes, scales) = tensor.roundedRows()
    self.init(bytes.map { Int8(bitPattern: $0) }, scales: scales, shape: tensor.shape)
  }

  /// Looks at bytes that `owner` keeps alive, without a copy; `nil` where one of them is -128.
  package init?(
    viewing address: UnsafeRawPointer, scales: [Float], shape: [Int], inputRange: ClosedRange<Float>?, owner: AnyObject
  ) {
    let count = shape.elementCount
    guard memchr(address, 0x80, count) == nil else { return nil }
    storage = TensorStorage(viewing: address, byteCount: count, owner: owner)
    (self.shape, self.scales, self.inputRange) = (shape, scales, inputRange)
  }

  /// Numbers of a row.
  package var width: Int { shape.dropFirst().reduce(1, *) }

  /// What a step of the inputs stands for, where their range is known: as the kernels have it (byte_product.inc.h).
  package var inputStep: Float? { inputRange.map { ($0.upperBound - $0.lowerBound) / 255 } }

  /// A number for each row in whole steps of the sums of its products, so that it can be added to these as an integer: how
  /// many, and what each stands for. `nil` where inputs have no range, or a number does not fit 32 bits.
  ///
  /// - Parameter factors: what the sums of each row are multiplied by.
  package func stepsOfSums(
    _ numbers: [Float], times factors: [Float]? = nil
  ) -> (steps: [Int32], scales: [Float])? {
    guard let inputStep, inputStep > 1e-37 else { return nil }
    let magnitudes = positiveScales(times: factors).magnitudes
    var steps: [Int32] = []
    let sizes = magnitudes.map { inputStep * $0 }
    for (number, size) in zip(numbers, sizes) {
      let step = (number / size).rounded(.toNearestOrEven)
      guard step.magnitude < 0x1p30 else { return nil }
      steps.append(Int32(step))
    }
    return (steps, sizes)
  }

  /// Numbers as ``stepsOfSums(_:times:)`` rounds them, or as they are where it does not.
  func roundedToSteps(_ numbers: Tensor, times factors: Tensor?) -> Tensor {
    guard let (steps, scales) = stepsOfSums(numbers.scalars, times: factors?.scalars) else { return numbers }
    return Tensor(zip(steps, scales).map { Float($0) * $1 })
  }

  /// The magnitude and sign of each row's scale times a factor. A row of zeros is zero times anything: it has the sign 0 and
  /// the smallest scale of the others.
  package func positiveScales(times factors: [Float]?) -> (magnitudes: [Float], signs: [Int8]) {
    let products = scales.indices.map { scales[$0] * (factors?[$0] ?? 1) }
    let smallest = products.lazy.map(\.magnitude).filter { $0 > 0 }.min() ?? 1
    return (
      products.map { $0 == 0 ? smallest : $0.magnitude }, products.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
    )
  }

  /// The bits of all bytes, those of each row times a sign (or 0).
  package func bytes(times signs: [Int8]) -> [UInt8] {
    withBytes { from in
      (0..<shape.elementCount).map { UInt8(bitPattern: from[$0] * signs[$0 / max(1, width)]) }
    }
  }

  /// Whether all bytes of a row are zero.
  package func isZero(row: Int) -> Bool {
    withBytes { bytes in (row * width..<(row + 1) * width).allSatisfy { bytes[$0] == 0 } }
  }

  /// Calls `body` with all bytes.
  func withBytes<R>(_ body: (UnsafePointer<Int8>) -> R) -> R {
    withExtendedLifetime(storage) { body(UnsafePointer(storage.address.assumingMemoryBound(to: Int8.self))) }
  }

  /// The same with a range of what it is multiplied with.
  public func settingInputRange(_ range: ClosedRange<Float>?) -> QuantizedTensor {
    QuantizedTensor(storage: storage, scales: scales, shape: shape, inputRange: range)
  }

  private init(storage: TensorStorage, scales: [Float], shape: [Int], inputRange: ClosedRange<Float>?) {
    (self.storage, self.scales, self.shape, self.inputRange) = (storage, scales, shape, inputRange)
  }

  /// The numbers as Float32.
  public var dequantized: Tensor {
    let result = Tensor(uninitialized: shape)
    let (to, width) = (result.floats, width)
    withBytes { from in
      forEachTile(ofRows: scales.count, width: width) { rows in
        for row in rows { expand(from + row * width, width, scales[row], into: to + row * width) }
      }
    }
    return result
  }

  /// Rows of a table [V, E] by number, as ``Tensor/gatherRows(_:)``.
  public func gatherRows(_ indices: [Int32]) -> Tensor {
    precondition(shape.count == 2, "gatherRows: the shape \(shape) is not that of a table")
    precondition(indices.allSatisfy { $0 < shape[0] }, "gatherRows: an index is outside of the \(shape[0]) rows")
    let width = width
    let result = Tensor(uninitialized: [indices.count, width])
    let to = result.floats
    withBytes { from in
      forEachTile(ofRows: indices.count, width: width) { positions in
        for position in positions {
          let index = Int(indices[position])
          if index >= 0 {
            expand(from + index * width, width, scales[index], into: to + position * width)
          } else {
            (to + position * width).update(repeating: 0, count: width)
          }
        }
      }
    }
    return result
  }

  /// The same with each distinct row once, as ``Tensor/indexedRows(_:)``.
  public func indexedRows(_ numbers: [Int32]) -> IndexedRows {
    let groups = RowGroups(numbers.map { $0 + 1 }, groupCount: shape[0] + 1)
    return IndexedRows(rows: gatherRows(groups.numbers.map { $0 - 1 }), indices: groups.groupOfPosition)
  }
}

extension Tensor {
  /// Each row as bytes from -127 to 127, and what a step of them stands for.
  package func roundedRows() -> (bytes: [UInt8], scales: [Float]) {
    let width = shape.dropFirst().reduce(1, *)
    return withUnsafeElements { numbers in
      var scales = [Float](repeating: 0, count: shape.first ?? 0)
      let bytes = [UInt8](unsafeUninitializedCapacity: numbers.count) { bytes, count in
        for row in scales.indices {
          let own = row * width..<(row + 1) * width
          // What is not finite becomes the largest step of the others.
          let scale = own.reduce(Float(0)) { numbers[$1].isFinite ? max($0, abs(numbers[$1])) : $0 } / 127
          scales[row] = scale
          for index in own {
            let step = scale > 0 ? (numbers[index] / scale).rounded(.toNearestOrEven) : 0
            // What is not a number has no step.
            bytes[index] = step.isNaN ? 0 : UInt8(bitPattern: Int8(max(-127, min(127, step))))
          }
        }
        count = numbers.count
      }
      return (bytes, scales)
    }
  }

  /// What rounding to bytes leaves of the numbers; see ``QuantizedTensor/init(rounding:)``.
  package func roundedToBytes() -> Tensor { count > 0 ? QuantizedTensor(rounding: self).dequantized : self }
}

/// Bytes times a scale.
private func expand(
  _ bytes: UnsafePointer<Int8>, _ count: Int, _ scale: Float, into floats: UnsafeMutablePointer<Float>
) {
  for index in 0..<count { floats[index] = Float(bytes[index]) * scale }
}
