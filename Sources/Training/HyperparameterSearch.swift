public import Tensors

/// Looks for the settings that do best on validation examples, in a given time: some settings to begin with, and then ones
/// near the best so far, as long as there is time.
public struct HyperparameterSearch<Candidate: Hashable> {
  /// What came of one candidate.
  public struct Trial {
    /// Its number, from 1.
    public let number: Int
    /// The settings.
    public let candidate: Candidate
    /// How it did.
    public let result: ValidationResult
    /// Whether it is the best so far.
    public let isBest: Bool
    /// Since the search began.
    public let seconds: Double
  }

  /// The settings to begin with, in their order.
  public var first: [Candidate]
  /// Settings near some others.
  public var neighbour: (Candidate, RandomStream) -> Candidate
  /// Seconds from the beginning on after which nothing new is begun and what runs is told to end.
  public var seconds: Double
  /// Seed of the neighbours.
  public var seed: UInt64

  private static var attempts: Int { 50 }

  /// A search.
  public init(
    first: [Candidate], seconds: Double, seed: UInt64, neighbour: @escaping (Candidate, RandomStream) -> Candidate
  ) {
    (self.first, self.seconds, self.seed, self.neighbour) = (first, seconds, seed, neighbour)
  }

  /// Runs the search. Returns the best trial; `nil` where none came to a result in time.
  ///
  /// - Parameters:
  ///   - shouldStop: ends the search as the end of the time does.
  ///   - evaluate: trains with some settings, asking from time to time whether to end, and judges; `nil` where there was
  ///     no time for a result.
  ///   - report: told after each trial.
  public func run(
    shouldStop: @escaping () -> Bool,
    evaluate: (Candidate, _ shouldStop: @escaping () -> Bool) throws -> ValidationResult?,
    report: (Trial) throws -> Void
  ) rethrows -> Trial? {
    let start = ContinuousClock.now
    let isOver = { shouldStop() || start.secondsToNow >= seconds }
    let random = RandomStream(seed: seed).split("search")
    var best: Trial?
    var tried: Set<Candidate> = []
    var number = 0
    while !isOver() {
      var candidate: Candidate
      if number < first.count {
        candidate = first[number]
      } else if let best {
        candidate = neighbour(best.candidate, random.split(number))
        // Nothing is tried twice, unless nothing else can be found: then a step further may be taken.
        var attempt = 0
        while tried.contains(candidate), attempt < Self.attempts {
          attempt += 1
          candidate = neighbour(candidate, random.split(number).split(attempt))
        }
        if tried.contains(candidate) { break }
      } else {
        break
      }
      tried.insert(candidate)
      number += 1
      guard let result = try evaluate(candidate, isOver) else { continue }
      let trial = Trial(
        number: number, candidate: candidate, result: result,
        isBest: best.map { result.isBetter(than: $0.result) } ?? true, seconds: start.secondsToNow)
      if trial.isBest { best = trial }
      try report(trial)
    }
    return best
  }
}
