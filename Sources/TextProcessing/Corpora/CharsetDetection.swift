/// Finds the character set of a text by what it begins with.
struct CharsetDetection {
  /// The first bytes of the text.
  let head: [UInt8]
  /// Whether more of them follow, so that the last character may be cut.
  let isCut: Bool

  /// The character set; nil for UTF-8, and where nothing can be said.
  func guess() throws(CharsetError) -> CharsetGuess? {
    // Before UTF-8: Latin and Cyrillic letters of UTF-16 are bytes of ASCII with NULs and other controls between them.
    if let name = wideSetName { return CharsetGuess(name: name, confidence: 95) }
    if isUTF8 { return nil }
    let guesses = try Charset.guesses(for: head)
    // UTF-8 with faults, which the reader names or mends.
    guard guesses.first?.name != "UTF-8" else { return nil }
    return best(of: guesses)
  }

  private var isUTF8: Bool {
    head.withUnsafeBufferPointer { bytes in
      guard let bad = ByteScanner.best.firstInvalidUTF8(in: bytes) else { return true }
      return isCut && UTF8Decoding.maximalSubpart(in: bytes, at: bad).isCut
    }
  }

  /// The first of the guesses that gives a text without faults. Where ICU cannot tell sets from each other, which it says by
  /// the same confidence, the one whose frequent characters these are.
  private func best(of guesses: [CharsetGuess]) -> CharsetGuess? {
    var converting: CharsetGuess?
    var best: (guess: CharsetGuess, share: Double, width: Int)?
    for guess in guesses {
      if let best, guess.confidence < best.guess.confidence { break }
      guard let text = Charset.utf8(from: head, charset: guess.name, isCut: isCut) else { continue }
      if converting == nil { converting = guess }
      guard Self.isPlausible(text) else { continue }
      let (share, width) = frequentShare(in: guess.name)
      if best.map({ ($0.share, -$0.width) < (share, -width) }) ?? true { best = (guess, share, width) }
    }
    return best?.guess ?? converting ?? guesses.first
  }

  /// Whether a text is without characters that no text has: controls, and what is not assigned.
  private static func isPlausible(_ text: [UInt8]) -> Bool {
    String(decoding: text, as: UTF8.self).unicodeScalars.allSatisfy { isPlausible($0) }
  }

  private static func isPlausible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20..<0x7F, 0x09...0x0D, 0x4E00..<0x9FFF: true
    // Backspace, the end of a file of DOS, and escapes of terminals.
    case 0x08, 0x1A, 0x1B: true
    case 0..<0x20, 0x7F..<0xA0: false
    default:
      switch scalar.properties.generalCategory {
      case .unassigned, .privateUse: false
      default: true
      }
    }
  }
}

// MARK: - UTF-16 and UTF-32 without a byte order mark

extension CharsetDetection {
  /// UTF-16 or UTF-32 where the bytes show it by their NULs; nil for others.
  var wideSetName: String? {
    guard head.contains(0) else { return nil }
    for (name, shifts) in [("UTF-32LE", [0, 8, 16, 24]), ("UTF-32BE", [24, 16, 8, 0])] where isUTF32(shifts) {
      return name
    }
    let little = wideShare(isLittleEndian: true)
    let big = wideShare(isLittleEndian: false)
    switch (little, big) {
    case (nil, nil): return nil
    case (.some, nil): return "UTF-16LE"
    case (nil, .some): return "UTF-16BE"
    case (let little?, let big?): return little >= big ? "UTF-16LE" : "UTF-16BE"
    }
  }

  private static func isBlank(_ byte: UInt32) -> Bool { byte == 0x20 || byte == 0x0A }

  private func isUTF32(_ shifts: [Int]) -> Bool {
    guard head.count >= 4, isCut || head.count % 4 == 0 else { return false }
    var shown = 0
    for start in stride(from: 0, through: head.count - 4, by: 4) {
      let value = (0..<4).reduce(UInt32(0)) { $0 | UInt32(head[start + $1]) << UInt32(shifts[$1]) }
      guard let scalar = Unicode.Scalar(value) else { return false }
      if Self.isPlausible(scalar) { shown += 1 }
    }
    // Nothing but NULs is no text.
    return shown > head.count / 8
  }

