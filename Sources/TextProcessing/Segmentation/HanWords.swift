import CICU
import Synchronization

/// ICU's dictionary of Chinese and Japanese, opened when the first ideographs are met.
final class HanDictionary: @unchecked Sendable {
  // Unchecked: nothing changes after the opening.
  fileprivate let handle: OpaquePointer

  private init?() {
    guard let handle = cicu_han_dictionary_open() else { return nil }
    self.handle = handle
  }

  deinit { cicu_han_dictionary_close(handle) }

  /// nil where ICU's data do not have it in a form that is known; then ICU itself finds the words.
  static let shared = HanDictionary()
}

/// Finds the words of Chinese text without ICU's iterator where only ideographs, plain punctuation and ASCII stand together.
/// Belongs to one thread.
struct HanWords {
  /// What a scalar is for the search.
  private enum Class {
    /// U+4E00…U+9FFF
    case ideograph
    /// A segment of its own, whatever stands around it, but for marks behind it.
    case punctuation
    /// The same, unless digits or letters stand on both sides of it.
    case middle
    case ascii
    case other
  }

  private let dictionary: HanDictionary
  private var costs: [Int64] = []
  private var starts: [Int32] = []
  private var units: [UInt16] = []

  init?() {
    guard let dictionary = HanDictionary.shared else { return nil }
    self.dictionary = dictionary
  }

  /// Where a stretch of ideographs, punctuation and ASCII ends that begins at a place: at the end of the range, or before the
  /// last punctuation in front of something else. The place itself where there is no such stretch.
  static func stretchEnd(in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
    var position = range.lowerBound
    /// The last place where a segment begins whatever follows.
    var safe = position
    while position < range.upperBound {
      let byte = text[position]
      switch byte {
      case 0..<0x80: position += 1
      case 0xE4...0xE9 where isIdeograph(text, position): position += 3
      case 0xE2, 0xE3, 0xEF:
        switch markClass(text, position) {
        case .punctuation:
          safe = position
          position += 3
        case .middle:
          // Only beside ideographs and punctuation is it sure to be alone.
          let touchesASCII =
            position > range.lowerBound && text[position - 1] < 0x80
            || position + 3 < range.upperBound && text[position + 3] < 0x80
          if touchesASCII { return safe }
          position += 3
        default: return safe
        }
      default: return safe
      }
    }
    return position
  }

  /// The first place from which on a stretch may begin: before plain punctuation, behind something else.
  static func nextStretch(in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
    var position = range.lowerBound
    while position < range.upperBound {
      let byte = text[position]
      if position > range.lowerBound, byte == 0xE2 || byte == 0xE3 || byte == 0xEF,
        markClass(text, position) == .punctuation
      {
        return position
      }
      position += byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }
    return range.upperBound
  }

  @inline(__always)
  static func isIdeograph(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    let byte = text[position]
    // U+4E00 is E4 B8 80.
    return byte >= 0xE5 && byte <= 0xE9 || byte == 0xE4 && text[position + 1] >= 0xB8
  }

  /// Of what begins with E2, E3 or EF.
  @inline(__always)
  private static func markClass(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> Class {
    let scalar =
      UInt32(text[position] & 0x0F) << 12 | UInt32(text[position + 1] & 0x3F) << 6 | UInt32(text[position + 2] & 0x3F)
    switch scalar {
    // 、 。 〈 to 】 〔 to 〛, full-width ！ （ ） ？ and dashes, quotes and dots of the General Punctuation.
    case 0x3001, 0x3002, 0x3008...0x3011, 0x3014...0x301B, 0xFF01, 0xFF08, 0xFF09, 0xFF1F, 0x2014, 0x201C, 0x201D,
      0x2026:
      return .punctuation
    case 0xFF0C, 0xFF1B, 0xFF1A, 0x2018, 0x2019: return .middle
    default: return .other
    }
  }

  /// Calls `body` with the end of each word of a run of ideographs.
  @inline(__always)
  mutating func forEachWord(
    in text: UnsafeBufferPointer<UInt8>, _ run: Range<Int>, _ body: (_ end: Int) -> Void
  ) {
    let count = run.count / 3
    if count == 1 { return body(run.upperBound) }
    if costs.count <= count {
      costs = [Int64](repeating: 0, count: 2 * count + 64)
      starts = [Int32](repeating: 0, count: costs.count)
      units = [UInt16](repeating: 0, count: costs.count)
    }
    guard let base = text.baseAddress else { return }
    let words = cicu_han_words(dictionary.handle, base + run.lowerBound, count, &costs, &starts, &units)
    for word in 0..<words { body(run.lowerBound + 3 * Int(costs[word])) }
  }
}
