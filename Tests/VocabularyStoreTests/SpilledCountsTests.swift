import Foundation
import Testing

@testable import VocabularyStore

@Suite("Counts on disk")
struct SpilledCountsTests {
  @Test("runs that are merged are the counts of all of them")
  func merge() throws {
    var generator = SystemRandomNumberGenerator()
    let folder = FileManager.default.temporaryDirectory.path
    let spilled = try SpilledCounts(beside: folder + "/words.sqlite")
    var all = VocabularyCounter()
    for _ in 0..<5 {
      var part = VocabularyCounter()
      for _ in 0..<20_000 {
        // Empty and long tokens, bytes that are no UTF-8, and tokens that begin with others.
        let length = Int.random(in: 0..<9, using: &generator)
        var token = (0..<length).map { _ in UInt8.random(in: 0..<3, using: &generator) &* 127 }
        if length == 8, token[0] == 0 { token += [UInt8](repeating: 7, count: 70_000 * (Bool.random() ? 0 : 1)) }
        part.add(token.span)
        all.add(token.span)
      }
      part.add("frequent", count: 1 << 40)
      all.add("frequent", count: 1 << 40)
      try spilled.append(part)
    }
    try spilled.append(VocabularyCounter())
    for minimumCount in [1, 3] {
      let merged = try spilled.merged(minimumCount: minimumCount)
      #expect(merged.totalCount == all.totalCount)
      let expected = try all.build(minimumCount: minimumCount, settings: .init())
      #expect(try merged.build(minimumCount: minimumCount, settings: .init()) == expected)
    }
    // Many tokens are equally frequent, and some of the rare ones are to stay.
    for maximumSize in [3, 700, 5_000, 1_000_000] {
      let rare = ["never", "frequent"]
      let merged = try spilled.merged(minimumCount: 1, maximumSize: maximumSize, keeping: rare)
      #expect(merged.totalCount == all.totalCount)
      #expect(merged.distinctCount <= max(2 * maximumSize, 1 << 10))
      let expected = try all.build(maximumSize: maximumSize, settings: .init())
      #expect(try merged.build(maximumSize: maximumSize, settings: .init()) == expected)
    }
    #expect(throws: VocabularyError.self) { try SpilledCounts(beside: "/nowhere/at/all") }
  }
}
