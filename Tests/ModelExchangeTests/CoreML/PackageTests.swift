import Foundation
import ModelFiles
import Testing
import TextModels

@testable import ModelExchange

@Suite("Packages for Core ML")
struct PackageTests {
  /// A model of a moment's training.
  private func model(_ change: (inout TextModelTrainingOptions) -> Void = { _ in }) throws -> TextModel {
    var options = TextModelTrainingOptions()
    options.network = TextNetworkOptions(.lstm)
    options.network.embedding.size = 4
    options.minimumCount = 1
    options.maximumLength = 77
    options.training.epochs = 1
    change(&options)
    let texts = (0..<20).map { number in
      LabelledTexts.Example(text: number % 2 == 0 ? "a good film" : "a bad book", labels: [number % 2 == 0 ? "+" : "-"])
    }
    return try TextModelTraining(options).run(training: LabelledTexts(texts)).model
  }

  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test("a package says what goes in and out, and the same model gives the same bytes")
  func contents() throws {
    try withFolder { folder in
      let original = StoredModel.text(try model())
      let (first, second) = ("\(folder)/a.mlpackage", "\(folder)/b.mlpackage")
      try CoreMLDocument(original).write(to: first)
      try CoreMLDocument(original).write(to: second)
      for file in CoreMLDocument.files {
        #expect(try bytes("\(first)/\(file)") == bytes("\(second)/\(file)"), "\(file)")
      }
      let found = try Set(FileManager.default.subpathsOfDirectory(atPath: first))
      #expect(found.isSuperset(of: CoreMLDocument.files) && found.count == CoreMLDocument.files.count + 3)

      let parts = "\(first)/Data/com.apple.CoreML"
      let model = try CoreMLModel(serializedBytes: bytes("\(parts)/model.mlmodel"))
      #expect(model.specificationVersion == 7)
      let description = model.description_p
      let input = try #require(description.input.first)
      #expect(description.input.count == 1 && input.name == "ids")
      #expect(input.type.multiArrayType.dataType == .int32 && input.type.multiArrayType.shape == [1, 1])
      let ranges = input.type.multiArrayType.shapeRange.sizeRanges
      #expect(ranges.map(\.lowerBound) == [1, 1] && ranges.map(\.upperBound) == [1, 77])
      #expect(description.output.map(\.name) == ["classLabel", "classLabel_probs", "logits"])
      #expect(description.output[2].type.multiArrayType.shape == [1, 2])
      #expect(description.predictedFeatureName == "classLabel")
      let metadata = description.metadata.userDefined
      #expect(metadata["nlptool.labels"] == "[\"+\",\"-\"]")
      #expect(metadata["nlptool.maximum_length"] == "77" && metadata["nlptool.vocabulary_fingerprint"] != nil)
      #expect(metadata["nlptool.preprocessing"]?.contains("lengths") == false)

      let weights = Array(try bytes("\(parts)/weights/weight.bin"))
      let program = try ProgramReading(try #require(model.mlProgram.functions["main"]), weights: weights)
      #expect(program.block.outputs == ["classLabel", "classLabel_probs", "logits"])
      let stored = program.operations("const").filter { $0.attributes["val"]?.blobFileValue.offset ?? 0 > 0 }
      #expect(stored.count == Int(program.word(at: 0)) && !stored.isEmpty)

      // Two items, and the model is the root.
      let manifest = try #require(
        JSONSerialization.jsonObject(with: bytes("\(first)/Manifest.json")) as? [String: Any])
      let items = try #require(manifest["itemInfoEntries"] as? [String: [String: String]])
      let root = try #require(manifest["rootModelIdentifier"] as? String)
      #expect(items[root]?["path"] == "com.apple.CoreML/model.mlmodel")
      #expect(Set(items.values.compactMap { $0["name"] }) == ["model.mlmodel", "weights"])
      #expect(items.keys.allSatisfy { UUID(uuidString: $0) != nil })

      // Another model has other identifiers.
      let other = StoredModel.text(try self.model { $0.training.epochs = 2 })
      try CoreMLDocument(other).write(to: second, replacing: true)
      #expect(try bytes("\(first)/Manifest.json") != bytes("\(second)/Manifest.json"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.mlpackage", "b.mlpackage"])
    }
  }

  @Test("where several labels may be right there is no class")
  func multiLabel() throws {
    let stored = StoredModel.text(try model { $0.head = .multiLabel() })
    let model = try CoreMLDocument(stored).model
    #expect(model.description_p.output.map(\.name) == ["logits"] && model.description_p.predictedFeatureName.isEmpty)
  }

  @Test("nothing is replaced unasked, or with something else in it, or left half")
  func files() throws {
    try withFolder { folder in
      let document = try CoreMLDocument(StoredModel.text(try model()))
      let path = "\(folder)/m.mlpackage"
      try document.write(to: path)
      #expect(throws: ExchangeError.file(.alreadyExists(path: path))) { try document.write(to: path) }
      let foreign = "\(path)/Data/com.apple.CoreML/notes.txt"
      try Data("mine".utf8).write(to: URL(fileURLWithPath: foreign))
      #expect(throws: ExchangeError.self) { try document.write(to: path, replacing: true) }
      #expect(try bytes(foreign) == Data("mine".utf8))
      try FileManager.default.removeItem(atPath: foreign)
      try document.write(to: path, replacing: true)
      #expect(throws: ExchangeError.self) { try document.write(to: "\(folder)/none/m.mlpackage") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["m.mlpackage"])
    }
  }
}
