public import ModelFiles
public import VocabularyStore

/// The folder that holds a model with a vocabulary: `model.json`, `weights.safetensors`, `vocabulary.sqlite`.
///
/// It is written whole or not at all, and every file is checked before anything is made of it.
public enum ModelBundle {
  /// The file of the weights, for messages.
  public static func weightsPath(in folder: String) -> String { BundleFiles.weightsPath(in: folder) }

  /// The file of the vocabulary, for messages.
  public static func vocabularyPath(in folder: String) -> String { "\(folder)/\(BundleFiles.vocabulary)" }

  /// What a bundle says that it does; `nil` where it says nothing.
  public static func task(in folder: String) throws(BundleError) -> String? {
    try converting { () throws(FileError) in try BundleFiles.task(in: folder) }
  }

  /// Reads `model.json`.
  public static func readDescription<D: BundleDescription>(
    _ type: D.Type, in folder: String
  ) throws(BundleError) -> D {
    try converting { () throws(FileError) in try BundleFiles.readDescription(type, in: folder) }
  }

  /// Reads the weights, whose checksum must be right.
  ///
  /// - Parameters:
  ///   - names: tensors that stay as they are stored, whatever their type.
  ///   - keepingBytes: whether weights in bytes stay so, in ``SafeTensors/quantized``.
  public static func readWeights(
    in folder: String, keepingStored names: Set<String> = [], keepingBytes: Bool = false, _ checksums: BundleChecksums
  ) throws(BundleError) -> SafeTensors {
    try converting { () throws(FileError) in
      try BundleFiles.readWeights(
        in: folder, keepingStored: names, keepingBytes: keepingBytes, checksum: checksums.weights)
    }
  }

  private static func converting<R>(_ body: () throws(FileError) -> R) throws(BundleError) -> R {
    do throws(FileError) { return try body() } catch { throw .file(error) }
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
    try converting { () throws(FileError) in try BundleFiles.checkWritable(to: path, replacing: replacing) }
  }

  /// Writes a folder, whole or not at all; the checksums of the description are those of what is written.
  public static func write(
    _ description: some BundleDescription, weights: SafeTensors, vocabulary: Vocabulary, to path: String,
    replacing: Bool
  ) throws(BundleError) {
    do {
      try BundleFiles.write(to: path, replacing: replacing) { folder in
        var description = description
        try weights.write(to: weightsPath(in: folder))
        try VocabularyStore.create(at: vocabularyPath(in: folder), with: vocabulary, overwrite: false)
        description.checksums.weights = weights.checksum
        description.checksums.vocabulary = try checksum(ofFile: vocabularyPath(in: folder))
        description.checksums.vocabularyFingerprint = vocabulary.fingerprint
        try BundleFiles.write(description, in: folder)
      }
    } catch let error as FileError {
      throw .file(error)
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
}
