public import ModelFiles

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

/// What `model.json` says of a model with a vocabulary.
public protocol BundleDescription: StoredDescription {
  /// Checksums of the other files.
  var checksums: BundleChecksums { get set }
}
