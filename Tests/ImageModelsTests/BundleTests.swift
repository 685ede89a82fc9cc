import Foundation
import ImageData
import ModelFiles
import NeuralNetworks
import Tensors
import Testing

@testable import ImageModels

@Suite("Bundles of image models")
struct BundleTests {
  /// A model with new weights.
  static func model(_ architecture: ImageArchitecture = .lenet5, classes: Int = 4) throws -> ImageModel {
    let network = architecture.makeNetwork(classes: classes, random: RandomStream(seed: 3))
    return try ImageWeights(path: "test", values: network.stateDictionary).model(architecture)
  }

  @Test("come back as they were written, with the same answers")
  func roundTrip() throws {
    try withFolder { folder in
      let model = try Self.model(.resnet20CIFAR)
      try model.write(to: folder + "/model", replacing: false)
      let other = try ImageModel(contentsOf: folder + "/model")
      #expect(other.labels == ["0", "1", "2", "3"] && other.preparation == model.preparation)
      let image = try Quarters(side: 40, channels: 3).image(at: 1)
      #expect(try other.predict(image).logits == model.predict(image).logits)
      #expect(try BundleFiles.task(in: folder + "/model") == "image_classification")
      #expect(throws: ImageModelError.self) { try model.write(to: folder + "/model", replacing: false) }
      try model.write(to: folder + "/model", replacing: true)
    }
  }

  @Test("cut or changed at any place they give an error and no crash")
  func damage() throws {
    try withFolder { folder in
      let path = folder + "/model"
      try Self.model().write(to: path, replacing: false)
      for name in ["model.json", "weights.safetensors"] {
        let file = URL(fileURLWithPath: "\(path)/\(name)")
        let whole = try Data(contentsOf: file)
        for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 23)) {
          try whole.prefix(place).write(to: file)
          #expect(throws: ImageModelError.self) { try ImageModel(contentsOf: path) }
        }
        if name == "weights.safetensors" {
          var changed = whole
          changed[whole.count - 5] ^= 0x10
          try changed.write(to: file)
          #expect(throws: ImageModelError.self) { try ImageModel(contentsOf: path) }
        }
        try FileManager.default.removeItem(at: file)
        #expect(throws: ImageModelError.self) { try ImageModel(contentsOf: path) }
        try whole.write(to: file)
      }
      _ = try ImageModel(contentsOf: path)
    }
  }

  @Test("impossible descriptions are refused")
  func descriptions() throws {
    try withFolder { folder in
      let path = folder + "/model"
      try Self.model().write(to: path, replacing: false)
      let file = URL(fileURLWithPath: path + "/model.json")
      let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      for (old, new) in [
        ("\"format\" : 1", "\"format\" : 3"), ("\"format\" : 1", "\"format\" : 0"), ("lenet5", "vgg16"),
        ("lenet5", "lenet6"), ("image_classification", "classification"), ("\"3\"", "\"2\""),
        ("\"width\" : 28", "\"width\" : 29"), ("0.1307", "1e99"),
      ] {
        #expect(text.contains(old), "\(old)")
        try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
        #expect(throws: ImageModelError.self, "\(new)") { try ImageModel(contentsOf: path) }
      }
    }
  }

  @Test("weights of another architecture name the tensor that differs")
  func otherArchitecture() throws {
    func weights(_ architecture: ImageArchitecture) -> ImageWeights {
      let network = architecture.makeNetwork(classes: 10, random: RandomStream(seed: 1))
      return ImageWeights(path: "w.safetensors", values: network.stateDictionary)
    }
    func message(_ own: ImageArchitecture, as other: ImageArchitecture) -> String {
      do {
        _ = try weights(own).model(other)
        return ""
      } catch {
        return error.description
      }
    }
    #expect(message(.resnet56CIFAR, as: .resnet20CIFAR).contains("layer1.3.bn1.bias"))
    #expect(message(.resnet20CIFAR, as: .resnet56CIFAR).contains("they lack layer1.3.conv1.weight"))
    #expect(message(.lenet5, as: .squeezenet11).contains("they lack features.0.weight of the shape [64, 3, 3, 3]"))
    #expect(message(.resnet18CIFAR, as: .resnet18).contains("conv1.weight has the shape [64, 3, 3, 3], [64, 3, 7, 7]"))
    for architecture in [ImageArchitecture.lenet5, .smallCNN, .resnet20CIFAR, .resnet32CIFAR, .squeezenet11] {
      #expect(try weights(architecture).architecture() == architecture)
    }
    #expect(throws: ImageModelError.self) { try weights(.lenet5).model(.lenet5, labels: ["a", "b"]) }
    #expect(throws: ImageModelError.self) {
      try weights(.lenet5).model(.lenet5, labels: [String](repeating: "a", count: 10))
    }
  }

  @Test("names of parallel training and counters of batches are understood, auxiliary heads left out")
  func foreignNames() throws {
    try withFolder { folder in
      var values: [String: Tensor] = [:]
      let network = ImageArchitecture.googlenet.makeNetwork(
        classes: 3, hasAuxiliaryHeads: true, random: RandomStream(seed: 1))
      for (name, value) in network.stateDictionary { values["module." + name] = value }
      // As PyTorch writes it: a 64-bit integer without dimensions.
      let counter = withUnsafeBytes(of: Int64(7).littleEndian) { StoredTensor(Array($0), type: .int64, shape: []) }
      try SafeTensors(tensors: values, stored: ["module.conv1.bn.num_batches_tracked": counter])
        .write(to: folder + "/w.safetensors")
      let weights = try ImageWeights(contentsOf: folder + "/w.safetensors")
      #expect(try weights.architecture() == .googlenet)
      let model = try weights.model(.googlenet)
      #expect(model.labels.count == 3)
      #expect(!model.network.namedParameters.contains { $0.name.hasPrefix("aux") })
      // torchvision's own see pixels from -1 to 1.
      #expect(model.preparation.normalization == .symmetric)
      values["module.conv1.conv.weight"] = Tensor([Float](repeating: .nan, count: 64 * 3 * 49), shape: [64, 3, 7, 7])
      try SafeTensors(tensors: values).write(to: folder + "/nan.safetensors")
      #expect { try ImageWeights(contentsOf: folder + "/nan.safetensors") } throws: {
        "\($0)".contains("conv1.conv.weight holds what is not a finite number")
      }
      // Without a name the nearest architecture says what differs.
      values["module.conv1.conv.weight"] = Tensor(zeros: [64, 3, 7, 5])
      try SafeTensors(tensors: values).write(to: folder + "/other.safetensors")
      let other = try ImageWeights(contentsOf: folder + "/other.safetensors")
      #expect { try other.architecture() } throws: {
        "\($0)".contains("no weights of googlenet: conv1.conv.weight has the shape [64, 3, 7, 5]")
      }
    }
  }
}
