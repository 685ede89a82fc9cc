import FoundationEssentials
import ModelFiles
import NeuralNetworks
import VocabularyStore

/// The folder that holds a model: `model.json`, `weights.safetensors`, `vocabulary.sqlite`.
extension TextModel {
  private enum File {
    static let description = "model.json"
    static let weights = "weights.safetensors"
    static let vocabulary = "vocabulary.sqlite"
    static let all: Set = [description, weights, vocabulary]
  }

  /// A `model.json` is at most this long.
  private static let descriptionLimit = 16 << 20

  /// Loads a model.
  ///
  /// - Throws: ``TextModelError`` for a folder or file that is missing, cut short, damaged, or of another model.
  public init(contentsOf path: String) throws(TextModelError) {
    do {
      let description = try Self.readDescription("\(path)/\(File.description)")
      try self.init(path: path, description: description)
    } catch let error as FileError {
      throw .file(error)
    } catch let error as VocabularyError {
      throw .vocabulary(error)
    } catch let error as TextModelError {
      throw error
    } catch {
      throw .mismatch(path: path, reason: "\(error)")
    }
  }

  private init(path: String, description: ModelDescription) throws {
    let weightsPath = "\(path)/\(File.weights)"
    let weights = try SafeTensors(contentsOf: weightsPath)
    // Shapes alone: nothing is allocated by the sizes in the description.
    let network = description.network.makeNetwork(random: nil)
    let expected = network.namedParameters
    for (name, parameter) in expected {
      let shape = parameter.shape
      guard let tensor = weights.tensors[name] else {
        throw TextModelError.mismatch(path: weightsPath, reason: "the tensor \(name) is missing")
      }
      guard tensor.shape == shape else {
        throw TextModelError.mismatch(
          path: weightsPath, reason: "\(name) has the shape \(tensor.shape), model.json asks for \(shape)")
      }
    }
    guard weights.tensors.count == expected.count else {
      throw TextModelError.mismatch(path: weightsPath, reason: "it holds tensors that model.json does not know")
    }
    guard weights.checksum == description.weightsChecksum else {
      throw FileError.damaged(path: weightsPath, reason: "the checksum differs from the one in model.json")
    }
    let vocabularyPath = "\(path)/\(File.vocabulary)"
    let vocabulary = try VocabularyStore.open(vocabularyPath).vocabulary()
    guard vocabulary.count == description.network.vocabularySize else {
      throw TextModelError.mismatch(
        path: vocabularyPath,
        reason: "it has \(vocabulary.count) tokens, the weights are for \(description.network.vocabularySize)")
    }
    guard vocabulary.fingerprint == description.vocabularyFingerprint, vocabulary.settings == description.tokenizer
    else {
      throw TextModelError.mismatch(path: vocabularyPath, reason: "it is not the vocabulary of these weights")
    }
    // Whatever else of the file is damaged, such as rows that prediction does not read.
    guard try checksum(ofFile: vocabularyPath) == description.vocabularyChecksum else {
      throw FileError.damaged(path: vocabularyPath, reason: "the checksum differs from the one in model.json")
    }
    let encoder: TextEncoder
    do {
      encoder = try TextEncoder(vocabulary: vocabulary, maximumLength: description.maximumLength)
    } catch {
      throw TextModelError.tokenizer(error)
    }
    try network.load(weights.tensors)
    self.init(encoder: encoder, network: network, description: description)
  }

  private static func readDescription(_ path: String) throws -> ModelDescription {
    let bytes = try readFile(path, limit: descriptionLimit)
    struct Version: Decodable {
      let format: Int
      let task: String?
    }
    let decoder = JSONDecoder()
    guard let version = try? decoder.decode(Version.self, from: Data(bytes)) else {
      throw FileError.damaged(path: path, reason: "it is not the description of a model")
    }
    guard version.format <= ModelDescription.currentFormat else {
      throw FileError.newerFormat(path: path, version: version.format, supported: ModelDescription.currentFormat)
    }
    guard version.format >= 3 else {
      throw FileError.damaged(path: path, reason: "it was made by an earlier version")
    }
    guard version.task.flatMap(TextTask.init) != nil else {
      throw FileError.damaged(path: path, reason: "it is not the description of a text model")
    }
    guard let description = try? decoder.decode(ModelDescription.self, from: Data(bytes)) else {
      throw FileError.damaged(path: path, reason: "parts of the description are missing")
    }
    if let fault = description.fault { throw FileError.damaged(path: path, reason: fault) }
    return description
  }

  /// Whether a model could be written there; for asking before hours of work.
  ///
  /// - Throws: what ``write(to:replacing:)`` would throw.
  public static func checkWritable(to path: String, replacing: Bool) throws(TextModelError) {
    do {
      try FolderReplacement.check(path, files: File.all, replacing: replacing)
    } catch {
      throw .file(error)
    }
  }

  /// Writes the model as a folder, whole or not at all.
  ///
  /// - Throws: ``TextModelError`` when something that is not a model is there, something is there and `replacing` is
  ///   false, or the disk is full.
  public func write(to path: String, replacing: Bool) throws(TextModelError) {
    do {
      let folder = try FolderReplacement(path: path, files: File.all, replacing: replacing)
      do {
        try writeFiles(to: folder.temporaryPath)
      } catch {
        folder.abandon()
        throw error
      }
      try folder.commit()
    } catch let error as FileError {
      throw .file(error.shown(as: path))
    } catch let error as VocabularyError {
      switch error {
      case .writeFailed(_, let reason): throw .file(.writeFailed(path: path, reason: reason))
      case .cannotCreate(_, let reason): throw .file(.cannotCreate(path: path, reason: reason))
      default: throw .vocabulary(error)
      }
    } catch {
      throw .file(.writeFailed(path: path, reason: "\(error)"))
    }
  }

  private func writeFiles(to folder: String) throws {
    let weights = SafeTensors(tensors: network.stateDictionary, metadata: ["format": "pt"])
    var description = description
    description.weightsChecksum = weights.checksum
    description.vocabularyFingerprint = encoder.vocabulary.fingerprint
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try weights.write(to: "\(folder)/\(File.weights)")
    _ = try VocabularyStore.create(at: "\(folder)/\(File.vocabulary)", with: encoder.vocabulary, overwrite: false)
    description.vocabularyChecksum = try checksum(ofFile: "\(folder)/\(File.vocabulary)")
    // Without a line end: then a file that lacks its last byte is seen to be cut.
    try writeAtomically(Array(json.encode(description)), to: "\(folder)/\(File.description)")
  }
}

extension FileError {
  /// The error with the path that the user knows in place of a temporary one.
  fileprivate func shown(as path: String) -> FileError {
    switch self {
    case .writeFailed(_, let reason): .writeFailed(path: path, reason: reason)
    case .cannotCreate(_, let reason): .cannotCreate(path: path, reason: reason)
    default: self
    }
  }
}
