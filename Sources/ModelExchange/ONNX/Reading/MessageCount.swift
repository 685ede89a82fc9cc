/// Counts the messages in the bytes of a model, before memory is taken for them: a message of two bytes becomes one of some
/// hundred, so that a small file could ask for a large amount of memory.
struct MessageCount {
  /// The messages that are looked into, each with the fields in which others lie.
  private enum Kind {
    case model, graph, node, attribute, tensor, value, type, tensorType, shape, leaf

    func field(_ number: UInt64) -> Kind? {
      switch (self, number) {
      case (.model, 7), (.attribute, 6): .graph
      case (.model, 8), (.model, 14), (.model, 25), (.tensor, 13), (.shape, 1), (.graph, 15): .leaf
      case (.graph, 1): .node
      case (.graph, 5), (.attribute, 5): .tensor
      case (.graph, 11), (.graph, 12), (.graph, 13): .value
      case (.node, 5): .attribute
      case (.value, 2): .type
      case (.type, 1): .tensorType
      case (.tensorType, 2): .shape
      default: nil
      }
    }
  }

  private(set) var count = 0
  private let bytes: UnsafeRawBufferPointer

  /// About what one message takes when it is read.
  private static let messageSize = 256

  private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Why a model may not be read; `nil` where it may. What is no message at all is for the reader to say.
  static func refusal(of bytes: UnsafeRawBufferPointer) -> String? {
    var counter = MessageCount(bytes)
    guard counter.scan(0..<bytes.count, .model, depth: 0) else { return "the bytes are no messages" }
    let (needed, allowed) = (counter.count * messageSize, 8 * bytes.count + 16 << 20)
    return needed > allowed ? "\(counter.count) parts in \(bytes.count) bytes are too many" : nil
  }

  private mutating func scan(_ range: Range<Int>, _ kind: Kind, depth: Int) -> Bool {
    count += 1
    guard depth < 100 else { return false }
    var place = range.lowerBound
    while place < range.upperBound {
      guard let key = number(&place, range.upperBound) else { return false }
      switch key & 7 {
      case 0: guard number(&place, range.upperBound) != nil else { return false }
      case 1: place += 8
      case 5: place += 4
      case 2:
        guard let length = number(&place, range.upperBound), length <= UInt64(range.upperBound - place) else {
          return false
        }
        let end = place + Int(length)
        if let inner = kind.field(key >> 3) {
          if inner == .leaf { count += 1 } else if !scan(place..<end, inner, depth: depth + 1) { return false }
        }
        place = end
      default: return false
      }
    }
    return place == range.upperBound
  }

  private func number(_ place: inout Int, _ end: Int) -> UInt64? {
    var (value, shift): (UInt64, UInt64) = (0, 0)
    while place < end, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
