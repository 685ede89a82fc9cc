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
    if limit == 0 {
      try truncate(&first, to: 0)
      if second != nil { try truncate(&second, to: 0) }
      return
    }
    switch strategy {
    case .longestFirst:
      guard let other = second else { return try truncate(&first, to: limit) }
      let shorter = min(first.count, other.count)
      var (small, large) = (shorter, shorter > limit ? shorter : max(shorter, limit - shorter))
      if small + large > limit {
        small = limit / 2
        large = small + limit % 2
      }
      // As in `tokenizers`, of two texts of the same length the second one counts as the longer.
      let (a, b) = first.count > other.count ? (large, small) : (small, large)
      try truncate(&first, to: a)
      try truncate(&second, to: b)
    case .onlyFirst:
      try truncate(&first, to: try room(first.count, total - limit, "first"))
    case .onlySecond:
      guard let other = second else {
        throw .notEncodable(reason: "truncation of the second text only, but there is one text")
      }
      try truncate(&second, to: try room(other.count, total - limit, "second"))
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
      encoding.overflowing = [all]
      return
    }
    guard stride < length else {
      throw .notEncodable(reason: "a stride of \(stride) leaves no progress in parts of \(length) tokens")
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

  /// To the longest one, on the right.
  public init() {}

  /// Pads the encodings of a batch, and what overflows of them.
  func apply(to encodings: inout [SubwordEncoding]) {
    var length = length ?? encodings.map(\.count).max() ?? 0
    if let multiple, multiple > 0, length % multiple > 0 { length += multiple - length % multiple }
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