  /// The share of ASCII in a reading as UTF-16; nil where that is no text, or bytes that are UTF-8 too show it by too little.
  private func wideShare(isLittleEndian: Bool) -> Double? {
    let count = head.count / 2
    guard count > 0, isCut || head.count % 2 == 0 else { return nil }
    var (ascii, low, stray) = (0, 0, 0)
    var lead: UInt32?
    for index in 0..<count {
      let (first, second) = (UInt32(head[2 * index]), UInt32(head[2 * index + 1]))
      let unit = isLittleEndian ? second << 8 | first : first << 8 | second
      if unit < 0x80 { ascii += 1 }
      if unit >= 0x80, Self.isBlank(first) || Self.isBlank(second) { stray += 1 }
      // Blocks whose numbers are controls, so that no text of bytes has them.
      if unit >> 8 < 0x20 { low += 1 }
      if let high = lead {
        guard unit & 0xFC00 == 0xDC00 else { return nil }
        guard let scalar = Unicode.Scalar(0x10000 + (high & 0x3FF) << 10 + unit & 0x3FF), Self.isPlausible(scalar)
        else {
          return nil
        }
        lead = nil
      } else if unit & 0xFC00 == 0xD800 {
        lead = unit
      } else {
        guard let scalar = Unicode.Scalar(unit), Self.isPlausible(scalar) else { return nil }
      }
    }
    // Texts of bytes have their spaces everywhere, also those with a NUL somewhere.
    guard lead == nil || isCut, ascii > 0, 10 * stray <= count + 10 else { return nil }
    // Names with a NUL behind each, as `find -print0` writes them, are UTF-8.
    guard 2 * low > count || !isUTF8 else { return nil }
    return Double(ascii) / Double(count)
  }
}

// MARK: - Frequent characters

extension CharsetDetection {
  /// First bytes of the characters that make up most of a text: kana and punctuation, and the part of the ideographs or
  /// syllables that a standard puts first because they are frequent. Of UTF-16 the upper bytes.
  private static let frequentLeads: [String: [ClosedRange<UInt8>]] = [
    "GB18030": [0xA1...0xA1, 0xA3...0xA3, 0xB0...0xD7],
    "Big5": [0xA1...0xA1, 0xA4...0xC6],
    "Shift_JIS": [0x81...0x83, 0x88...0x97],
    "EUC-JP": [0xA1...0xA1, 0xA3...0xA5, 0xB0...0xCF],
    "EUC-KR": [0xA1...0xA1, 0xA3...0xA3, 0xB0...0xC8],
    "UTF-16LE": [0x00...0x00, 0x30...0x30, 0x4E...0x9F, 0xFF...0xFF],
    "UTF-16BE": [0x00...0x00, 0x30...0x30, 0x4E...0x9F, 0xFF...0xFF],
  ]

  /// Which share of the characters beyond ASCII are frequent ones of a set, and how many lead bytes those have: of two sets
  /// that both explain a text the smaller one says more. No share of sets that ICU tells apart itself.
  private func frequentShare(in name: String) -> (share: Double, width: Int) {
    guard let leads = Self.frequentLeads[name] else { return (0, 0) }
    let width = leads.reduce(0) { $0 + $1.count }
    var (frequent, all) = (0, 0)
    func count(_ lead: UInt8) {
      all += 1
      if leads.contains(where: { $0.contains(lead) }) { frequent += 1 }
    }
    if name.hasPrefix("UTF-16") {
      for index in stride(from: name.hasSuffix("LE") ? 1 : 0, to: head.count, by: 2) { count(head[index]) }
    } else {
      // Half-width kana of Shift_JIS are single bytes.
      let isSingle = { (byte: UInt8) in name == "Shift_JIS" && (0xA1...0xDF).contains(byte) }
      var index = 0
      while index < head.count {
        let byte = head[index]
        if byte >= 0x80 { count(byte) }
        index += byte >= 0x80 && !isSingle(byte) ? 2 : 1
      }
    }
    return (all > 0 ? Double(frequent) / Double(all) : 0, width)
  }
}
