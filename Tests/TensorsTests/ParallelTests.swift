import Synchronization
import Testing

@testable import Tensors

@Suite("Parallel loops and memory")
struct ParallelTests {
  @Test("every index is visited once, for any number of threads and from several threads at once")
  func everyIndexOnce() async {
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          (0..<200).allSatisfy { round in
            let count = round % 17
            let visits = Mutex([Int](repeating: 0, count: count))
            parallelFor(count) { index in visits.withLock { $0[index] += 1 } }
            return visits.withLock { $0.allSatisfy { $0 == 1 } }
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  @Test("a loop inside of a loop")
  func nested() {
    let sum = Atomic<Int>(0)
    parallelFor(8) { _ in parallelFor(8) { sum.add($0, ordering: .relaxed) } }
    #expect(sum.load(ordering: .relaxed) == 8 * 28)
  }

  @Test("copies do not share writes")
  func valueSemantics() {
    let original = Tensor([1, 2, 3])
    var copy = original
    copy[1] = 5
    #expect(original.scalars == [1, 2, 3])
    #expect(copy.scalars == [1, 5, 3])
  }

  @Test("the arena gives memory back to itself")
  func arenaReuse() {
    let before = MemoryArena.shared.bytesInUse
    for _ in 0..<1000 { _ = Tensor(zeros: [1 << 18]) }
    // Other tests run beside this one; a leak would be a thousand megabytes.
    #expect(MemoryArena.shared.bytesInUse - before < 500 << 20)
  }

  @Test("streams are independent and repeat")
  func randomStreams() {
    let stream = RandomStream(seed: 5)
    #expect(stream.uniform([8]) == stream.uniform([8]))
    #expect(stream.split(1).uniform([8]) != stream.split(2).uniform([8]))
    #expect(stream.split("a").uniform([8]) != stream.split("b").uniform([8]))
    #expect(stream.uniform([4], from: 4).scalars == Array(stream.uniform([8]).scalars[4...]))
    #expect(stream.permutation(100).sorted() == Array(0..<100))
    let normal = stream.normal([10_001]).scalars
    let mean = normal.reduce(0, +) / 10_001
    let variance = normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10_000
    #expect(abs(mean) < 0.05 && abs(variance - 1) < 0.05)
  }
}
