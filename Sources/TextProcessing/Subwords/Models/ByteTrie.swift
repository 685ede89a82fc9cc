/// A trie over byte strings with a value for each, as one open-addressing table of edges.
struct ByteTrie: Sendable {
  private var keys: [UInt64] = [UInt64](repeating: .max, count: 1024)
  private var targets: [Int32] = [Int32](repeating: 0, count: 1024)
  private var edgeCount = 0
  /// The value of each node, -1 for none. Node 0 is the root.
  private(set) var values: [Int32] = [-1]
  /// Bytes of the longest string.
  private(set) var depth = 0

  /// Adds a string; of equal ones the last one's value counts.
  mutating func insert(_ string: some Collection<UInt8>, value: Int32) {
    var node: Int32 = 0
    for byte in string {
      if let next = child(of: node, byte) {
        node = next
      } else {
        if 2 * (edgeCount + 1) > keys.count { grow() }
        let next = Int32(values.count)
        values.append(-1)
        add(Self.key(node, byte), next)
        node = next
      }
    }
    values[Int(node)] = value
    depth = max(depth, string.count)
  }

  /// The node that a byte leads to.
  @inline(__always)
  func child(of node: Int32, _ byte: UInt8) -> Int32? {
    let key = Self.key(node, byte)
    var slot = Self.hash(key) & (keys.count - 1)
    while keys[slot] != .max {
      if keys[slot] == key { return targets[slot] }
      slot = (slot + 1) & (keys.count - 1)
    }
    return nil
  }

  /// The longest string that begins at a place, and its value.
  @inline(__always)
  func longestMatch(
    in text: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> (end: Int, value: Int32)? {
    var node: Int32 = 0
    var found: (end: Int, value: Int32)?
    var index = start
    while index < text.count, let next = child(of: node, text[index]) {
      index += 1
      node = next
      let value = values[Int(node)]
      if value >= 0 { found = (index, value) }
    }
    return found
  }

  private mutating func add(_ key: UInt64, _ target: Int32) {
    var slot = Self.hash(key) & (keys.count - 1)
    while keys[slot] != .max { slot = (slot + 1) & (keys.count - 1) }
    keys[slot] = key
    targets[slot] = target
    edgeCount += 1
  }

  private mutating func grow() {
    let (oldKeys, oldTargets) = (keys, targets)
    keys = [UInt64](repeating: .max, count: 2 * oldKeys.count)
    targets = [Int32](repeating: 0, count: keys.count)
    edgeCount = 0
    for (key, target) in zip(oldKeys, oldTargets) where key != .max { add(key, target) }
  }

  @inline(__always)
  private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 30) }
}
