/// The best labels so far, in a binary heap with the worst on top.
///
/// Labels of equal scores, which one-versus-all and negative sampling have many of, since their sigmoid is a table, come
/// out in the order that GNU's C++ library gives to a heap: the steps here are its steps, so that the labels are those
/// that fastText prints.
struct FastTextRanking {
  struct Entry {
    var score: Float
    var label: Int32
  }

  private(set) var entries: [Entry] = []
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Whether a score is too low to come in.
  @inline(__always)
  func excludes(_ score: Float) -> Bool { entries.count == limit && score < entries[0].score }

  mutating func add(_ score: Float, _ label: Int32) {
    let entry = Entry(score: score, label: label)
    entries.append(entry)
    rise(entry, from: entries.count - 1)
    if entries.count > limit {
      removeTop(of: entries.count)
      entries.removeLast()
    }
  }

  /// The labels, best first.
  consuming func sorted() -> [Entry] {
    for count in stride(from: entries.count, to: 1, by: -1) { removeTop(of: count) }
    return entries
  }

  private mutating func rise(_ entry: Entry, from place: Int) {
    var place = place
    while place > 0 {
      let parent = (place - 1) / 2
      guard entries[parent].score > entry.score else { break }
      entries[place] = entries[parent]
      place = parent
    }
    entries[place] = entry
  }

  /// Puts the top behind the other `count - 1` entries and makes a heap of these.
  private mutating func removeTop(of count: Int) {
    guard count > 1 else { return }
    let entry = entries[count - 1]
    entries[count - 1] = entries[0]
    let rest = count - 1
    // The hole goes down to a leaf first, then the entry comes up from there.
    var place = 0
    while place < (rest - 1) / 2 {
      var child = 2 * place + 2
      if entries[child].score > entries[child - 1].score { child -= 1 }
      entries[place] = entries[child]
      place = child
    }
    if rest % 2 == 0, place == (rest - 2) / 2 {
      entries[place] = entries[2 * place + 1]
      place = 2 * place + 1
    }
    rise(entry, from: place)
  }
}
