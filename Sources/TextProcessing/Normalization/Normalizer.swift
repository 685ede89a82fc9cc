import CICU

/// Normalises texts and remembers where their bytes come from.
///
/// ```swift
/// let normalizer = try Normalizer(.nfkc)
/// normalizer.normalized("ﬁsh")  // "fish"
/// ```
public struct Normalizer: Sendable {
  /// The form that texts are brought to.
  public let form: NormalizationForm

  /// Makes a normaliser, and finds out here whether ICU has its data.
  public init(_ form: NormalizationForm) throws(TokenizerError) {
    self.form = form
    _ = try NormalizationBuffer(form)
  }

  /// The text in the normalisation form.
  public func normalized(_ text: String) -> String {
    guard let buffer = try? NormalizationBuffer(form) else { return text }
    let utf8 = Array(text.utf8)
    utf8.withUnsafeBufferPointer { buffer.run($0, skipping: 0) }
    return String(decoding: buffer.bytes, as: UTF8.self)
  }
}

/// Normalises one text after another in the same memory. Not to be shared between threads.
final class NormalizationBuffer {
  private let handle: OpaquePointer
  private let result = ByteBuffer()
  private(set) var alignment = Alignment()

  /// Texts are handed to ICU in parts of at most this size, cut before an ASCII character, where nothing composes.
  private let partLimit: Int

  init(_ form: NormalizationForm, partLimit: Int = 1 << 26) throws(TokenizerError) {
    handle = try checkingICU("open the normalisation data") { cicu_normalizer_open(form.cicuForm, &$0) }
    self.partLimit = partLimit
  }

  deinit {
    cicu_normalizer_close(handle)
  }

  /// Normalises well-formed UTF-8, except its first bytes, which are left away.
  func run(_ source: UnsafeBufferPointer<UInt8>, skipping skipped: Int) {
    result.resize(to: 0)
    alignment.removeAll(skipped: skipped)
    var start = skipped
    while start < source.count {
      let end = partEnd(in: source, from: start)
      append(UnsafeBufferPointer(rebasing: source[start..<end]), at: start)
      start = end
    }
  }

  /// The normalised text, until the next run.
  var bytes: UnsafeBufferPointer<UInt8> { result.bytes }

  /// Lower-cases the ASCII letters of the normalised text.
  func lowercaseASCII(_ scanner: ByteScanner) {
    scanner.lowercaseASCII(result.bytes, to: result.memory)
  }

  private func partEnd(in source: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard source.count - start > partLimit else { return source.count }
    let limit = start + partLimit
    var end = limit
    while end > start + partLimit / 2, source[end] >= 0x80 { end -= 1 }
    if source[end] < 0x80 { return end }
    // Half a part without ASCII: a cut between scalars, which may part a mark from its base.
    end = limit
    while source[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }

  private func append(_ part: UnsafeBufferPointer<UInt8>, at sourceStart: Int) {
    guard let base = part.baseAddress else { return }
    let resultStart = result.count
    var status: cicu_status = 0
    cicu_normalizer_run(handle, base, part.count, &status)
    guard status <= 0 else {
      // ICU fails here only without memory; the part stays as it was written.
      alignment.append(
        .init(
          source: sourceStart..<sourceStart + part.count, result: resultStart..<resultStart + part.count))
      result.append(part)
      return
    }
    var count = 0
    let normalized = cicu_normalizer_result(handle, &count)
    result.append(UnsafeBufferPointer(start: normalized, count: count))
    let changes = cicu_normalizer_changes(handle, &count)
    for change in UnsafeBufferPointer(start: changes, count: count) {
      alignment.append(
        .init(
          source: sourceStart + change.source_start..<sourceStart + change.source_end,
          result: resultStart + change.result_start..<resultStart + change.result_end))
    }
  }
}
