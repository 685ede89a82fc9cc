public import Tensors

/// Some words of each of B streams of text, and the word that follows each of them.
public struct TokenWindow: Sendable {
  /// The words, in the order of the layout's rows.
  public let inputs: [Int32]
  /// What follows each of them.
  public let targets: [Int32]
  /// B sequences of T steps.
  public let layout: SequenceLayout

  /// A window of B · T words, stream by stream.
  public init(inputs: [Int32], targets: [Int32], streams: Int) {
    precondition(
      inputs.count == targets.count && streams > 0 && inputs.count % streams == 0,
      "TokenWindow: \(inputs.count) words and \(targets.count) followers in \(streams) streams")
    layout = SequenceLayout(lengths: Array(repeating: inputs.count / streams, count: streams))
    self.inputs = layout.packed(inputs)
    self.targets = layout.packed(targets)
  }
}

/// A long text cut into B streams of equal length that are read side by side, a window of T words at a time. Between
/// windows the states go on, and gradients do not (truncated backpropagation through time).
public struct TokenStreams: Sendable {
  private let ids: [Int32]
  /// B.
  public let count: Int
  /// Words of a stream.
  public let length: Int
  /// T.
  public let windowLength: Int

  /// The streams of a text. Up to B words at its end are left out, so that all are of one length.
  public init(_ ids: [Int32], count: Int, windowLength: Int) {
    self.ids = ids
    self.count = max(1, min(count, ids.count - 1))
    self.windowLength = max(1, windowLength)
    length = max(0, ids.count - 1) / self.count
  }

  /// Windows, of which the last may be shorter.
  public var windowCount: Int { (length + windowLength - 1) / windowLength }

  /// Words of a window, of all streams together.
  public func wordCount(ofWindow index: Int) -> Int { count * min(windowLength, length - index * windowLength) }

  /// A window by its number.
  public func window(_ index: Int) -> TokenWindow {
    let first = index * windowLength
    let steps = min(windowLength, length - first)
    var (inputs, targets): ([Int32], [Int32]) = ([], [])
    for stream in 0..<count {
      let start = stream * length + first
      inputs += ids[start..<start + steps]
      targets += ids[start + 1..<start + steps + 1]
    }
    return TokenWindow(inputs: inputs, targets: targets, streams: count)
  }
}
