import CICU

/// Full case mapping by the rules of a locale: ß folds to ss, and I lower-cases to ı in Turkish.
public final class CaseMapper: @unchecked Sendable {
  // ICU's case map is immutable after its opening, so that threads may share it.
  private let handle: OpaquePointer
  /// The locale whose rules are used.
  public let locale: String
  /// Whether ASCII letters lower-case as everywhere, whatever stands around them (not so in Turkish, Azerbaijani and
  /// Lithuanian).
  let lowercasesASCIIPlainly: Bool

  /// Opens the case rules of a locale.
  public init(locale: String) throws(TokenizerError) {
    guard !locale.utf8.contains(0), cicu_knows_locale(locale) else { throw .unknownLocale(locale) }
    handle = try checkingICU("open the case rules of '\(locale)'") { cicu_case_map_open(locale, &$0) }
    self.locale = locale
    // The letters that the special rules are about: I and J, alone, before a dot and before an accent.
    let probe = Array("I J I\u{307} I\u{300} J\u{300} ABZ".utf8)
    let expected = Array("i j i\u{307} i\u{300} j\u{300} abz".utf8)
    let result = ByteBuffer()
    let handle = self.handle
    probe.withUnsafeBufferPointer { Self.map(cicu_lowercase, handle, $0, into: result) }
    lowercasesASCIIPlainly = result.bytes.elementsEqual(expected)
  }

  deinit {
    cicu_case_map_close(handle)
  }

  /// The text in lower case.
  public func lowercased(_ text: String) -> String {
    apply(cicu_lowercase, to: text)
  }

  /// The text with its case folded: for comparing, not for showing.
  public func folded(_ text: String) -> String {
    apply(cicu_fold_case, to: text)
  }

  /// Replaces `result` by the lower-cased text.
  func lowercase(_ text: UnsafeBufferPointer<UInt8>, into result: ByteBuffer) {
    Self.map(cicu_lowercase, handle, text, into: result)
  }

  private typealias Mapping = (
    OpaquePointer, UnsafePointer<UInt8>, Int, UnsafeMutablePointer<UInt8>, Int, UnsafeMutablePointer<cicu_status>
  ) -> Int

  private func apply(_ mapping: Mapping, to text: String) -> String {
    let bytes = Array(text.utf8)
    let result = ByteBuffer()
    bytes.withUnsafeBufferPointer { Self.map(mapping, handle, $0, into: result) }
    return String(decoding: result.bytes, as: UTF8.self)
  }

  private static func map(
    _ mapping: Mapping, _ handle: OpaquePointer, _ text: UnsafeBufferPointer<UInt8>, into result: ByteBuffer
  ) {
    result.resize(to: 0)
    guard let source = text.baseAddress else { return }
    var size = text.count + 16
    while true {
      let room = size
      result.resize(to: room)
      guard let destination = result.memory.baseAddress else { return }
      var status: cicu_status = 0
      size = mapping(handle, source, text.count, destination, room, &status)
      guard status <= 0 else {
        // Only a text beyond ICU's limit or a lack of memory: the text stays as it is.
        result.resize(to: 0)
        return result.append(text)
      }
      if size <= room { return result.resize(to: size) }
    }
  }
}
