public import Tensors

/// How the weights of a network are stored. Those in bytes are also computed with where that is no slower, others become
/// Float32.
public enum WeightPrecision: String, Sendable, Hashable, Codable, CaseIterable {
  /// Four bytes a number, as trained.
  case float32
  /// Two bytes a number, eleven bits of them precise; beyond ±65504 they are cut.
  case float16
  /// Two bytes a number, eight bits of them precise.
  case bfloat16
  /// One byte a number, and a scale for each row (of the first dimension).
  case int8
}

extension SafeTensors {
  private static let scaleSuffix = "#scale"
  private static let inputSuffix = "#input"

  /// Weights of a network as they are stored: matrices and filters with a precision, vectors as they are.
  ///
  /// - Parameter inputRanges: of weights in bytes, the range of what each is multiplied with, where it was measured.
  public init(
    weights: [String: Tensor], precision: WeightPrecision, inputRanges: [String: ClosedRange<Float>] = [:],
    metadata: [String: String] = ["format": "pt"]
  ) {
    var tensors: [String: Tensor] = [:]
    var stored: [String: StoredTensor] = [:]
    for (name, tensor) in weights {
      guard tensor.rank >= 2, tensor.count > 0, precision != .float32 else {
        tensors[name] = tensor
        continue
      }
      switch precision {
      case .float32: break
      case .float16:
        stored[name] = StoredTensor(
          tensor.bytes { Float16(max(-65504, min(65504, $0))).bitPattern }, type: .float16, shape: tensor.shape)
      case .bfloat16: stored[name] = StoredTensor(tensor.bytes(\.bfloat16), type: .bfloat16, shape: tensor.shape)
      case .int8:
        let (bytes, scales) = tensor.roundedRows()
        stored[name] = StoredTensor(bytes, type: .int8, shape: tensor.shape)
        tensors[name + Self.scaleSuffix] = Tensor(scales)
        if let range = inputRanges[name] {
          tensors[name + Self.inputSuffix] = Tensor([range.lowerBound, range.upperBound])
        }
      }
    }
    self.init(tensors: tensors, stored: stored, metadata: metadata)
  }

  /// The same with what is stored as Float32, but for some names, and for weights in bytes where these are wanted: those
  /// are in ``quantized``.
  func expanded(except names: Set<String>, keepingBytes: Bool) throws(WeightFault) -> SafeTensors {
    var tensors = tensors
    var kept: [String: StoredTensor] = [:]
    var quantized: [String: QuantizedTensor] = [:]
    for (name, tensor) in stored {
      if names.contains(name) {
        kept[name] = tensor
        continue
      }
      guard let scales = tensors.removeValue(forKey: name + Self.scaleSuffix) else {
        tensors[name] = tensor.tensor
        continue
      }
      let range = tensors.removeValue(forKey: name + Self.inputSuffix)
      let bytes = try Self.bytes(name, tensor, scales: scales, inputRange: range)
      if keepingBytes { quantized[name] = bytes } else { tensors[name] = bytes.dequantized }
    }
    return SafeTensors(tensors: tensors, stored: kept, quantized: quantized, metadata: metadata)
  }

  /// A weight in bytes, whose scales may come from a damaged file.
  private static func bytes(
    _ name: String, _ tensor: StoredTensor, scales: Tensor, inputRange: Tensor?
  ) throws(WeightFault) -> QuantizedTensor {
    guard tensor.type == .int8, let rows = tensor.shape.first, scales.shape == [rows] else {
      throw WeightFault(reason: "\(name) of the shape \(tensor.shape) has scales of the shape \(scales.shape)")
    }
    var range: ClosedRange<Float>?
    if let inputRange {
      let numbers = inputRange.scalars
      guard numbers.count == 2, numbers[0] <= 0, numbers[1] >= 0, (numbers[1] - numbers[0]).isFinite else {
        throw WeightFault(reason: "\(name) has the range \(numbers) of inputs")
      }
      range = numbers[0]...numbers[1]
    }
    let numbers = scales.scalars
    guard let bytes = tensor.quantized(scales: numbers, inputRange: range) else {
      throw WeightFault(reason: "\(name) has a byte below -127")
    }
    for (row, scale) in numbers.enumerated() {
      // A row of zeros may have any scale, and has 0 where it is written.
      guard scale.isFinite, scale >= 0, scale > 0 || bytes.isZero(row: row) else {
        throw WeightFault(reason: "\(name) has the scale \(scale) in row \(row)")
      }
    }
    return bytes
  }
}

/// What is wrong with a weight of a file.
struct WeightFault: Error {
  let reason: String
}

extension Tensor {
  /// Little-endian halves of all numbers.
  fileprivate func bytes(_ half: (Float) -> UInt16) -> [UInt8] {
    withUnsafeElements { numbers in
      [UInt8](unsafeUninitializedCapacity: 2 * numbers.count) { bytes, count in
        for (index, number) in numbers.enumerated() {
          let bits = half(number)
          bytes[2 * index] = UInt8(truncatingIfNeeded: bits)
          bytes[2 * index + 1] = UInt8(truncatingIfNeeded: bits >> 8)
        }
        count = 2 * numbers.count
      }
    }
  }
}

extension Float {
  /// The upper half of the bits, rounded to the nearest.
  fileprivate var bfloat16: UInt16 {
    if isNaN { return 0x7FC0 }
    let bits = bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
