extension [Int32] {
  /// Ids of which each is replaced by -1 with the probability `rate` while a tape records for training; elsewhere they stay
  /// as they are.
  public func droppingOut(_ rate: Float) -> [Int32] {
    precondition(rate >= 0 && rate < 1, "droppingOut: a rate of \(rate) is not in [0, 1)")
    guard rate > 0, let stream = GradientTape.current?.nextRandomStream() else { return self }
    let numbers = stream.uniform([count])
    return numbers.withUnsafeElements { numbers in
      indices.map { numbers[$0] < rate ? -1 : self[$0] }
    }
  }
}
