/// Which end of a text.
public enum TextEnd: String, Sendable, Hashable {
  case left = "Left"
  case right = "Right"
}

/// How long encodings may be, and what goes where they are longer.
public struct Truncation: Sendable, Hashable {
  /// Which text of a pair becomes shorter.
  public enum Strategy: String, Sendable, Hashable {
    case longestFirst = "LongestFirst"
    case onlyFirst = "OnlyFirst"
    case onlySecond = "OnlySecond"
  }

  /// Tokens of an encoding, at most, with those of the template.
  public var maximumLength: Int
  /// Tokens that a part which overflows repeats of the one before it.
  public var stride = 0
  /// Which text of a pair becomes shorter.
  public var strategy = Strategy.longestFirst
  /// The end that tokens are taken from.
  public var direction = TextEnd.right

  /// Whether what is cut off is kept as ``SubwordEncoding/overflowing``. With a large stride that is many times the text.
  public var keepsOverflow = true

  /// Tokens of all parts that overflow: no more are made, except of as many texts as that would be.
  private static let overflowLimit = 1 << 24

  /// Encodings of at most so many tokens.
  public init(maximumLength: Int) { self.maximumLength = maximumLength }

  /// Shortens one text, or two of a pair, whose template adds some tokens.
  func apply(
    to first: inout SubwordEncoding, _ second: inout SubwordEncoding?, templateCount: Int
  ) throws(SubwordTokenizerError) {
    let limit = maximumLength - templateCount
    guard limit >= 0 else {
      throw .notEncodable(reason: "\(maximumLength) tokens at most, but the template alone has \(templateCount)")
    }
    let total = first.count + (second?.count ?? 0)
    guard total > limit else { return }
    let (firstLength, secondLength) = try lengths(first.count, second?.count, limit)
    try checkOverflow((first.count, firstLength), second.map { ($0.count, secondLength) })
    try truncate(&first, to: firstLength)
    if second != nil { try truncate(&second, to: secondLength) }
  }

  /// How many tokens are left of one text, or of both.
  private func lengths(
    _ first: Int, _ second: Int?, _ limit: Int
  ) throws(SubwordTokenizerError) -> (first: Int, second: Int) {
    if limit == 0 { return (0, 0) }
    let surplus = first + (second ?? 0) - limit
    switch strategy {
    case .longestFirst:
      guard let second else { return (limit, 0) }
      let shorter = min(first, second)
      var (small, large) = (shorter, shorter > limit ? shorter : max(shorter, limit - shorter))
      if small + large > limit {
        small = limit / 2
        large = small + limit % 2
      }
      // As in `tokenizers`, of two texts of the same length the second one counts as the longer.
      return first > second ? (large, small) : (small, large)
    case .onlyFirst: return (try room(first, surplus, "first"), second ?? 0)
    case .onlySecond:
      guard let second else {
        throw .notEncodable(reason: "truncation of the second text only, but there is one text")
      }
      return (first, try room(second, surplus, "second"))
    }
  }

  /// Refuses what would overflow into very many tokens.
  private func checkOverflow(
    _ first: (count: Int, length: Int), _ second: (count: Int, length: Int)?
  ) throws(SubwordTokenizerError) {
    guard keepsOverflow else { return }
    func parts(_ count: Int, _ length: Int) -> Int {
      if length >= count || length == 0 { return 1 }
      return length > stride ? (count - length + length - stride - 1) / (length - stride) + 1 : 1
    }
    // Each part of the one text goes with each of the other.
    let (count, isLarge) = parts(first.count, first.length).multipliedReportingOverflow(
      by: second.map { parts($0.count, $0.length) } ?? 1)
    let (tokens, isHuge) = count.multipliedReportingOverflow(by: first.length + (second?.length ?? 0))
    let most = max(Self.overflowLimit, 16 * (first.count + (second?.count ?? 0)))
    guard !isLarge, !isHuge, tokens <= most else {
      throw .notEncodable(
        reason: "a stride of \(stride) makes \(isLarge ? "too many" : "\(count)") parts of what overflows; "
          + "take a smaller one, or a larger maximum length than \(maximumLength)")
    }
  }

