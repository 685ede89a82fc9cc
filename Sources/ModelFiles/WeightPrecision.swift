public import Tensors

/// How the weights of a network are stored. It computes with Float32, whatever they are.
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

  /// Weights of a network as they are stored: matrices and filters with a precision, vectors as they are.
  public init(weights: [String: Tensor], precision: WeightPrecision, metadata: [String: String] = ["format": "pt"]) {
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
      }
    }
    self.init(tensors: tensors, stored: stored, metadata: metadata)
  }

  /// The same with what is stored as Float32, but for some names; `nil` where scales do not fit.
  func expanded(except names: Set<String>) -> SafeTensors? {
    var tensors = tensors
    var kept: [String: StoredTensor] = [:]
    for (name, tensor) in stored {
      if names.contains(name) {
        kept[name] = tensor
        continue
      }
      let numbers = tensor.tensor
      guard let scales = tensors.removeValue(forKey: name + Self.scaleSuffix) else {
        tensors[name] = numbers
        continue
      }
      guard scales.rank == 1, numbers.rank > 0, scales.count == numbers.shape[0] else { return nil }
      tensors[name] = numbers.scalingRows(scales)
    }
    return SafeTensors(tensors: tensors, stored: kept, metadata: metadata)
  }
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

  /// Each row as bytes from -127 to 127, and what a step of them stands for.
  package func roundedRows() -> (bytes: [UInt8], scales: [Float]) {
    let width = count / shape[0]
    return withUnsafeElements { numbers in
      var scales = [Float](repeating: 0, count: shape[0])
      let bytes = [UInt8](unsafeUninitializedCapacity: numbers.count) { bytes, count in
        for row in scales.indices {
          let own = row * width..<(row + 1) * width
          let scale = own.reduce(Float(0)) { max($0, abs(numbers[$1])) } / 127
          scales[row] = scale
          for index in own {
            let step = scale > 0 ? (numbers[index] / scale).rounded(.toNearestOrEven) : 0
            bytes[index] = UInt8(bitPattern: Int8(max(-127, min(127, step))))
          }
        }
        count = numbers.count
      }
      return (bytes, scales)
    }
  }

  /// What ``roundedRows()`` leaves of the numbers.
  package func roundedToBytes() -> Tensor {
    guard count > 0 else { return self }
    let (bytes, scales) = roundedRows()
    let width = count / shape[0]
    return Tensor(
      bytes.indices.map { Float(Int8(bitPattern: bytes[$0])) * scales[$0 / width] }, shape: shape)
  }

  /// Every row times its scale.
  fileprivate func scalingRows(_ scales: Tensor) -> Tensor {
    let width = count / max(shape[0], 1)
    let (numbers, scales) = (scalars, scales.scalars)
    return Tensor(numbers.indices.map { numbers[$0] * scales[$0 / max(width, 1)] }, shape: shape)
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
