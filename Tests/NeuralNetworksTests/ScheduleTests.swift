import Foundation
import NeuralNetworks
import Testing

/// Learning rates against `torch.optim.lr_scheduler`; `scripts/fixtures/schedules.py` made the numbers.
@Suite("Schedules equal PyTorch's")
struct ScheduleTests {
  static let schedules: [(name: String, schedule: LearningRateSchedule)] = [
    ("step", .step(size: 7, factor: 0.8)),
    ("multi-step", .multiStep(milestones: [10, 35, 36, 80], factor: 0.3)),
    ("exponential", .exponential(factor: 0.97)),
    ("cosine", .cosine(steps: 40, minimum: 0.1)),
    ("cosine-restarts", .cosineWithRestarts(period: 12, growth: 2, minimum: 0.05)),
    ("cosine-restarts-even", .cosineWithRestarts(period: 15)),
    ("one-cycle", .oneCycle(OneCycle(steps: 101))),
    (
      "one-cycle-linear",
      .oneCycle(
        OneCycle(
          steps: 101, risingShare: 0.2, startDivisor: 10, endDivisor: 100, shape: .linear, hasThreePhases: true))
    ),
    ("triangular", .cyclic(TriangularCycle(peak: 3, risingSteps: 11, fallingSteps: 6))),
    ("triangular2", .cyclic(TriangularCycle(peak: 3, risingSteps: 9, mode: .triangular2))),
    ("linear", .linear(steps: 60, start: 0.9, end: 0.2)),
    ("polynomial", .polynomial(steps: 70, power: 2.5)),
    ("warm-up", .warmUp(steps: 15, start: 0.1, then: .cosine(steps: 85))),
    ("warm-up-step", .warmUp(steps: 4, start: 0.25, then: .step(size: 20, factor: 0.5))),
  ]

  @Test("a hundred steps", arguments: schedules.map(\.name))
  func rates(name: String) throws {
    let fixture = try Fixture("schedules")
    let base = try #require(Float(fixture.metadata["base"] ?? ""))
    let schedule = try #require(Self.schedules.first { $0.name == name }).schedule
    for (step, expected) in try fixture[name].scalars.enumerated() {
      let rate = schedule.learningRate(at: step, base: base)
      // PyTorch multiplies from step to step; a few roundings of Double, and one of Float32.
      #expect(abs(rate - expected) <= 1e-6 * expected + 1e-9, "step \(step): \(rate), not \(expected)")
    }
  }

  @Test("a schedule is what it was after it has been written down", arguments: schedules.map(\.name))
  func coding(name: String) throws {
    let schedule = try #require(Self.schedules.first { $0.name == name }).schedule
    let data = try JSONEncoder().encode(schedule)
    #expect(try JSONDecoder().decode(LearningRateSchedule.self, from: data) == schedule)
  }

  @Test("plateau, saved and read again between any two epochs")
  func plateau() throws {
    let fixture = try Fixture("schedules")
    let losses = try fixture["plateau.metrics"].scalars
    let cases: [(String, PlateauSchedule, [Float])] = [
      ("plateau", PlateauSchedule(reduction: 0.5, patience: 3, cooldown: 2, minimum: 0.01), losses),
      (
        "plateau-maximum", PlateauSchedule(goal: .maximum, reduction: 0.3, patience: 2, threshold: 0.01),
        losses.map { 4 - $0 }
      ),
    ]
    for (name, start, metrics) in cases {
      var schedule = start
      for (epoch, (metric, expected)) in zip(metrics, try fixture[name].scalars).enumerated() {
        schedule.update(Double(metric))
        schedule = try JSONDecoder().decode(PlateauSchedule.self, from: JSONEncoder().encode(schedule))
        // PyTorch's minimum rate of 0 lets a rate fall by no less than 1e-8.
        let rate = schedule.learningRate(base: 0.5)
        #expect(abs(rate - expected) <= 1e-6 * expected + 1e-7, "\(name), epoch \(epoch): \(rate), not \(expected)")
      }
      #expect(schedule.factor < 0.3)
    }
  }

  @Test("settings that make no sense give a number all the same")
  func degenerate() {
    let schedules: [LearningRateSchedule] = [
      .step(size: 0, factor: 0.5), .cosine(steps: 0), .cosineWithRestarts(period: 0, growth: 0), .linear(steps: 0),
      .polynomial(steps: -1), .oneCycle(OneCycle(steps: 0)), .oneCycle(OneCycle(steps: 3, risingShare: 0)),
      .cyclic(TriangularCycle(peak: 2, risingSteps: 0)), .warmUp(steps: 0, then: .constant),
    ]
    for schedule in schedules {
      for step in [-1, 0, 1, 2, 3, 1000] { #expect(schedule.factor(at: step).isFinite, "\(schedule) at \(step)") }
    }
  }
}
