import Foundation
import ImageData
import ImageModels
import ModelFiles
import NeuralNetworks
import Tensors
import Testing

@testable import ModelExchange

@Suite("Networks for images in steps of bytes as ONNX")
struct QuantizedImageTests {
  /// Images of noise of different brightness.
  private struct Noise: ImageDataSet {
    let classNames = ["all"]
    let labels = [Int32](repeating: 0, count: 16)
    let fixedShape: (width: Int, height: Int, channels: Int)? = (32, 32, 3)

    func name(at index: Int) -> String { "noise \(index)" }

    func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError) {
      let numbers = RandomStream(seed: UInt64(index)).uniform([32 * 32 * 3]).scalars
      image = try Image(
        width: 32, height: 32, channels: 3, pixels: numbers.map { UInt8($0 * Float(100 + 9 * index)) })
    }
  }

  @Test("layers are written with steps around inputs and weights, and batch normalisation is part of convolutions")
  func steps() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("steps-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let network = ImageArchitecture.resnet20CIFAR.makeNetwork(classes: 10, random: RandomStream(seed: 4))
    // Running statistics that are not those of the beginning, and factors of both signs.
    for (number, buffer) in network.namedBuffers.enumerated() {
      let random = RandomStream(seed: UInt64(number)).uniform(buffer.buffer.shape, in: 0.5..<1.5)
      buffer.buffer.value = buffer.name.hasSuffix("mean") ? random * 0.1 : random
    }
    for (number, (name, parameter)) in network.namedParameters.enumerated() where parameter.shape.count == 1 {
      parameter.value = RandomStream(seed: UInt64(number)).uniform(
        parameter.shape, in: name.hasSuffix("bias") ? -0.3..<0.3 : -1.5..<1.5)
    }
    let model = try ImageWeights.model(of: network, .resnet20CIFAR)
    try model.write(to: folder, replacing: false, precision: .int8, calibration: model.calibration(on: Noise()))
    let stored = try StoredModel(contentsOf: folder)
    let document = try ONNXDocument(stored)
    let types = document.model.graph.node.map(\.opType)
    // 19 convolutions and a linear layer; the block whose shape changes reads its input once.
    #expect(types.count { $0 == "Conv" } == 19 && types.count { $0 == "Gemm" } == 1)
    // Around each of 20 inputs, 20 weights and 20 biases.
    #expect(types.count { $0 == "QuantizeLinear" } == 20 && types.count { $0 == "DequantizeLinear" } == 60)
    #expect(!types.contains("BatchNormalization"))
    let difference = try document.verify(against: stored, path: "test")
    // In Float32 it is another network, by more than another order of sums makes.
    let other = try ONNXDocument(.image(model)).verify(against: stored, path: "test")
    #expect(difference < 0.01 && other > 2 * difference, "\(difference), \(other)")
  }
}

extension ImageWeights {
  /// A model of a network, by way of a file.
  fileprivate static func model(of network: any ImageNetwork, _ architecture: ImageArchitecture) throws -> ImageModel {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try SafeTensors(tensors: network.stateDictionary).write(to: path)
    return try ImageWeights(contentsOf: path).model(architecture)
  }
}
