import CICU
import CTextKernels

/// The word rules of a locale for ASCII text, as the ASCII scanner wants them.
///
/// They are not written down here but asked of ICU, character by character: locales tailor them (Finnish and Swedish
/// join letters across a colon), and so do versions of ICU (72 counts `@` with the letters).
///
/// Immutable after its making, so that threads may share it.
final class ASCIIWordRules: @unchecked Sendable {
  /// In memory of its own: the scanner gets its address, and it is too large to be copied for each stretch.
  let classes: UnsafePointer<ascii_word_classes>

  /// Asks a word iterator for its rules.
  init(asking iterator: BreakIterator, kinds: inout KindTable) {
    var classes = ascii_word_classes()
    withUnsafeMutableBytes(of: &classes.tags) { tags in
      for byte in tags.indices { tags[byte] = TokenKind.other.rawValue }
    }
    for byte in UInt8(0)..<0x80 {
      let found = Self.classes(of: byte, iterator)
      for wordClass in found { Self.add(wordClass, to: byte, in: &classes) }
      let kind: TokenKind =
        if found.contains(ascii_word_letter) {
          .word
        } else if found.contains(ascii_word_digit) {
          .number
        } else {
          kinds[UInt32(byte)].kind
        }
      withUnsafeMutableBytes(of: &classes.tags) { $0[Int(byte)] = kind.rawValue }
    }
    classes.extended_word_tag = TokenKind.word.rawValue
    classes.extended_number_tag = TokenKind.number.rawValue
    let memory = UnsafeMutablePointer<ascii_word_classes>.allocate(capacity: 1)
    memory.initialize(to: classes)
    self.classes = UnsafePointer(memory)
  }

  deinit {
    classes.deallocate()
  }

  private static func add(_ wordClass: ascii_word_class, to byte: UInt8, in classes: inout ascii_word_classes) {
    withUnsafeMutableBytes(of: &classes.flags) { $0[Int(byte)] |= 1 << UInt8(wordClass.rawValue) }
    let entry = Int(wordClass.rawValue) * 16 + Int(byte & 15)
    withUnsafeMutableBytes(of: &classes.nibbles) { $0[entry] |= 1 << (byte >> 4) }
  }

  /// What a character does alone, between letters and between digits tells its classes.
  private static func classes(of byte: UInt8, _ iterator: BreakIterator) -> [ascii_word_class] {
    if byte == 0x0D { return [ascii_word_return] }
    if byte == 0x0A { return [ascii_word_feed] }
    let letter = UInt8(ascii: "a")
    let digit = UInt8(ascii: "1")
    switch status(of: [byte], iterator) {
    case 200: return [ascii_word_letter]
    case 100: return [ascii_word_digit]
    default: break
    }
    switch status(of: [byte, byte], iterator) {
    case 0: return [ascii_word_space]
    case .some: return [ascii_word_extender]
    case nil: break
    }
    var found: [ascii_word_class] = []
    if status(of: [letter, byte, letter], iterator) != nil { found.append(ascii_word_mid_letter) }
    if status(of: [digit, byte, digit], iterator) != nil { found.append(ascii_word_mid_number) }
    return found
  }

  /// Rule status of a text that is one segment; nil when it is several.
  private static func status(of text: [UInt8], _ iterator: BreakIterator) -> Int32? {
    var result: Int32?
    text.withUnsafeBufferPointer { bytes in
      iterator.forEachSegment(in: bytes) { start, end, status, _ in
        if start == 0, end == bytes.count { result = status }
      }
    }
    return result
  }
}
