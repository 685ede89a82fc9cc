import Foundation
import ImageData
import ImageModels
import Tensors
import TextModels
import Testing
import VocabularyStore

@testable import ModelExchange

/// Images of one colour, of which each class has its own.
struct Colours: ImageDataSet {
  let side: Int
  let labels: [Int32]
  let classNames = ["red", "green", "blue"]

  init(side: Int = 8, count: Int = 12) { (self.side, labels) = (side, (0..<count).map { Int32($0 % 3) }) }

  var fixedShape: (width: Int, height: Int, channels: Int)? { (side, side, 3) }
  func name(at index: Int) -> String { "image \(index)" }

  func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError) {
    let pixels = (0..<3 * side * side).map { place in
      UInt8((place % 3 == Int(labels[index]) ? 150 : 20) + (place * 31 + index * 17) % 90)
    }
    image = try Image(width: side, height: side, channels: 3, pixels: pixels)
  }
}

func withModelFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("exchange-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

extension ModelBuilder {
  /// A classifier of colours as another program may write one: it looks at the mean of each channel.
  static func colours(
    input: [String] = ["batch", "3", "8", "8"], isChannelsLast: Bool = false, ending: String? = "Softmax"
  ) -> ModelBuilder {
    var builder = ModelBuilder()
    builder.input("pixels", .float32, input)
    builder.constant("w", [2, -1, -1, -1, 2, -1, -1, -1, 2], [3, 3])
    builder.constant("b", [0, 0.1, -0.1], [3])
    if isChannelsLast { builder.node("Transpose", ["pixels"], ["x"], ["perm": .integers([0, 3, 1, 2])]) }
    builder.node("GlobalAveragePool", [isChannelsLast ? "x" : "pixels"], ["pooled"])
    builder.node("Flatten", ["pooled"], ["means"])
    builder.node("Gemm", ["means", "w", "b"], ["scores"], ["transB": .integer(1)])
    if let ending { builder.node(ending, ["scores"], ["answer"]) }
    builder.output(ending == nil ? "scores" : "answer")
    return builder
  }

  func write(_ folder: String, _ name: String = "model.onnx") throws -> String {
    let bytes: [UInt8] = try model.serializedBytes()
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    return "\(folder)/\(name)"
  }
}

@Suite("ONNX files as classifiers")
struct ClassifierTests {
  private func image(
    _ path: String, _ change: (inout ONNXClassifier.Options) -> Void = { _ in }
  ) throws -> ONNXImageClassifier {
    var options = ONNXClassifier.Options()
    change(&options)
    guard case .image(let classifier) = try ONNXClassifier(contentsOf: path, options: options) else {
      throw TestFailure.shape
    }
    return classifier
  }

  /// The message of what is refused.
  private func refusal(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }

  @Test("of another program, however images lie in it and come together")
  func foreignImages() throws {
    try withModelFolder { folder in
      let images = Colours()
      let pipeline = try ImagePipeline(
        images,
        preparation: ImagePreparation(channels: 3, steps: [.resize(width: 8, height: 8)], normalization: .imageNet))
      let prepared = try pipeline.batch([0, 1, 2, 3, 4]).images
      let path = try ModelBuilder.colours(ending: nil).write(folder, "plain.onnx")
      let plain = try image(path).logits(prepared)
      #expect(plain.shape == [5, 3])
      for (builder, what) in [
        (ModelBuilder.colours(), "softmax"), (.colours(input: ["1", "3", "8", "8"]), "one at a time"),
        (.colours(input: ["2", "3", "8", "8"], ending: nil), "two at a time"),
        (.colours(input: ["n", "8", "8", "3"], isChannelsLast: true), "channels last"),
        (.colours(input: ["n", "3", "h", "w"], ending: nil), "of any size"),
      ] {
        let classifier = try image(builder.write(folder)) { if what == "of any size" { $0.imageSide = 8 } }
        #expect(classifier.labels == ["0", "1", "2"] && classifier.preparation.normalization == .imageNet)
        let own = try classifier.logits(prepared).softmax().scalars
        #expect(zip(own, plain.softmax().scalars).allSatisfy { abs($0 - $1) < 1e-5 }, "\(what)")
        #expect(try classifier.evaluate(images).evaluation.accuracy == 1, "\(what)")
      }
      let named = try image(path) {
        $0.labels = images.classNames
        $0.normalization = .cifar10
      }
      var said: [String] = []
      try named.predict(images) { said.append($1.top(1)[0].label) }
      #expect(said == images.labels.map { images.classNames[Int($0)] })
      #expect(named.preparation.normalization == .cifar10)
    }
  }

  @Test("what is none is refused with a line that says why")
  func refusals() throws {
    try withModelFolder { folder in
      let good = try ModelBuilder.colours().write(folder)
      #expect(refusal { _ = try image(good) { $0.labels = ["a", "b"] } }.contains("2 labels for the 3 numbers"))
      #expect(refusal { _ = try image(good) { $0.labels = ["a", "b", "a"] } }.contains("\"a\""))
      #expect(refusal { _ = try image(good) { $0.imageSide = 16 } }.contains("8 × 8"))
      #expect(refusal { _ = try image(good) { $0.normalization = .mnist } }.contains("channels"))
      let open = try ModelBuilder.colours(input: ["n", "3", "h", "w"]).write(folder, "open.onnx")
      #expect(refusal { _ = try image(open) }.contains("--image-size"))
      for name in ["gru-text", "attention-text"] {
        let other = refusal { _ = try image("\(RuntimeTests.folder)/\(name).onnx") }
        #expect(other.contains("int64 [batch, time]") && other.contains("metadata"))
      }
      var strange = ModelBuilder.colours()
      strange.model.metadataProps = [.with { ($0.key, $0.value) = ("nlptool.task", "translation") }]
      let path = try strange.write(folder, "strange.onnx")
      #expect(refusal { _ = try image(path) }.contains("translation"))
      strange.model.metadataProps[0].value = "text-classification"
      let text = try strange.write(folder, "text.onnx")
      #expect(refusal { _ = try ONNXClassifier(contentsOf: text) }.contains("pixels float32"))
      strange.model.metadataProps = [.with { ($0.key, $0.value) = ("nlptool.labels", "[1, 2") }]
      let broken = try strange.write(folder, "broken.onnx")
      #expect(refusal { _ = try image(broken) }.contains("nlptool.labels"))
    }
  }

  private func texts(_ task: TextTask) -> LabelledTexts {
    LabelledTexts(
      (0..<40).map { number in
        let isGood = number % 2 == 0
        let labels: [String]
        switch task {
        case .singleLabel: labels = [isGood ? "+" : "-"]
        case .multiLabel: labels = (isGood ? ["good"] : []) + (number % 3 == 0 ? ["film"] : [])
        case .regression: labels = [isGood ? "4.5" : "1.5"]
        }
        let what = number % 3 == 0 ? "film" : "book"
        return LabelledTexts.Example(text: "a \(isGood ? "good" : "bad") \(what) \(number % 5)", labels: labels)
      })
  }

  private func trained(_ task: TextTask) throws -> TextModel {
    var options = TextModelTrainingOptions()
    options.network = TextNetworkOptions(.gru)
    options.network.embedding.size = 6
    options.minimumCount = 1
    options.maximumLength = 6
    options.training.epochs = 3
    switch task {
    case .singleLabel: break
    case .multiLabel: options.head = .multiLabel()
    case .regression: options.head = .regression()
    }
    return try TextModelTraining(options).run(training: texts(task)).model
  }

  @Test("of texts say what the model says that they were exported from", arguments: TextTask.allCases)
  func exportedTexts(task: TextTask) throws {
    try withModelFolder { folder in
      let model = try trained(task)
      let (bundle, file) = ("\(folder)/model", "\(folder)/model.onnx")
      try model.write(to: bundle, replacing: false)
      try ONNXDocument(.text(model)).write(to: file)
      try TokenizerDocument(.text(model)).write(to: "\(folder)/tokenizer")
      let lines = ["a good film", "", "a bad book 3", "one two three four five six seven eight", "good"]
      let data = texts(task)
      let (wanted, truncated) = try model.evaluate(data)
      for vocabulary in [bundle, "\(bundle)/vocabulary.sqlite", "\(folder)/tokenizer", "\(folder)/tokenizer/vocab.txt"]
      {
        var options = ONNXClassifier.Options()
        options.vocabulary = vocabulary
        guard case .text(let classifier) = try ONNXClassifier(contentsOf: file, options: options) else {
          throw TestFailure.shape
        }
        #expect(classifier.task == task && classifier.labels == model.labels)
        for (own, theirs) in zip(try classifier.logits(lines), model.logits(lines)) {
          #expect(zip(own, theirs).allSatisfy { abs($0 - $1) < 1e-5 })
        }
        let (evaluation, cut) = try classifier.evaluate(data)
        #expect(abs(evaluation.validation.value - wanted.validation.value) < 1e-6 && cut == truncated)
        if task == .regression {
          let theirs = try TextRegressor(model).predict(lines)
          #expect(zip(try classifier.values(lines), theirs).allSatisfy { abs($0 - $1) < 1e-4 })
        } else {
          let (own, theirs) = (try classifier.predict(lines), try TextClassifier(model).predict(lines))
          #expect(own.map(\.labels) == theirs.map(\.labels) && own.map(\.isTruncated) == theirs.map(\.isTruncated))
        }
      }
    }
  }

  @Test("of texts need the vocabulary that they were exported with")
  func vocabularies() throws {
    try withModelFolder { folder in
      let model = try trained(.singleLabel)
      let file = "\(folder)/model.onnx"
      try ONNXDocument(.text(model)).write(to: file)
      func refused(_ vocabulary: String?) -> String {
        refusal {
          var options = ONNXClassifier.Options()
          options.vocabulary = vocabulary
          _ = try ONNXClassifier(contentsOf: file, options: options)
        }
      }
      #expect(refused(nil).contains("--vocabulary"))
      #expect(refused("\(folder)/none").contains("no such file"))
      #expect(refused(folder).contains("vocab.txt"))
      let other = try Vocabulary(words: ["good", "bad"], settings: model.encoder.vocabulary.settings)
      let list = "\(folder)/vocab.txt"
      try Data("<pad>\n<unk>\ngood\nbad\n".utf8).write(to: URL(fileURLWithPath: list))
      #expect(refused(list).contains("fingerprint \(other.fingerprint.prefix(12))"))
      try Data("".utf8).write(to: URL(fileURLWithPath: list))
      #expect(!refused(list).isEmpty)
      for error in [refused(nil), refused(folder), refused(list)] { #expect(!error.contains("\n")) }
    }
  }

  @Test("a summary tells what is in any file, also in one that cannot be run")
  func summary() throws {
    try withModelFolder { folder in
      var builder = ModelBuilder.colours()
      builder.node("Loop", ["answer"], ["more"])
      builder.node("Thing", ["answer"], ["most"], domain: "acme")
      builder.model.metadataProps = [.with { ($0.key, $0.value) = ("licence", "none") }]
      let summary = try ONNXSummary(contentsOf: builder.write(folder))
      #expect(summary.opset == 17 && summary.irVersion == 8 && summary.producer == "tests")
      #expect(summary.inputs.map(\.name) == ["pixels"] && summary.inputs[0].form == "float32 [batch, 3, 8, 8]")
      #expect(summary.outputs.map(\.name) == ["answer"] && summary.parameters == 12)
      #expect(summary.operators.filter { !$0.isSupported }.map(\.name) == ["Loop", "acme.Thing"])
      #expect(summary.operators.first { $0.name == "Gemm" }?.count == 1 && summary.metadata == ["licence": "none"])
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(folder)/broken.onnx"))
      #expect(throws: ExchangeError.self) { try ONNXSummary(contentsOf: "\(folder)/broken.onnx") }
    }
  }
}
