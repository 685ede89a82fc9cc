/// A trie over byte strings, with a value for each, as one open-addressing table of edges. A step costs one look-up, which
/// finds the next node together with its value.
struct ByteTrie: Sendable {
  /// Where a step leads.
  struct Step {
    var node: Int32
    /// Of the string up to there; -1 for none.
    var value: Int32
  }

  private struct Edge {
    /// The node that it begins at and its byte; `max` is free. No node has that number.
    var key: UInt64
    var step: Step
  }

  private static var free: Edge { Edge(key: .max, step: Step(node: 0, value: -1)) }

  private var edges = [Edge](repeating: free, count: 1024)
  private var edgeCount = 0
  /// Bytes of the longest string.
  private(set) var depth = 0

  /// Adds a string; of equal ones the last one's value counts. The empty string has none.
  mutating func insert(_ string: some Collection<UInt8>, value: Int32) {
    var node: Int32 = 0
    var slot: Int?
    for byte in string {
      if 2 * (edgeCount + 1) > edges.count { grow() }
      let key = Self.key(node, byte)
      let place = self.slot(of: key)
      if edges[place].key == .max {
        edgeCount += 1
        edges[place] = Edge(key: key, step: Step(node: Int32(edgeCount), value: -1))
      }
      node = edges[place].step.node
      slot = place
    }
    if let slot { edges[slot].step.value = value }
    depth = max(depth, string.count)
  }

  /// Where a byte leads from a node.
  @inline(__always)
  func step(from node: Int32, _ byte: UInt8) -> Step? {
    let edge = edges[slot(of: Self.key(node, byte))]
    return edge.key == .max ? nil : edge.step
  }

  /// The place of an edge, or the free one where it would stand.
  @inline(__always)
  private func slot(of key: UInt64) -> Int {
    let mask = edges.count - 1
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 30) & mask
    while edges[slot].key != key, edges[slot].key != .max { slot = (slot + 1) & mask }
    return slot
  }

  private mutating func grow() {
    let old = edges
    edges = [Edge](repeating: Self.free, count: 2 * old.count)
    for edge in old where edge.key != .max { edges[slot(of: edge.key)] = edge }
  }

  @inline(__always)
  private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 32 | UInt64(byte)
  }

  /// The longest string that begins at a place, and its value.
  @inline(__always)
  func longestMatch(
    in text: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> (end: Int, value: Int32)? {
    var node: Int32 = 0
    var found: (end: Int, value: Int32)?
    var index = start
    while index < text.count, let next = step(from: node, text[index]) {
      index += 1
      node = next.node
      if next.value >= 0 { found = (index, next.value) }
    }
    return found
  }
}
