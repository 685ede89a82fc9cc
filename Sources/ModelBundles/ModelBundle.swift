import FoundationEssentials
public import ModelFiles
public import VocabularyStore

/// The folder that holds a model, whatever it is: `model.json`, `weights.safetensors`, `vocabulary.sqlite`.
///
/// It is written whole or not at all, and every file is checked before anything is made of it.
public enum ModelBundle {
  private enum File {
    static let description = "model.json"
    static let weights = "weights.safetensors"
    static let vocabulary = "vocabulary.sqlite"
    static let all: Set = [description, weights, vocabulary]
    /// A `model.json` is at most this long.
    static let descriptionLimit = 256 << 20
  }

  /// The file of the weights, for messages.
  public static func weightsPath(in folder: String) -> String { "\(folder)/\(File.weights)" }

  /// The file of the vocabulary, for messages.
  public static func vocabularyPath(in folder: String) -> String { "\(folder)/\(File.vocabulary)" }

  /// What a bundle says that it does; `nil` where it says nothing.
  public static func task(in folder: String) throws(BundleError) -> String? {
    try readVersion(try readDescriptionFile(in: folder), path: "\(folder)/\(File.description)").task
  }

  private static func readDescriptionFile(in folder: String) throws(BundleError) -> Data {
    do {
      return Data(try readFile("\(folder)/\(File.description)", limit: File.descriptionLimit))
    } catch {
      throw .file(error)
    }
  }

  private static func readVersion(_ bytes: Data, path: String) throws(BundleError) -> BundleVersion {
    guard let version = try? JSONDecoder().decode(BundleVersion.self, from: bytes) else {
      throw .file(.damaged(path: path, reason: "it is not the description of a model"))
    }
    return version
  }

  /// Reads `model.json`.
  public static func readDescription<D: BundleDescription>(
    _ type: D.Type, in folder: String
  ) throws(BundleError) -> D {
    let path = "\(folder)/\(File.description)"
    let bytes = try readDescriptionFile(in: folder)
    let version = try readVersion(bytes, path: path)
    guard version.task.map(D.describes) == true else {
      throw .file(
        .damaged(path: path, reason: "it describes a model for \(version.task ?? "nothing"), which is not wanted here"))
    }
    guard version.format <= D.currentFormat else {
      throw .file(.newerFormat(path: path, version: version.format, supported: D.currentFormat))
    }
    guard version.format >= D.oldestFormat else {
      throw .file(.damaged(path: path, reason: "it was made by an earlier version"))
    }
    guard let description = try? JSONDecoder().decode(D.self, from: bytes) else {
      throw .file(.damaged(path: path, reason: "parts of the description are missing"))
    }
    if let fault = description.fault { throw .file(.damaged(path: path, reason: fault)) }
    return description
  }

  /// Reads the weights, whose checksum must be right.
  ///
  /// - Parameter names: tensors that stay as they are stored, whatever their type.
  public static func readWeights(
    in folder: String, keepingStored names: Set<String> = [], _ checksums: BundleChecksums
  ) throws(BundleError) -> SafeTensors {
    let path = weightsPath(in: folder)
    do throws(FileError) {
      let weights = try SafeTensors(contentsOf: path, keepingStored: names)
      guard weights.checksum == checksums.weights else {
        throw .damaged(path: path, reason: "the checksum differs from the one in model.json")
      }
      return weights
    } catch {
      throw .file(error)
    }
  }

  /// Reads the vocabulary, which must be the one of the weights.
  public static func readVocabulary(in folder: String, _ checksums: BundleChecksums) throws(BundleError) -> Vocabulary {
    let path = vocabularyPath(in: folder)
    do {
      let vocabulary = try VocabularyStore.open(path).vocabulary()
      guard vocabulary.fingerprint == checksums.vocabularyFingerprint else {
        throw BundleError.mismatch(path: path, reason: "it is not the vocabulary of these weights")
      }
      // Whatever else of the file is damaged, such as rows that prediction does not read.
      guard try checksum(ofFile: path) == checksums.vocabulary else {
        throw FileError.damaged(path: path, reason: "the checksum differs from the one in model.json")
      }
      return vocabulary
    } catch let error as FileError {
      throw .file(error)
    } catch let error as VocabularyError {
      throw .vocabulary(error)
    } catch let error as BundleError {
      throw error
    } catch {
      throw .mismatch(path: path, reason: "\(error)")
    }
  }

  /// Whether a model could be written there; for asking before hours of work.
  public static func checkWritable(to path: String, replacing: Bool) throws(BundleError) {
    do {
      try FolderReplacement.check(path, files: File.all, replacing: replacing)
    } catch {
      throw .file(error)
    }
  }

  /// Writes a folder, whole or not at all; the checksums of the description are those of what is written.
  public static func write(
    _ description: some BundleDescription, weights: SafeTensors, vocabulary: Vocabulary, to path: String,
    replacing: Bool
  ) throws(BundleError) {
    do {
      let folder = try FolderReplacement(path: path, files: File.all, replacing: replacing)
      do {
        try writeFiles(description, weights, vocabulary, to: folder.temporaryPath)
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

  private static func writeFiles(
    _ description: some BundleDescription, _ weights: SafeTensors, _ vocabulary: Vocabulary, to folder: String
  ) throws {
    var description = description
    try weights.write(to: weightsPath(in: folder))
    try VocabularyStore.create(at: vocabularyPath(in: folder), with: vocabulary, overwrite: false)
    description.checksums.weights = weights.checksum
    description.checksums.vocabulary = try checksum(ofFile: vocabularyPath(in: folder))
    description.checksums.vocabularyFingerprint = vocabulary.fingerprint
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
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
