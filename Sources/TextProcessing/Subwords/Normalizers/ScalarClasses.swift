import CICU

/// Classes of all scalars, read from ICU once: a look-up is one load.
struct ScalarClasses: OptionSet, Sendable {
  let rawValue: UInt8

  static let letter = Self(cicu_class_letter)
  static let number = Self(cicu_class_number)
  static let whiteSpace = Self(cicu_class_white_space)
  static let punctuation = Self(cicu_class_punctuation)
  static let nonspacingMark = Self(cicu_class_nonspacing_mark)
  static let mark = Self(cicu_class_mark)
  /// Controls, formats, private use.
  static let other = Self(cicu_class_other)
  /// What `\w` matches.
  static let word = Self(cicu_class_word)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  private init(_ bits: cicu_scalar_class) { rawValue = UInt8(truncatingIfNeeded: bits.rawValue) }

  private static let table: [UInt8] = Array(unsafeUninitializedCapacity: 0x110000) { buffer, count in
    // Planes 4 to 13 are unassigned, 15 and 16 private.
    buffer.initialize(repeating: 0)
    for range in [0..<0x40000, 0xE0000..<0xE1000] {
      if let base = buffer.baseAddress {
        cicu_scalar_classes(UInt32(range.lowerBound), range.count, base + range.lowerBound)
      }
    }
    buffer[0xF0000...].update(repeating: ScalarClasses.other.rawValue)
    count = 0x110000
  }

  /// The classes of a scalar.
  @inline(__always)
  static func of(_ scalar: UInt32) -> ScalarClasses { ScalarClasses(rawValue: table[Int(scalar)]) }

  /// Calls `body` with the table of all classes, so that a loop looks it up once.
  static func withTable<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
    try table.withUnsafeBufferPointer(body)
  }

  /// Whether a scalar is ASCII that is neither letter, digit, space nor control: what Rust and Python call punctuation.
  static func isASCIIPunctuation(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  /// ASCII's punctuation and Unicode's.
  static func isPunctuation(_ scalar: UInt32) -> Bool {
    isASCIIPunctuation(scalar) || of(scalar).contains(.punctuation)
  }

  /// Whether BERT writes a space before and behind a scalar: ideographs of the blocks that it names.
  static func isBERTIdeograph(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF,
      0xF900...0xFAFF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }
}
