import FoundationEssentials
import ModelFiles
import VocabularyStore

/// What the folders of a classifier and of word vectors have in common: `model.json`, `weights.safetensors`,
/// `vocabulary.sqlite`.
enum BundleFile {
  static let description = "model.json"
  static let weights = "weights.safetensors"
  static let vocabulary = "vocabulary.sqlite"
  static let all: Set = [description, weights, vocabulary]
  /// A `model.json` is at most this long.
  static let descriptionLimit = 256 << 20
}

/// Checksums of the other files, which `model.json` holds.
struct BundleChecksums: Sendable, Codable, Hashable {
  var weights = ""
  var vocabulary = ""
  var vocabularyFingerprint = ""

  private enum CodingKeys: String, CodingKey {
    case weights, vocabulary
    case vocabularyFingerprint = "vocabulary_fingerprint"
  }
}

/// What `model.json` says, whatever the model.
protocol BundleDescription: Codable {
  /// The version that this program writes and the latest that it reads.
  static var currentFormat: Int { get }
  static var taskName: String { get }
  var checksums: BundleChecksums { get set }
  /// What cannot be in it, or nil.
  var fault: String? { get }
}

/// What every `model.json` begins with.
private struct Version: Decodable {
  let format: Int
  let task: String?
}

enum Bundle {
  /// Reads `model.json`.
  static func readDescription<D: BundleDescription>(_ type: D.Type, in folder: String) throws(BagModelError) -> D {
    let path = "\(folder)/\(BundleFile.description)"
    do {
      let bytes = try readFile(path, limit: BundleFile.descriptionLimit)
      let decoder = JSONDecoder()
      guard let version = try? decoder.decode(Version.self, from: Data(bytes)) else {
        throw FileError.damaged(path: path, reason: "it is not the description of a model")
      }
      guard version.format <= D.currentFormat else {
        throw FileError.newerFormat(path: path, version: version.format, supported: D.currentFormat)
      }
      guard version.format >= 1, version.task == D.taskName else {
        throw FileError.damaged(path: path, reason: "it is not the description of a model for \(D.taskName)")
      }
      guard let description = try? decoder.decode(D.self, from: Data(bytes)) else {
        throw FileError.damaged(path: path, reason: "parts of the description are missing")
      }
      if let fault = description.fault { throw FileError.damaged(path: path, reason: fault) }
      return description
    } catch let error as FileError {
      throw .file(error)
    } catch {
      throw .mismatch(path: path, reason: "\(error)")
    }
  }

  /// Reads the weights, whose checksum must be right.
  static func readWeights(
    in folder: String, keepingStored names: Set<String>, _ checksums: BundleChecksums
  ) throws(BagModelError) -> SafeTensors {
    let path = "\(folder)/\(BundleFile.weights)"
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
  static func readVocabulary(in folder: String, _ checksums: BundleChecksums) throws(BagModelError) -> Vocabulary {
    let path = "\(folder)/\(BundleFile.vocabulary)"
    do {
      let vocabulary = try VocabularyStore.open(path).vocabulary()
      guard vocabulary.fingerprint == checksums.vocabularyFingerprint else {
        throw BagModelError.mismatch(path: path, reason: "it is not the vocabulary of these weights")
      }
      guard try checksum(ofFile: path) == checksums.vocabulary else {
        throw FileError.damaged(path: path, reason: "the checksum differs from the one in model.json")
      }
      return vocabulary
    } catch let error as FileError {
      throw .file(error)
    } catch let error as VocabularyError {
      throw .vocabulary(error)
    } catch let error as BagModelError {
      throw error
    } catch {
      throw .mismatch(path: path, reason: "\(error)")
    }
  }

  /// Whether a model could be written there.
  static func checkWritable(to path: String, replacing: Bool) throws(BagModelError) {
    do {
      try FolderReplacement.check(path, files: BundleFile.all, replacing: replacing)
    } catch {
      throw .file(error)
    }
  }

  /// Writes a folder, whole or not at all.
  static func write(
    _ description: some BundleDescription, weights: SafeTensors, vocabulary: Vocabulary, to path: String,
    replacing: Bool
  ) throws(BagModelError) {
    do {
      let folder = try FolderReplacement(path: path, files: BundleFile.all, replacing: replacing)
      let temporary = folder.temporaryPath
      do {
        var description = description
        try weights.write(to: "\(temporary)/\(BundleFile.weights)")
        try VocabularyStore.create(at: "\(temporary)/\(BundleFile.vocabulary)", with: vocabulary, overwrite: false)
        description.checksums = BundleChecksums(
          weights: weights.checksum, vocabulary: try checksum(ofFile: "\(temporary)/\(BundleFile.vocabulary)"),
          vocabularyFingerprint: vocabulary.fingerprint)
        let json = JSONEncoder()
        json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Without a line end: then a file that lacks its last byte is seen to be cut.
        try writeAtomically(Array(json.encode(description)), to: "\(temporary)/\(BundleFile.description)")
      } catch {
        folder.abandon()
        throw error
      }
      try folder.commit()
    } catch let error as FileError {
      throw .file(shown(error, as: path))
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

  /// The error with the path that the user knows in place of a temporary one.
  private static func shown(_ error: FileError, as path: String) -> FileError {
    switch error {
    case .writeFailed(_, let reason): .writeFailed(path: path, reason: reason)
    case .cannotCreate(_, let reason): .cannotCreate(path: path, reason: reason)
    default: error
    }
  }
}
