import Foundation
import ImageData
import ImageModels
import Tensors
import Testing

@testable import ModelExchange

@Suite("ONNX files as trunks")
struct TrunkTests {
  /// A network of two layers behind a convolution.
  private func builder() -> ModelBuilder {
    var builder = ModelBuilder()
    builder.input("image", .float32, ["batch", "3", "8", "8"])
    builder.constant("filters", RandomStream(seed: 1).uniform([6, 3, 3, 3], in: -1..<1).scalars, [6, 3, 3, 3])
    builder.constant("hidden", RandomStream(seed: 2).uniform([5, 6], in: -1..<1).scalars, [5, 6])
    builder.constant("classes", RandomStream(seed: 3).uniform([2, 5], in: -1..<1).scalars, [2, 5])
    builder.node("Conv", ["image", "filters"], ["maps"], ["pads": .integers([1, 1, 1, 1])])
    builder.node("Relu", ["maps"], ["features"])
    builder.node("GlobalAveragePool", ["features"], ["pooled"])
    builder.node("Flatten", ["pooled"], ["logits"])
    builder.node("Gemm", ["logits", "hidden"], ["inner"], ["transB": .integer(1)])
    builder.node("Relu", ["inner"], ["active"])
    builder.node("Gemm", ["active", "classes"], ["scores"], ["transB": .integer(1)])
    builder.node("Softmax", ["scores"], ["answer"])
    builder.output("answer")
    builder.model.metadataProps = [
      .with { ($0.key, $0.value) = ("nlptool.labels", "[\"x\",\"y\"]") },
      .with { ($0.key, $0.value) = ("licence", "free") },
    ]
    return builder
  }

  private func options(_ epochs: Int = 12) -> HeadTrainingOptions {
    var options = HeadTrainingOptions()
    options.training.epochs = epochs
    options.training.batchSize = 8
    options.training.optimizer.learningRate = 0.1
    options.validationShare = 0.25
    return options
  }

  @Test("end before the last layer, or where they are told to")
  func values() throws {
    try withModelFolder { folder in
      let path = try builder().write(folder)
      let usual = try ONNXTrunk(contentsOf: path)
      #expect(usual.valueName == "active" && usual.featureCount == 5 && usual.reader == "scores (Gemm)")
      for (name, count) in [("logits", 6), ("pooled", 6), ("features", 6), ("maps", 6), ("scores", 2)] {
        let trunk = try ONNXTrunk(contentsOf: path, value: name)
        #expect(trunk.featureCount == count && trunk.reader == nil)
        #expect(try trunk.features(of: Tensor(zeros: [3, 8, 8, 3])).shape == [3, count])
      }
      // Means over the pixels.
      let images = RandomStream(seed: 4).uniform([2, 8, 8, 3])
      let (maps, pooled) = (
        try ONNXTrunk(contentsOf: path, value: "features").features(of: images),
        try ONNXTrunk(contentsOf: path, value: "logits").features(of: images)
      )
      #expect(zip(maps.scalars, pooled.scalars).allSatisfy { abs($0 - $1) < 1e-6 })
      for name in ["nothing", "image", "hidden"] {
        do {
          _ = try ONNXTrunk(contentsOf: path, value: name)
          Issue.record("\(name) was taken")
        } catch {
          #expect("\(error)".contains("\"\(name)\"; from its end there are answer, scores, active"))
        }
      }
      var flat = ModelBuilder()
      flat.input("image", .float32, ["batch", "3", "8", "8"])
      flat.node("GlobalAveragePool", ["image"], ["means"])
      flat.node("Reshape", ["means", "shape"], ["rows"])
      flat.constant("shape", integers: [-1, 3, 1])
      flat.output("rows")
      let other = try flat.write(folder, "flat.onnx")
      #expect(throws: ExchangeError.self) { try ONNXTrunk(contentsOf: other) }
      #expect(throws: ExchangeError.self) { try ONNXTrunk(contentsOf: other, value: "rows") }
    }
  }

  @Test("and their new head are an ONNX file that says what trunk and head say", arguments: ["active", "features"])
  func head(value: String) throws {
    try withModelFolder { folder in
      let trunk = try ONNXTrunk(contentsOf: builder().write(folder), value: value)
      let images = Colours(count: 48)
      let outcome = try HeadTraining(options(), trunk: trunk).run(training: images)
      #expect(outcome.history.best?.validation?.value == 1)
      let document = trunk.document(with: outcome.head)
      try document.write(to: "\(folder)/colours.onnx")
      guard case .image(let classifier) = try ONNXClassifier(contentsOf: "\(folder)/colours.onnx") else {
        throw TestFailure.shape
      }
      #expect(classifier.labels == images.classNames && classifier.preparation == trunk.preparation)
      #expect(try classifier.evaluate(images).evaluation.accuracy == 1)
      let batch = try ImagePipeline(images, preparation: trunk.preparation).batch(Array(0..<6)).images
      let wanted = try trunk.features(of: batch).linear(weight: outcome.head.weight, bias: outcome.head.bias)
      #expect(zip(try classifier.logits(batch).scalars, wanted.scalars).allSatisfy { abs($0 - $1) < 1e-4 })
      // What is said of the old model is gone, but for what is not ours.
      let metadata = try ONNXSummary(contentsOf: "\(folder)/colours.onnx").metadata
      #expect(metadata["licence"] == "free" && metadata["nlptool.trunk_value"] == value)
      // It can be a trunk itself, and the same training gives the same bytes.
      #expect(try ONNXTrunk(contentsOf: "\(folder)/colours.onnx").featureCount == trunk.featureCount)
      let again = try HeadTraining(options(), trunk: trunk).run(training: images)
      #expect(try trunk.document(with: again.head).bytes() == document.bytes())
    }
  }

  @Test("take numbers of other files in")
  func externalNumbers() throws {
    try withModelFolder { folder in
      var builder = builder()
      let place = try #require(builder.model.graph.initializer.firstIndex { $0.name == "filters" })
      let whole = builder.model.graph.initializer[place].rawData
      try whole.write(to: URL(fileURLWithPath: "\(folder)/filters.bin"))
      builder.model.graph.initializer[place].clearRawData()
      builder.model.graph.initializer[place].dataLocation = .external
      builder.model.graph.initializer[place].externalData = [
        .with { ($0.key, $0.value) = ("location", "filters.bin") }
      ]
      let trunk = try ONNXTrunk(contentsOf: builder.write(folder))
      let outcome = try HeadTraining(options(1), trunk: trunk).run(training: Colours())
      let bytes = try trunk.document(with: outcome.head).bytes()
      // In memory there are no other files.
      #expect(try ONNXRuntimeModel(bytes: bytes).outputs.map(\.name).count == 1)
    }
  }

  @Test("features beyond the memory for them are refused, and so are images of one class")
  func refusals() throws {
    try withModelFolder { folder in
      let trunk = try ONNXTrunk(contentsOf: builder().write(folder))
      var small = options()
      small.featureMemory = 0
      #expect(throws: ImageModelError.self) { try HeadTraining(small, trunk: trunk).run(training: Colours()) }
      #expect(throws: ImageModelError.self) {
        try HeadTraining(options(), trunk: trunk).run(training: Colours().subset([0, 3, 6]))
      }
    }
  }
}
