import Foundation
import ImageData
import ImageModels
import Tensors
import Testing

@Suite("Published weights", .serialized, .enabled(if: Corpora.areThere, "\(Corpora.missing)"))
struct RealWeightsTests {
  private func rows(_ name: String) throws -> [[String]] {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: Corpora.path(name))), as: UTF8.self)
      .split(separator: "\n").dropFirst().map { $0.components(separatedBy: "\t") }
  }

  @Test(
    "ResNets for CIFAR-10 give the logits of ONNX Runtime",
    arguments: [("resnet20", ImageArchitecture.resnet20CIFAR), ("resnet56", .resnet56CIFAR)])
  func resnets(name: String, architecture: ImageArchitecture) throws {
    let model = try ImageWeights(contentsOf: Corpora.path("resnet_cifar10/\(name).safetensors")).model(architecture)
    let expected = try rows("resnet_cifar10/\(name).expected_logits.tsv")
    let images = try ImageCollection.images(at: Corpora.path("cifar10/data_batch_1.first4000.bin"))
    let first = try images.subset(Array(0..<expected.count))
    try model.predict(first) { index, prediction in
      for (own, wanted) in zip(prediction.logits, expected[index].dropFirst(2)) {
        #expect(abs(own - (Float(wanted) ?? .nan)) < 1e-3)
      }
    }
  }

  @Test("SqueezeNet ranks photos as ONNX Runtime does")
  func squeezeNet() throws {
    let weights = try ImageWeights(
      contentsOf: Corpora.path("squeezenet1_1_imagenet/squeezenet1_1.fp16w.safetensors"))
    let model = try weights.model(weights.architecture())
    #expect(model.architecture == .squeezenet11)
    let expected = try rows("imagenet_samples/labels.tsv")
    let images = ImageFiles(unlabelled: expected.map { Corpora.path("imagenet_samples/\($0[0])") })
    var right = 0
    try model.predict(images) { index, prediction in
      let five = expected[index][4].split(separator: " ").map { $0.split(separator: ":") }
      #expect(prediction.top(5).map(\.label) == five.map { String($0[0]) }, "\(expected[index][0])")
      for pair in five {
        #expect(abs(prediction.logits[Int(pair[0]) ?? 0] - (Float(pair[1]) ?? .nan)) < 0.1)
      }
      if prediction.top(1)[0].label == expected[index][1] { right += 1 }
    }
    #expect(right == 25)
  }

  @Test("the pretrained ResNet-20 is right on 81.0 % of the JPEG test images")
  func accuracy() throws {
    let weights = try ImageWeights(contentsOf: Corpora.path("resnet_cifar10/resnet20.safetensors"))
    let model = try weights.model(.resnet20CIFAR, labels: CIFARImages.classNamesOf10)
    let images = try ImageCollection.open(Corpora.path("cifar10/test")).training
    let evaluation = try model.evaluate(images).evaluation
    #expect(abs(evaluation.accuracy - 0.8103) < 0.002)
  }
}
