import Foundation
import ModelFiles
import NeuralNetworks
import Tensors
import Testing

/// Tensors that PyTorch printed; the scripts in `scripts/fixtures` make them.
struct Fixture {
  private var tensors: [String: Tensor] = [:]
  private(set) var metadata: [String: String] = [:]

  /// The tensors of some files.
  init(_ names: String...) throws {
    for name in names {
      let url = try #require(
        Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Fixtures"))
      let file = try SafeTensors(contentsOf: url.path)
      tensors.merge(file.tensors) { $1 }
      metadata.merge(file.metadata) { $1 }
    }
  }

  subscript(name: String) -> Tensor {
    get throws { try #require(tensors[name], "the fixture has no \(name)") }
  }

  func contains(_ name: String) -> Bool { tensors[name] != nil }

  func integers(_ name: String) throws -> [Int] { try self[name].scalars.map { Int($0) } }

  /// Tensors whose names begin with `prefix`, without it.
  func all(_ prefix: String) -> [String: Tensor] {
    Dictionary(
      tensors.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) },
      uniquingKeysWith: { $1 })
  }
}

/// The largest difference of two tensors, relative to the largest number of the second where that is over 1 for
/// values, and always for gradients.
func difference(_ a: Tensor, _ b: Tensor, isRelative: Bool = false) -> Float {
  guard a.shape == b.shape else { return .infinity }
  let worst = zip(a.scalars, b.scalars).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
  let largest = b.scalars.reduce(Float(0)) { max($0, abs($1)) }
  return worst / (isRelative ? max(largest, 1e-6) : max(largest, 1))
}

/// Forward results agree within 1e-5, gradients within 1e-4 of the largest.
func expectEqual(_ a: Tensor, _ b: Tensor, _ name: String, isGradient: Bool = false) {
  let value = difference(a, b, isRelative: isGradient)
  #expect(value <= (isGradient ? 1e-4 : 1e-5), "\(name): difference \(value), shapes \(a.shape) and \(b.shape)")
}

/// The gradients that an output gets from above as `outputGradient`.
func recordGradients(_ output: () -> Tensor, outputGradient: Tensor) -> Gradients {
  GradientTape.record { (output() * outputGradient).sum() }.gradients
}
