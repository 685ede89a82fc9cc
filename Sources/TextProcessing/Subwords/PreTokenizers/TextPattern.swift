import CICU
import Synchronization

/// What a text is searched for: a string, or a regular expression of ICU's syntax.
struct TextPattern: Sendable {
  /// As it stands in the file.
  let source: String
  let isRegularExpression: Bool
  private let string: [UInt8]
  private let expressions: ExpressionPool?

  /// A string that stands for itself.
  init(string: String) {
    source = string
    isRegularExpression = false
    self.string = Array(string.utf8)
    expressions = nil
  }

  /// - Throws: an expression that ICU does not take.
  init(regularExpression source: String) throws(SubwordTokenizerError) {
    self.source = source
    isRegularExpression = true
    string = []
    expressions = try ExpressionPool(source)
  }

  /// The matches within a range, which for expressions is the whole text that they see, from left to right.
  func matches(in text: [UInt8], _ range: Range<Int>) throws(SubwordTokenizerError) -> [Range<Int>] {
    if let expressions { return try expressions.matches(in: text, range) }
    guard let first = string.first, string.count <= range.count else { return [] }
    var matches: [Range<Int>] = []
    var index = range.lowerBound
    while index + string.count <= range.upperBound {
      if text[index] == first, text[index..<index + string.count].elementsEqual(string) {
        matches.append(index..<index + string.count)
        index += string.count
      } else {
        index += 1
      }
    }
    return matches
  }
}

/// Copies of a compiled expression that threads borrow.
private final class ExpressionPool: Sendable {
  private final class Expression {
    let handle: OpaquePointer
    init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { cicu_pattern_close(handle) }
  }

  /// An expression belongs to one thread at a time, which the pool sees to and the compiler cannot.
  private struct Loan: @unchecked Sendable {
    let expression: Expression
  }

  private let source: String
  private let original: Loan
  private let free = Mutex<[Loan]>([])

  init(_ source: String) throws(SubwordTokenizerError) {
    self.source = source
    var status: cicu_status = 0
    let bytes = Array(source.utf8)
    let handle = bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.flatMap { cicu_pattern_open($0, bytes.count, &status) }
    }
    guard let handle else {
      throw .invalid(
        part: "pattern", reason: "'\(source)' is no regular expression that ICU takes (\(statusName(status)))")
    }
    original = Loan(expression: Expression(handle))
  }

  func matches(in text: [UInt8], _ range: Range<Int>) throws(SubwordTokenizerError) -> [Range<Int>] {
    var status: cicu_status = 0
    let loan: Loan
    if let kept = free.withLock({ $0.popLast() }) {
      loan = kept
    } else {
      guard let handle = cicu_pattern_clone(original.expression.handle, &status) else {
        throw .notEncodable(reason: "no memory for the pattern '\(source)' (\(statusName(status)))")
      }
      loan = Loan(expression: Expression(handle))
    }
    defer { free.withLock { $0.append(loan) } }
    var matches: [Range<Int>] = []
    text.withUnsafeBufferPointer { text in
      guard let base = text.baseAddress, range.count <= cicuLimit else { return }
      cicu_pattern_set_text(loan.expression.handle, base + range.lowerBound, range.count, &status)
      var (start, end) = (0, 0)
      while status <= 0, cicu_pattern_next(loan.expression.handle, &start, &end, &status) {
        if end > start { matches.append(range.lowerBound + start..<range.lowerBound + end) }
      }
    }
    guard status <= 0, range.count <= cicuLimit else {
      throw .notEncodable(
        reason: "the pattern '\(source)' takes too long or too much memory on this text (\(statusName(status)))")
    }
    return matches
  }
}
