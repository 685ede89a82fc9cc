/// How the bytes of a file become UTF-8.
public struct TextEncoding: Sendable, Hashable {
  /// The character set of a file.
  public enum CharacterSet: Sendable, Hashable {
    /// UTF-8, or UTF-16 or UTF-32 where the file begins with their byte order mark.
    case unicode
    /// The most likely one, by what the file begins with.
    case detected
    /// By a name that ICU knows, such as GB18030, Shift_JIS or windows-1252.
    case named(String)
  }

  /// What becomes of bytes that mean nothing.
  public enum InvalidBytes: String, Sendable, Hashable, CaseIterable {
    /// They are an error, with their place.
    case error
    /// Each maximal subpart of a character becomes U+FFFD (Unicode 15.0, section 3.9).
    case replace
    /// They are left out: also between a carriage return and the line feed behind it, and a last line of nothing else is none.
    case skip
  }

  /// The character set.
  public var characterSet: CharacterSet
  /// What becomes of bytes that mean nothing.
  public var invalidBytes: InvalidBytes

  /// UTF-8, or what a byte order mark says; an error where that is not so.
  public init(_ characterSet: CharacterSet = .unicode, invalidBytes: InvalidBytes = .error) {
    self.characterSet = characterSet
    self.invalidBytes = invalidBytes
  }
}

/// What reading a file has found out about its bytes.
public struct TextEncodingReport: Sendable, Hashable {
  /// ICU's name of the character set that the file was found to be in; nil for UTF-8, and where it was named.
  public internal(set) var characterSet: String?
  /// How sure that is, from 0 to 100.
  public internal(set) var confidence = 100
  /// Ill-formed sequences that were replaced or left out; of other character sets than UTF-8 they are not counted.
  public internal(set) var repairCount = 0
  /// Offset of the first of them in the file, decompressed.
  public internal(set) var firstRepair: Int?

  /// What of it is worth telling a person, in words; nil for UTF-8 without faults.
  public var summary: String? {
    var parts: [String] = []
    if let characterSet {
      parts.append("read as \(characterSet)" + (confidence < 100 ? " (\(confidence) % sure)" : ""))
    }
    if let firstRepair {
      parts.append("\(repairCount) ill-formed sequence\(repairCount == 1 ? "" : "s"), the first at byte \(firstRepair)")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}
