/// The places of a text where reading replaced or left out bytes that are not UTF-8: what leads from offsets in the mended
/// text back to the text as it was.
public struct TextRepairs: Sendable, Hashable {
  /// One ill-formed sequence.
  struct Repair: Sendable, Hashable {
    /// Where it is in the mended text, in bytes.
    var offset: Int
    /// Bytes of it in the original, up to 3.
    var originalSize: UInt8
    /// Bytes that stand for it: those of U+FFFD, or none where it was left out.
    var size: UInt8

    var end: Int { offset + Int(size) }
  }

  /// In the order of their places.
  private(set) var repairs: [Repair]

  /// A text that was not mended.
  public init() { repairs = [] }

  init(_ repairs: [Repair]) { self.repairs = repairs }

  /// Whether nothing was mended.
  public var isEmpty: Bool { repairs.isEmpty }

  /// How many sequences were replaced or left out.
  public var count: Int { repairs.count }

  /// Ranges of bytes of the mended text as those of the original.
  ///
  /// What was left out is in the ranges that it stood within, not in those that it stood beside. Costs one pass over the
  /// repairs, and two binary searches a range.
  public func originalRanges(of ranges: [Range<Int>]) -> [Range<Int>] { self.ranges(ranges) { Int($0.originalSize) } }

  /// Whether some of it was left out, so that nothing stands for it.
  var leavesOut: Bool { repairs.contains { $0.size == 0 } }

  /// Those within a part of the mended text, as offsets from its begin. What was left out at its begin or end is among them.
  public func within(_ part: Range<Int>) -> TextRepairs {
    if isEmpty { return self }
    let first = partition { $0.offset < part.lowerBound }
    let last = partition { $0.size > 0 ? $0.offset < part.upperBound : $0.offset <= part.upperBound }
    return TextRepairs(
      repairs[first..<last].map { repair in
        var repair = repair
        repair.offset -= part.lowerBound
        return repair
      })
  }

  /// The text with U+FFFD wherever something was left out, and ranges of the text in it: what a decoder that replaces makes
  /// of the original.
  func replaced(_ text: Span<UInt8>, _ ranges: [Range<Int>]) -> (text: [UInt8], ranges: [Range<Int>]) {
    let mark = Array("\u{FFFD}".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(text.count + mark.count * count)
    text.withUnsafeBufferPointer { text in
      var start = 0
      for repair in repairs where repair.size == 0 {
        result += text[start..<repair.offset]
        result += mark
        start = repair.offset
      }
      result += text[start...]
    }
    return (result, self.ranges(ranges) { _ in mark.count })
  }

  /// Ranges in a text that has so many bytes for each repair.
  private func ranges(_ ranges: [Range<Int>], sized size: (Repair) -> Int) -> [Range<Int>] {
    if isEmpty { return ranges }
    /// By how much what follows so many repairs is moved.
    var shifts = [0]
    shifts.reserveCapacity(count + 1)
    for repair in repairs { shifts.append(shifts[shifts.count - 1] + size(repair) - Int(repair.size)) }
    func start(_ offset: Int) -> Int {
      let passed = partition { $0.end <= offset }
      let isInside = passed < count && repairs[passed].offset < offset
      return (isInside ? repairs[passed].offset : offset) + shifts[passed]
    }
    func end(_ offset: Int) -> Int {
      let passed = partition { $0.size == 0 ? $0.offset < offset : $0.end <= offset }
      guard passed < count, repairs[passed].offset < offset else { return offset + shifts[passed] }
      return repairs[passed].offset + shifts[passed] + size(repairs[passed])
    }
    return ranges.map { range in
      let end = end(range.upperBound)
      return range.isEmpty ? end..<end : start(range.lowerBound)..<end
    }
  }

  /// How many repairs come before the first that a property of the first ones does not hold for.
  private func partition(_ holds: (Repair) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(repairs[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Forgets those before an offset.
  mutating func removeAll(before offset: Int) {
    repairs.removeFirst(partition { $0.offset < offset })
  }

  mutating func append(_ more: [Repair]) { repairs += more }
}
