import Foundation
import ImageData
import ImageModels
import Testing

@testable import ModelExchange

@Suite("Pretrained ONNX files as trunks")
struct PretrainedTrunkTests {
  private static let folder = ProcessInfo.processInfo.environment["NLPTOOL_CORPORA"].flatMap { $0.isEmpty ? nil : $0 }

  @Test(
    "behind SqueezeNet's file a head learns about as much as with its weights",
    .enabled(if: folder != nil, "skipped: NLPTOOL_CORPORA does not say where the data sets are"))
  func squeezeNet() throws {
    let corpora = try #require(Self.folder)
    let model = try ImageWeights(contentsOf: "\(corpora)/squeezenet1_1_imagenet/squeezenet1_1.fp16w.safetensors")
      .model(.squeezenet11)
    let data = try CIFARImages(["\(corpora)/cifar10/data_batch_1.first4000.bin"])
    let (images, tests) = (try data.subset(Array(0..<300)), try data.subset(Array(300..<500)))
    try withModelFolder { folder in
      let (file, result) = ("\(folder)/squeezenet.onnx", "\(folder)/cifar.onnx")
      try ONNXDocument(.image(model)).write(to: file)
      let trunk = try ONNXTrunk(contentsOf: file)
      #expect(trunk.featureCount == 512 && trunk.reader?.contains("Conv") == true)
      var head = HeadTrainingOptions()
      head.training.epochs = 15
      try trunk.document(with: HeadTraining(head, trunk: trunk).run(training: images).head).write(to: result)
      guard case .image(let classifier) = try ONNXClassifier(contentsOf: result) else { throw TestFailure.shape }
      let own = try classifier.evaluate(tests).evaluation.accuracy
      var options = ImageTrainingOptions(.squeezenet11)
      options.training.epochs = 15
      options.training.optimizer.learningRate = ImageArchitecture.squeezenet11.usualTransferRate
      options.frozen = ["features"]
      let whole = try ImageTraining(options, from: .model(model)).run(training: images).model
      let theirs = try whole.evaluate(tests).evaluation.accuracy
      // Other heads: a linear layer on the means of pixels, and a convolution with ReLU before the means. The standard
      // error of either share is 0.035.
      #expect(own > 0.4 && abs(own - theirs) < 0.07, "\(own) and \(theirs)")
    }
  }
}
