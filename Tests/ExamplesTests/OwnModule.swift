import Foundation
import ModelFiles
import NeuralNetworks
import Tensors
import Testing

// Example: a module of one's own, saved and loaded.
//
// A module is a final class with its layers as stored properties; parameters are found by themselves, and their names are
// those of the properties. What it computes is what `callAsFunction` says.

/// A layer around which its input goes as well: x + W₂ relu(W₁ norm(x)).
final class ResidualBlock: Module {
  let norm: LayerNorm
  let up: Linear
  let down: Linear

  init(size: Int, hiddenSize: Int, random: RandomStream?) {
    norm = LayerNorm([size])
    up = Linear(inputSize: size, outputSize: hiddenSize, random: random?.split("up"))
    down = Linear(inputSize: hiddenSize, outputSize: size, random: random?.split("down"))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x + down(up(norm(x)).relu()) }
}

@Suite("Examples: a module of one's own")
struct OwnModuleExample {
  @Test("prints itself, counts its parameters, is saved under PyTorch's names and loaded again")
  func savesAndLoads() throws {
    let block = ResidualBlock(size: 8, hiddenSize: 32, random: RandomStream(seed: 1))
    #expect(block.parameterCount == 16 + 32 * 8 + 32 + 8 * 32 + 8)
    #expect(
      block.namedParameters.map(\.name) == [
        "norm.weight", "norm.bias", "up.weight", "up.bias", "down.weight", "down.bias",
      ])
    #expect(block.description.contains("up: Linear(input 8, output 32)  288 parameters"))

    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try SafeTensors(tensors: block.stateDictionary).write(to: path)

    // Without a source of random numbers the parameters have shapes only, until values are loaded.
    let copy = ResidualBlock(size: 8, hiddenSize: 32, random: nil)
    try copy.load(SafeTensors(contentsOf: path).tensors)
    let x = RandomStream(seed: 2).uniform([3, 8], in: -1..<1)
    #expect(copy(x) == block(x))

    // What does not fit is an error that names the parameter.
    let other = ResidualBlock(size: 8, hiddenSize: 16, random: nil)
    #expect(throws: ModuleLoadingError.shape(name: "up.weight", expected: [16, 8], found: [32, 8])) {
      try other.load(block.stateDictionary)
    }
  }
}
