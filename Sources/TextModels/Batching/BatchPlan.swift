public import Tensors

/// Which texts go into which batch.
public enum BatchPlan {
  /// Batches for an epoch of training: texts in random order, gathered into batches of about equal lengths, the
  /// batches in random order again. The plan is a function of the stream alone.
  ///
  /// Lengths are compared within stretches of 64 batches, so that a batch stays a random one nearly and costs little
  /// more than its longest text demands.
  public static func shuffled(
    _ indices: [Int], batchSize: Int, random: RandomStream, length: (Int) -> Int
  ) -> [[Int]] {
    let order = random.split("order").permutation(indices.count).map { indices[$0] }
    let stretch = batchSize * 64
    var batches: [[Int]] = []
    for first in stride(from: 0, to: order.count, by: stretch) {
      let sorted = order[first..<min(order.count, first + stretch)].sorted { (length($0), $0) < (length($1), $1) }
      batches += cut(sorted, batchSize)
    }
    return random.split("batches").permutation(batches.count).map { batches[$0] }
  }

  /// Batches for evaluation: by length, so that no time goes into waiting for the longest.
  public static func sorted(_ indices: [Int], batchSize: Int, length: (Int) -> Int) -> [[Int]] {
    cut(indices.sorted { (length($0), $0) < (length($1), $1) }, batchSize)
  }

  private static func cut(_ indices: [Int], _ size: Int) -> [[Int]] {
    stride(from: 0, to: indices.count, by: max(1, size)).map { Array(indices[$0..<min(indices.count, $0 + size)]) }
  }
}

/// Divides examples into parts with the same share of each class.
public enum StratifiedSplit {
  /// `share` of each class (at least one example of a class that has two) and the rest, each in falling order of chance.
  public static func holdOut(
    _ share: Double, of classes: [Int32], random: RandomStream
  ) -> (kept: [Int], heldOut: [Int]) {
    var kept: [Int] = []
    var heldOut: [Int] = []
    for members in shuffledByClass(classes, random: random) {
      let count = min(members.count - 1, max(1, Int((Double(members.count) * share).rounded())))
      heldOut += members.prefix(max(0, count))
      kept += members.dropFirst(max(0, count))
    }
    return (kept.sorted(), heldOut.sorted())
  }

  /// `count` parts that every example is in exactly one of.
  public static func folds(_ count: Int, of classes: [Int32], random: RandomStream) -> [[Int]] {
    var folds = Array(repeating: [Int](), count: count)
    var next = 0
    for members in shuffledByClass(classes, random: random) {
      for index in members {
        folds[next % count].append(index)
        next += 1
      }
    }
    return folds.map { $0.sorted() }
  }

  private static func shuffledByClass(_ classes: [Int32], random: RandomStream) -> [[Int]] {
    let classCount = Int(classes.max() ?? -1) + 1
    var members = Array(repeating: [Int](), count: classCount)
    for (index, label) in classes.enumerated() { members[Int(label)].append(index) }
    return members.enumerated().map { label, indices in
      random.split(label).permutation(indices.count).map { indices[$0] }
    }
  }
}
