import Foundation
import ImageData
import ImageModels
import ModelFiles
import NeuralNetworks
import Tensors
import Testing

/// Weights that others have published, where the environment variable NLPTOOL_CORPORA says where they are.
@Suite("Pretrained image networks")
struct PretrainedTests {
  private static let folder = ProcessInfo.processInfo.environment["NLPTOOL_CORPORA"].flatMap { $0.isEmpty ? nil : $0 }
  private static let missing: Comment = "skipped: NLPTOOL_CORPORA does not say where the data sets are"

  private func network(
    _ architecture: ImageArchitecture, weights: String, in folder: String
  ) throws -> any ImageNetwork {
    let network = architecture.makeNetwork(classes: architecture.usualClasses, random: nil)
    try network.load(SafeTensors(contentsOf: "\(folder)/\(weights)").tensors)
    return network
  }

  private func rows(_ path: String) throws -> [[Substring]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst().map {
      $0.split(separator: "\t")
    }
  }

  @Test(
    "a ResNet for CIFAR-10 gives the logits that ONNX Runtime gives", .enabled(if: folder != nil, missing),
    arguments: [("resnet20", ImageArchitecture.resnet20CIFAR), ("resnet56", .resnet56CIFAR)])
  func residual(name: String, architecture: ImageArchitecture) throws {
    let folder = try #require(Self.folder)
    let network = try network(architecture, weights: "resnet_cifar10/\(name).safetensors", in: folder)
    let data = try CIFARImages(["\(folder)/cifar10/data_batch_1.first4000.bin"])
    let pipeline = try ImagePipeline(data, preparation: ImagePreparation(channels: 3, normalization: .imageNet))
    let expected = try rows("\(folder)/resnet_cifar10/\(name).expected_logits.tsv")
    let batch = try pipeline.batch(Array(0..<expected.count))
    let logits = network(batch.images)
    for (index, row) in expected.enumerated() {
      #expect(Int32(row[1]) == batch.labels[index])
      for (label, text) in row.dropFirst(2).enumerated() {
        let number = try #require(Float(text))
        #expect(abs(logits[index, label] - number) < 1e-3, "image \(index), label \(label)")
      }
    }
    // One by one, where other algorithms are faster, the same.
    let alone = network(try pipeline.batch([3]).images)
    for label in 0..<10 { #expect(abs(alone[0, label] - logits[3, label]) < 1e-3) }
  }

  @Test("SqueezeNet ranks photos as ONNX Runtime does", .enabled(if: folder != nil, missing))
  func squeezeNet() throws {
    let folder = try #require(Self.folder)
    let network = try network(
      .squeezenet11, weights: "squeezenet1_1_imagenet/squeezenet1_1.fp16w.safetensors", in: folder)
    let photos = try rows("\(folder)/imagenet_samples/labels.tsv")
    let data = ImageFiles(unlabelled: photos.map { "\(folder)/imagenet_samples/\($0[0])" })
    let pipeline = try ImagePipeline(data, preparation: .imageNetEvaluation)
    for (index, row) in photos.enumerated() {
      let logits = network(try pipeline.batch([index]).images).scalars
      let best = try row[4].split(separator: " ").map { pair in
        let parts = pair.split(separator: ":")
        return (label: try #require(Int(parts[0])), logit: try #require(Float(parts[1])))
      }
      for (label, logit) in best { #expect(abs(logits[label] - logit) < 0.1, "\(row[0]), label \(label)") }
      let ranking = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(best.count)
      // Logits that were equal to three digits may change places.
      for (place, label) in ranking.enumerated() where label != best[place].label {
        #expect(abs(logits[label] - best[place].logit) < 0.02, "\(row[0]), place \(place)")
      }
    }
  }

  @Test("weights of another architecture name the tensor that differs")
  func anotherArchitecture() {
    let weights = ImageArchitecture.resnet20CIFAR.makeNetwork(classes: 10, random: RandomStream(seed: 1))
      .stateDictionary
    #expect(throws: ModuleLoadingError.self) {
      try ImageArchitecture.resnet32CIFAR.makeNetwork(classes: 10, random: nil).load(weights)
    }
    #expect(throws: ModuleLoadingError.shape(name: "linear.weight", expected: [7, 64], found: [10, 64])) {
      try ImageArchitecture.resnet20CIFAR.makeNetwork(classes: 7, random: nil).load(weights)
    }
  }
}
