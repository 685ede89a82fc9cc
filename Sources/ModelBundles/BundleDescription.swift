/// Checksums of the other files of a bundle, which `model.json` holds.
public struct BundleChecksums: Sendable, Codable, Hashable {
  /// Of the weights.
  public var weights = ""
  /// Of the file of the vocabulary.
  public var vocabulary = ""
  /// Of which token has which id.
  public var vocabularyFingerprint = ""

  /// None yet.
  public init() {}

  private enum CodingKeys: String, CodingKey {
    case weights, vocabulary
    case vocabularyFingerprint = "vocabulary_fingerprint"
  }
}

/// What `model.json` says, whatever the model.
public protocol BundleDescription: Codable {
  /// The version that this program writes and the latest that it reads.
  static var currentFormat: Int { get }
  /// The oldest version that this program reads.
  static var oldestFormat: Int { get }
  /// Whether a model for such a task is described.
  static func describes(task: String) -> Bool
  /// Checksums of the other files.
  var checksums: BundleChecksums { get set }
  /// What cannot be in it, or `nil`; it may come from a file.
  var fault: String? { get }
}

/// What every `model.json` begins with.
struct BundleVersion: Decodable {
  let format: Int
  let task: String?
}
