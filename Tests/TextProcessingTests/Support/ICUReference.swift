import CICU

/// ICU's segments of a text, without anything of ours in front of it.
///
/// The text goes in as UTF-16 unless a test says otherwise: that is what ICU's dictionaries are made for. Over UTF-8 it
/// counts bytes where it means characters (the shortest run that is looked up in a dictionary), and so splits some short
/// runs of Thai, Lao, Khmer and Burmese that it leaves whole over UTF-16.
final class ICUReference {
  struct Segment: Equatable {
    var end: Int
    var status: Int32
  }

  private let handle: OpaquePointer?

  init(_ kind: cicu_break_kind = cicu_break_word, locale: String = "en", form: cicu_text_form = cicu_text_utf16) {
    var status: cicu_status = 0
    handle = cicu_breaks_open(kind, locale, form, &status)
  }

  deinit {
    if let handle { cicu_breaks_close(handle) }
  }

  func segments(of text: [UInt8]) -> [Segment] {
    guard let handle else { return [] }
    var result: [Segment] = []
    text.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      var status: cicu_status = 0
      cicu_breaks_set_text(handle, base, bytes.count, &status)
      var segment = cicu_segment()
      while status <= 0, cicu_breaks_next(handle, &segment) {
        result.append(Segment(end: segment.end, status: segment.status))
      }
    }
    return result
  }

  func ends(of text: [UInt8]) -> [Int] {
    segments(of: text).map(\.end)
  }
}
