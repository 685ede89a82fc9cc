import CICU

/// Bytes that could not be read in a character set.
public enum CharsetError: Error, Equatable, CustomStringConvertible {
  /// ICU has no converter of this name.
  case unknownCharset(String)
  /// The text is larger than what is converted at once.
  case tooLarge(bytes: Int)
  /// ICU failed; `status` is its name of the failure.
  case icu(operation: String, status: String)

  /// The error in words, with the next step.
  public var description: String {
    switch self {
    case .unknownCharset(let name):
      "unknown character set '\(name)'; use a name that ICU knows, such as windows-1252 or GB18030"
    case .tooLarge(let bytes):
      "\(bytes) bytes are too many to convert at once; split the text into parts below 512 MiB"
    case .icu(let operation, let status):
      "ICU failed to \(operation): \(status)"
    }
  }
}

/// A character set that a text may be written in.
public struct CharsetGuess: Sendable, Hashable {
  /// ICU's name of the character set.
  public let name: String
  /// How sure the guess is, from 0 to 100.
  public let confidence: Int
}

/// Detection of character sets, and conversion to UTF-8.
public enum Charset {
  /// The character sets that the bytes are most likely written in, best first, as far as ICU can convert from them. UTF-8 is
  /// no guess when it validates and holds more than ASCII.
  public static func guesses(for bytes: [UInt8]) throws(CharsetError) -> [CharsetGuess] {
    if bytes.contains(where: { $0 >= 0x80 }), UTF8Validation.firstInvalidOffset(in: bytes.span) == nil {
      return [CharsetGuess(name: "UTF-8", confidence: 100)]
    }
    var matches = [cicu_charset_match](repeating: cicu_charset_match(), count: 16)
    var status: cicu_status = 0
    let count = bytes.withUnsafeBufferPointer { source -> Int in
      guard let base = source.baseAddress else { return 0 }
      return cicu_detect_charsets(base, source.count, &matches, matches.count, &status)
    }
    guard status <= 0 else {
      throw .icu(operation: "detect the character set", status: statusName(status))
    }
    return matches.prefix(count).map { match in
      CharsetGuess(
        name: withUnsafeBytes(of: match.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) },
        confidence: Int(match.confidence))
    }
  }

  /// Converts bytes of a character set to UTF-8. Sequences that are ill-formed in that set become U+FFFD.
  public static func utf8(from bytes: [UInt8], charset: String) throws(CharsetError) -> [UInt8] {
    guard bytes.count <= cicuLimit else { throw .tooLarge(bytes: bytes.count) }
    guard !bytes.isEmpty else { return [] }
    // A NUL would cut the name short for C.
    guard !charset.utf8.contains(0) else { throw .unknownCharset(charset) }
    var result = [UInt8](repeating: 0, count: bytes.count * 2)
    while true {
      var status: cicu_status = 0
      let size = cicu_convert_to_utf8(charset, bytes, bytes.count, &result, result.count, &status)
      guard status <= 0 else {
        let name = statusName(status)
        if name == "U_FILE_ACCESS_ERROR" { throw .unknownCharset(charset) }
        throw .icu(operation: "convert from \(charset)", status: name)
      }
      if size <= result.count {
        result.removeLast(result.count - size)
        return result
      }
      result = [UInt8](repeating: 0, count: size)
    }
  }

  /// Converts bytes of a character set to UTF-8; nil where some of them mean nothing in it, or ICU does not have it.
  ///
  /// - Parameter isCut: whether more bytes follow, so that the last character need not be whole.
  static func utf8(from bytes: [UInt8], charset: String, isCut: Bool) -> [UInt8]? {
    var status: cicu_status = 0
    guard let converter = cicu_converter_open(charset, cicu_invalid_stop, &status) else { return nil }
    defer { cicu_converter_close(converter) }
    var result: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 14)
    return bytes.withUnsafeBufferPointer { bytes -> [UInt8]? in
      guard var from = bytes.baseAddress else { return [] }
      let end = from + bytes.count
      while true {
        var invalid = 0
        let count = cicu_converter_run(converter, &from, end, &part, part.count, !isCut, &invalid, &status)
        guard status <= 0 else { return nil }
        result += part[..<count]
        if from == end, count < part.count { return result }
      }
    }
  }
}
