/// What `model.json` says, whatever the model.
public protocol StoredDescription: Codable {
  /// The version that this program writes and the latest that it reads.
  static var currentFormat: Int { get }
  /// The oldest version that this program reads.
  static var oldestFormat: Int { get }
  /// Whether a model for such a task is described.
  static func describes(task: String) -> Bool
  /// What cannot be in it, or `nil`; it may come from a file.
  var fault: String? { get }
}

/// What every `model.json` begins with.
struct BundleVersion: Decodable {
  let format: Int
  let task: String?
}
