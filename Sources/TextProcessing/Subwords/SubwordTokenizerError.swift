/// Why a subword tokenizer cannot be read or used.
public enum SubwordTokenizerError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be opened or read.
  case file(CorpusError)
  /// The file is no JSON: what is wrong after so many bytes.
  case malformedJSON(offset: Int, reason: String)
  /// A setting of the file is one that nlptool does not have. Nothing is applied by halves.
  case unsupported(part: String, value: String)
  /// A part of the file is missing, or not what it should be.
  case invalid(part: String, reason: String)
  /// A text is not UTF-8.
  case invalidUTF8(InvalidUTF8)
  /// The file cannot be made.
  case cannotCreate(path: String, reason: String)
  /// The file cannot be written.
  case cannotWrite(path: String, reason: String)
  /// A text cannot be encoded.
  case notEncodable(reason: String)

  /// The error in words, with the next step.
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .malformedJSON(let offset, let reason): "no JSON: \(reason) at byte \(offset); is the file complete?"
    case .unsupported(let part, let value):
      "\(part) '\(value)' is not supported: the ids would be wrong"
    case .invalid(let part, let reason): "\(part): \(reason)"
    case .invalidUTF8(let error): error.description
    case .cannotCreate(let path, let reason): "\(path): cannot be created (\(reason)); choose another name"
    case .cannotWrite(let path, let reason): "\(path): cannot be written: \(reason)"
    case .notEncodable(let reason): reason
    }
  }

  /// A text that its normaliser makes too large.
  static func tooLarge(limit: Int) -> Self {
    .notEncodable(
      reason: "its normaliser makes more than \(limit) bytes of it; look at the replacements of the tokenizer")
  }
}
