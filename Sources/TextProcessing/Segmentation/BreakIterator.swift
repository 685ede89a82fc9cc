import CICU

/// ICU's break iterator for one kind of boundary, reused from text to text. Not to be shared between threads, except
/// for `clone`.
final class BreakIterator {
  private let handle: OpaquePointer

  init(_ kind: cicu_break_kind, locale: String, form: cicu_text_form = cicu_text_utf16) throws(TokenizerError) {
    guard !locale.utf8.contains(0), cicu_knows_locale(locale) else { throw .unknownLocale(locale) }
    handle = try checkingICU("open the break rules of '\(locale)'") { cicu_breaks_open(kind, locale, form, &$0) }
  }

  private init(handle: OpaquePointer) {
    self.handle = handle
  }

  deinit {
    cicu_breaks_close(handle)
  }

  /// An iterator of the same rules for another thread; nil when there is no memory.
  func clone() -> BreakIterator? {
    var status: cicu_status = 0
    return cicu_breaks_clone(handle, &status).map(BreakIterator.init(handle:))
  }

  /// Calls `body` with each segment of well-formed UTF-8, in order: its start, its end, ICU's rule status, and whether it
  /// holds more than ASCII. The segments cover the text.
  @inline(__always)
  func forEachSegment(in text: UnsafeBufferPointer<UInt8>, _ body: (Int, Int, Int32, Bool) -> Void) {
    guard let base = text.baseAddress else { return }
    var status: cicu_status = 0
    cicu_breaks_set_text(handle, base, text.count, &status)
    var start = 0
    var segment = cicu_segment()
    while status <= 0, cicu_breaks_next(handle, &segment) {
      body(start, segment.end, segment.status, segment.has_non_ascii)
      start = segment.end
    }
    // ICU stops early only without memory; what is left must not vanish.
    if start < text.count { body(start, text.count, 0, true) }
  }
}