  private func room(_ count: Int, _ surplus: Int, _ name: String) throws(SubwordTokenizerError) -> Int {
    guard count > surplus else {
      throw .notEncodable(reason: "the \(name) text has \(count) tokens, and \(surplus) would have to go")
    }
    return count - surplus
  }

  private func truncate(_ encoding: inout SubwordEncoding?, to length: Int) throws(SubwordTokenizerError) {
    guard var own = encoding else { return }
    try truncate(&own, to: length)
    encoding = own
  }

  private func truncate(_ encoding: inout SubwordEncoding, to length: Int) throws(SubwordTokenizerError) {
    let count = encoding.count
    guard length < count else { return }
    if length == 0 {
      let all = encoding
      encoding = SubwordEncoding()
      if keepsOverflow { encoding.overflowing = [all] }
      return
    }
    guard stride < length else {
      throw .notEncodable(reason: "a stride of \(stride) leaves no progress in parts of \(length) tokens")
    }
    guard keepsOverflow else {
      encoding = encoding[direction == .right ? 0..<length : count - length..<count]
      return
    }
    var parts: [SubwordEncoding] = []
    var place = 0
    repeat {
      let part = place..<min(place + length, count)
      switch direction {
      case .right: parts.append(encoding[part])
      case .left: parts.append(encoding[count - part.upperBound..<count - part.lowerBound])
      }
      if part.upperBound == count { break }
      place += length - stride
    } while true
    encoding = parts.removeFirst()
    encoding.overflowing = parts
  }
}

/// How encodings of a batch are brought to one length.
public struct Padding: Sendable, Hashable {
  /// Tokens of all encodings; nil for those of the longest one.
  public var length: Int?
  /// Lengths are rounded up to a multiple of this; nil for none.
  public var multiple: Int?
  /// The end at which padding stands.
  public var direction = TextEnd.right
  /// Of the padding token.
  public var id: Int32 = 0
  /// Of the padding token.
  public var typeID: Int32 = 0
  /// The padding token.
  public var token = "[PAD]"

  /// The most tokens that a setting may ask for, far beyond what any model takes.
  static let lengthLimit = 1 << 20

  /// To the longest one, on the right.
  public init() {}

  /// Pads the encodings of a batch, and what overflows of them.
  ///
  /// - Throws: ``SubwordTokenizerError/notEncodable(reason:)`` for more padding than any model takes.
  func apply(to encodings: inout [SubwordEncoding]) throws(SubwordTokenizerError) {
    let longest = encodings.map(\.count).max() ?? 0
    var length = length ?? longest
    if let multiple, multiple > 0, length % multiple > 0 {
      let (sum, overflows) = length.addingReportingOverflow(multiple - length % multiple)
      length = overflows ? .max : sum
    }
    let parts = 1 + (encodings.map(\.overflowing.count).max() ?? 0)
    guard length <= max(longest, Self.lengthLimit), parts <= (1 << 24) / max(length, 1) + 1 else {
      throw .notEncodable(reason: "padding of \(parts) parts to \(length) tokens; \(Self.lengthLimit) are the most")
    }
    for index in encodings.indices { pad(&encodings[index], to: length) }
  }

  private func pad(_ encoding: inout SubwordEncoding, to length: Int) {
    for index in encoding.overflowing.indices { pad(&encoding.overflowing[index], to: length) }
    guard encoding.count < length else { return }
    var padding = SubwordEncoding()
    for _ in encoding.count..<length {
      padding.append(
        id: id, token: token, typeID: typeID, range: 0..<0, wordID: nil, sequenceID: nil, isSpecial: true,
        isAttended: false)
    }
    let overflowing = encoding.overflowing
    encoding.overflowing = []
    if direction == .left {
      padding.append(encoding)
      encoding = padding
    } else {
      encoding.append(padding)
    }
    encoding.overflowing = overflowing
  }
}
