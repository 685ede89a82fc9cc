import Foundation
import ModelFiles
import NeuralNetworks
import Tensors
import Testing

/// Weights and images by a formula of their names, as `scripts/fixtures/formula.py` makes them: networks are too large to
/// store.
enum Formula {
  /// Numbers in [-1, 1), exact in `Float`.
  static func uniform(_ name: String, _ shape: [Int]) -> Tensor {
    let start = fnv1a32(name) &* 0x9E37_79B9
    let count = shape.reduce(1, *)
    let scalars = [Float](unsafeUninitializedCapacity: count) { numbers, initialized in
      for index in 0..<count {
        var x = start &+ UInt32(truncatingIfNeeded: index)
        x ^= x >> 16
        x &*= 0x7FEB_352D
        x ^= x >> 15
        x &*= 0x846C_A68B
        x ^= x >> 16
        numbers[index] = (Float(x >> 8) - 0x1p23) * 0x1p-23
      }
      initialized = count
    }
    return Tensor(scalars, shape: shape)
  }

  /// A weight, a bias or a running statistic by its full name.
  static func parameter(_ name: String, _ shape: [Int], gain: Double) -> Tensor {
    let values = uniform(name, shape)
    if shape.count >= 2 {
      return values * Float(gain * (6 / Double(shape.dropFirst().reduce(1, *))).squareRoot())
    }
    let isAboutOne = name.hasSuffix(".weight") || name.hasSuffix(".running_var")
    return isAboutOne ? values * 0.2 + Tensor(repeating: 1, shape: shape) : values * 0.1
  }

  /// Gives every parameter and buffer of a network its numbers.
  static func fill(_ network: any Module, gain: Double) {
    for (name, parameter) in network.namedParameters {
      parameter.value = Self.parameter(name, parameter.shape, gain: gain)
    }
    for (name, buffer) in network.namedBuffers {
      buffer.value = Self.parameter(name, buffer.value.shape, gain: gain)
    }
  }

  static func fnv1a64(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static func fnv1a32(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}

/// What PyTorch made of networks by formula; `scripts/fixtures/image_networks.py` wrote it.
struct NetworkFixture {
  private let file: SafeTensors

  init(_ name: String) throws {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Fixtures"))
    file = try SafeTensors(contentsOf: url.path)
  }

  subscript(name: String) -> Tensor {
    get throws { try #require(file.tensors[name], "the fixture has no \(name)") }
  }

  func tensors(_ prefix: String) -> [String: Tensor] {
    Dictionary(
      file.tensors.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) },
      uniquingKeysWith: { $1 })
  }

  func number(_ name: String) throws -> Double {
    try #require(file.metadata[name].flatMap(Double.init), "the fixture has no \(name)")
  }

  /// Images [B, H, W, C] of a network by formula.
  func images(of network: String, named name: String = "input") throws -> Tensor {
    let shape = try #require(file.metadata["\(network).input"]).split(separator: ",").compactMap { Int($0) }
    return try (Formula.uniform(name, shape) * Float(number("\(network).input_scale"))).channelsLast()
  }
}
