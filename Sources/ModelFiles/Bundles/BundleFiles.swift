import FoundationEssentials

/// The files of the folder that holds a model: `model.json` and `weights.safetensors`, and beside them what a kind of
/// models needs, such as a vocabulary.
///
/// The folder is written whole or not at all, and every file is checked before anything is made of it.
public enum BundleFiles {
  private static let description = "model.json"
  private static let weights = "weights.safetensors"
  /// A `model.json` is at most this long.
  private static let descriptionLimit = 256 << 20

  /// What the folder of a model of any kind may hold; one with other files is never replaced.
  private static let all: Set = [description, weights, vocabulary]

  /// The file of the vocabulary, where there is one.
  package static let vocabulary = "vocabulary.sqlite"

  /// The file of the description, for messages.
  public static func descriptionPath(in folder: String) -> String { "\(folder)/\(description)" }

  /// The file of the weights, for messages.
  public static func weightsPath(in folder: String) -> String { "\(folder)/\(weights)" }

  /// What a bundle says that it does; `nil` where it says nothing.
  public static func task(in folder: String) throws(FileError) -> String? {
    try version(readDescriptionBytes(in: folder), in: folder).task
  }

  private static func readDescriptionBytes(in folder: String) throws(FileError) -> Data {
    do {
      return Data(try readFile(descriptionPath(in: folder), limit: descriptionLimit))
    } catch {
      if case .missing = error, isFile(folder) { throw .notAModel(path: folder) }
      throw error
    }
  }

  private static func version(_ bytes: Data, in folder: String) throws(FileError) -> BundleVersion {
    guard let version = try? JSONDecoder().decode(BundleVersion.self, from: bytes) else {
      throw .damaged(path: descriptionPath(in: folder), reason: "it is not the description of a model")
    }
    return version
  }

  /// Reads `model.json`.
  public static func readDescription<D: StoredDescription>(
    _ type: D.Type, in folder: String
  ) throws(FileError) -> D {
    let path = descriptionPath(in: folder)
    let bytes = try readDescriptionBytes(in: folder)
    let version = try version(bytes, in: folder)
    guard version.task.map(D.describes) == true else {
      throw .damaged(
        path: path, reason: "it describes a model for \(version.task ?? "nothing"), which is not wanted here")
    }
    guard version.format <= D.currentFormat else {
      throw .newerFormat(path: path, version: version.format, supported: D.currentFormat)
    }
    guard version.format >= D.oldestFormat else {
      throw .damaged(path: path, reason: "it was made by an earlier version")
    }
    guard let description = try? JSONDecoder().decode(D.self, from: bytes) else {
      throw .damaged(path: path, reason: "parts of the description are missing")
    }
    if let fault = description.fault { throw .damaged(path: path, reason: fault) }
    return description
  }

  /// Reads the weights, whose checksum must be right, as Float32 whatever they are stored as.
  ///
  /// - Parameters:
  ///   - names: tensors that stay as they are stored, whatever their type.
  ///   - keepingBytes: whether weights in bytes stay so, in ``SafeTensors/quantized``.
  public static func readWeights(
    in folder: String, keepingStored names: Set<String> = [], keepingBytes: Bool = false, checksum: String
  ) throws(FileError) -> SafeTensors {
    let path = weightsPath(in: folder)
    let weights = try SafeTensors(unconverted: path, keepingStored: names)
    guard weights.checksum == checksum else {
      throw .damaged(path: path, reason: "the checksum differs from the one in model.json")
    }
    do throws(WeightFault) {
      return try weights.expanded(except: names, keepingBytes: keepingBytes)
    } catch {
      throw .damaged(path: path, reason: error.reason)
    }
  }

  /// Whether a model could be written there; for asking before hours of work.
  public static func checkWritable(to path: String, replacing: Bool) throws(FileError) {
    try FolderReplacement.check(path, files: all, replacing: replacing)
  }

  /// Writes a folder, whole or not at all.
  ///
  /// - Parameter writeFiles: writes all files into a folder of a temporary name.
  public static func write(to path: String, replacing: Bool, _ writeFiles: (_ folder: String) throws -> Void) throws {
    do {
      let folder = try FolderReplacement(path: path, files: all, replacing: replacing)
      do {
        try writeFiles(folder.temporaryPath)
      } catch {
        folder.abandon()
        throw error
      }
      try folder.commit()
    } catch let error as FileError {
      throw error.shown(as: path)
    }
  }

  /// Writes `model.json` into a folder.
  public static func write(_ description: some StoredDescription, in folder: String) throws {
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Without a line end: then a file that lacks its last byte is seen to be cut.
    try writeAtomically(Array(json.encode(description)), to: descriptionPath(in: folder))
  }
}
