import CICU

/// Kinds of scalars, read from ICU a page of 256 at a time when a page is first asked for: a look-up costs two loads
/// instead of half a dozen calls. Belongs to one thread.
struct KindTable {
  /// What is known of a scalar: its kind in the low four bits, and what makes an emoji of it.
  struct Entry {
    var bits: UInt8

    static let pictographic: UInt8 = 1 << 4
    static let emojiPresentation: UInt8 = 1 << 5

    var kind: TokenKind { TokenKind(rawValue: bits & 15) ?? .other }
    var isPictographic: Bool { bits & Self.pictographic != 0 }
    var hasEmojiPresentation: Bool { bits & Self.emojiPresentation != 0 }
  }

  /// For each block of 256 scalars, where its page begins; -1 before it is read.
  private var pageStarts = [Int32](repeating: -1, count: 0x1100)
  private var pages: [UInt8] = []

  subscript(scalar: UInt32) -> Entry {
    mutating get {
      let block = Int(scalar >> 8)
      guard block < pageStarts.count else { return Entry(bits: TokenKind.other.rawValue) }
      if pageStarts[block] < 0 { readPage(block) }
      return Entry(bits: pages[Int(pageStarts[block]) + Int(scalar & 0xFF)])
    }
  }

  private mutating func readPage(_ block: Int) {
    pageStarts[block] = Int32(pages.count)
    for scalar in UInt32(block) << 8..<UInt32(block + 1) << 8 {
      pages.append(Self.entry(of: cicu_properties(scalar)).bits)
    }
  }

  private static func entry(of properties: cicu_properties) -> Entry {
    var bits = kind(of: properties).rawValue
    if properties.extended_pictographic { bits |= Entry.pictographic }
    if properties.emoji_presentation { bits |= Entry.emojiPresentation }
    return Entry(bits: bits)
  }

  private static func kind(of properties: cicu_properties) -> TokenKind {
    if properties.white_space { return .space }
    if properties.ideographic { return .cjk }
    if UInt32(properties.script) == cicu_script_kana.rawValue { return .kana }
    switch cicu_category(UInt32(properties.category)) {
    case cicu_category_letter: return .word
    case cicu_category_number: return .number
    case cicu_category_punctuation: return .punctuation
    case cicu_category_symbol: return .symbol
    default: return .other
    }
  }
}

extension KindTable {
  /// Kind of a segment of ICU's word rules, from the rule status and the scalars. The bytes are well-formed UTF-8.
  mutating func kind(ofWord bytes: UnsafeBufferPointer<UInt8>, status: Int32) -> TokenKind {
    switch status {
    case 400..<500: return !bytes.isEmpty && containsIdeograph(bytes) ? .cjk : .kana
    case 200..<400: return .word
    case 100..<200: return Self.isKeycap(bytes) ? .emoji : .number
    default: return kind(ofCluster: bytes)
    }
  }

  /// Kind of any other run of scalars: that of an emoji sequence, or of its first scalar.
  mutating func kind(ofCluster bytes: UnsafeBufferPointer<UInt8>) -> TokenKind {
    guard !bytes.isEmpty else { return .other }
    let (first, size) = UTF8Decoding.scalar(in: bytes, at: 0)
    let entry = self[first]
    if entry.hasEmojiPresentation { return .emoji }
    if entry.isPictographic, hasEmojiMark(bytes, from: size) { return .emoji }
    if size < bytes.count, Self.isKeycap(bytes) { return .emoji }
    return entry.kind
  }

  private mutating func containsIdeograph(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    // E5…E9 lead U+5000…U+9FFF: ideographs all of them, and nearly every word of Chinese begins with one.
    if (0xE5...0xE9).contains(bytes[0]) { return true }
    var offset = 0
    while offset < bytes.count {
      let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: offset)
      if self[scalar].kind == .cjk { return true }
      offset += size
    }
    return false
  }

  /// Whether a pictograph is followed by what makes it an emoji: the emoji variation selector, a joiner or a skin tone.
  private func hasEmojiMark(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
    var offset = start
    while offset < bytes.count {
      let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: offset)
      if scalar == 0xFE0F || scalar == 0x200D || (0x1F3FB...0x1F3FF).contains(scalar) { return true }
      offset += size
    }
    return false
  }

  /// Whether the bytes are one digit, # or * in a keycap (U+20E3), with or without the variation selector.
  private static func isKeycap(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let count = bytes.count
    guard count == 4 || count == 7 else { return false }
    guard bytes[count - 3] == 0xE2, bytes[count - 2] == 0x83, bytes[count - 1] == 0xA3 else { return false }
    guard count == 4 || (bytes[1] == 0xEF && bytes[2] == 0xB8 && bytes[3] == 0x8F) else { return false }
    return (0x30...0x39).contains(bytes[0]) || bytes[0] == 0x23 || bytes[0] == 0x2A
  }
}

/// Decoding of UTF-8 that is known to be well-formed.
enum UTF8Decoding {
  /// The scalar that begins at an offset, and its size in bytes.
  @inline(__always)
  static func scalar(in bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (scalar: UInt32, size: Int) {
    let lead = UInt32(bytes[offset])
    if lead < 0x80 { return (lead, 1) }
    func continuation(_ distance: Int) -> UInt32 { UInt32(bytes[offset + distance]) & 0x3F }
    if lead < 0xE0 { return ((lead & 0x1F) << 6 | continuation(1), 2) }
    if lead < 0xF0 { return ((lead & 0x0F) << 12 | continuation(1) << 6 | continuation(2), 3) }
    return ((lead & 0x07) << 18 | continuation(1) << 12 | continuation(2) << 6 | continuation(3), 4)
  }
}
