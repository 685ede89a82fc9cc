import CICU

/// One of ICU's transliterators, which threads share and clone.
final class Transliterator: @unchecked Sendable {
  // Unchecked: the handle is only cloned, which ICU allows from several threads at once.
  fileprivate let handle: OpaquePointer

  /// - Parameter id: in ICU's grammar, such as `Traditional-Simplified` or `NFD; [:Mn:] Remove; NFC`.
  init(_ id: String) throws(TokenizerError) {
    var status: cicu_status = 0
    let bytes = Array(id.utf8)
    let handle = bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.flatMap { cicu_transliterator_open($0, bytes.count, &status) }
    }
    guard let handle else { throw .unknownTransliteration(id) }
    self.handle = handle
  }

  deinit { cicu_transliterator_close(handle) }
}

/// Transliterates one text after another in the same memory, and knows where the bytes of the result come from. Not to be
/// shared between threads.
final class TransliterationBuffer {
  private let handle: OpaquePointer
  private let result = ByteBuffer()
  private var sources: [cicu_source] = []
  private var sourceEnd = 0

  /// nil where there is no memory.
  init?(_ transliterator: Transliterator) {
    var status: cicu_status = 0
    guard let handle = cicu_transliterator_clone(transliterator.handle, &status) else { return nil }
    self.handle = handle
  }

  deinit { cicu_transliterator_close(handle) }

  /// Transliterates well-formed UTF-8, except its first bytes, which are left away.
  func run(_ source: UnsafeBufferPointer<UInt8>, skipping skipped: Int) {
    result.resize(to: 0)
    sources.removeAll(keepingCapacity: true)
    sourceEnd = source.count
    var start = skipped
    while start < source.count {
      let end = Self.partEnd(in: source, from: start)
      append(UnsafeBufferPointer(rebasing: source[start..<end]), at: start)
      start = end
    }
  }

  /// Each edit moves what follows it, so that long texts are cut: behind white space, or where there is none for long between
  /// two characters.
  private static func partEnd(in source: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let size = 1 << 13
    guard source.count - start > size else { return source.count }
    var end = start + size
    while end > start + size / 2, source[end - 1] != 0x20, source[end - 1] != 0x0A { end -= 1 }
    if source[end - 1] == 0x20 || source[end - 1] == 0x0A { return end }
    end = start + size
    while source[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }

  /// The transliterated text, until the next run.
  var bytes: UnsafeBufferPointer<UInt8> { result.bytes }

  /// Lower-cases the ASCII letters of the result.
  func lowercaseASCII(_ scanner: ByteScanner) { scanner.lowercaseASCII(result.bytes, to: result.memory) }

  /// The bytes of the source that some bytes of the result come from.
  func source(of range: Range<Int>) -> Range<Int> {
    guard !range.isEmpty else {
      let place = range.lowerBound < sources.count ? Int(sources[range.lowerBound].start) : sourceEnd
      return place..<place
    }
    let start = Int(sources[range.lowerBound].start)
    return start..<max(start, Int(sources[range.upperBound - 1].end))
  }

  private func append(_ part: UnsafeBufferPointer<UInt8>, at start: Int) {
    guard let base = part.baseAddress else { return }
    var status: cicu_status = 0
    cicu_transliterator_run(handle, base, part.count, &status)
    var count = 0
    let text = cicu_transliterator_result(handle, &count)
    guard status <= 0, let own = cicu_transliterator_sources(handle) else {
      // ICU fails here only without memory; the part stays as it was written.
      if status > 0 {
        result.append(part)
        for index in part.indices {
          sources.append(cicu_source(start: Int32(start + index), end: Int32(start + index + 1)))
        }
      }
      return
    }
    result.append(UnsafeBufferPointer(start: text, count: count))
    let first = sources.count
    for source in UnsafeBufferPointer(start: own, count: count) {
      sources.append(
        cicu_source(
          start: source.start + Int32(truncatingIfNeeded: start), end: source.end + Int32(truncatingIfNeeded: start)))
    }
    keepMarks(of: part, at: start, from: first)
  }

  /// Gives accents that were taken off to the character that they stood on. Other characters that went, such as punctuation, are
  /// nobody's.
  private func keepMarks(of part: UnsafeBufferPointer<UInt8>, at start: Int, from first: Int) {
    for index in sources.indices[first...] {
      let end = Int(sources[index].end)
      let next = index + 1 < sources.count ? Int(sources[index + 1].start) : start + part.count
      guard next > end else { continue }
      var place = end - start
      while place < next - start {
        let (scalar, size) = UTF8Decoding.scalar(in: part, at: place)
        guard ScalarClasses.of(scalar).contains(.mark) else { break }
        place += size
      }
      sources[index].end = Int32(truncatingIfNeeded: start + place)
    }
  }
}
