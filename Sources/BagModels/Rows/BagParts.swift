import Synchronization

/// What the tiles of a parallel loop have made.
final class BagParts<Element: Sendable>: Sendable {
  private let parts: Mutex<[[Element]]>

  init(_ count: Int) { parts = Mutex(Array(repeating: [], count: count)) }

  func set(_ tile: Int, _ elements: [Element]) { parts.withLock { $0[tile] = elements } }

  /// All elements in the order of the tiles.
  var joined: [Element] { parts.withLock { $0.flatMap(\.self) } }
}
