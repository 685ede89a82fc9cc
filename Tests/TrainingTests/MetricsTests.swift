import NeuralNetworks
import Tensors
import Testing
import Training

@Suite("Metrics and the loop")
struct MetricsTests {
  @Test("accuracy, precision, recall and F1 of a matrix worked out by hand")
  func matrix() {
    var matrix = ConfusionMatrix(labels: ["a", "b", "c"])
    for (gold, predicted, times) in [(0, 0, 5), (0, 1, 1), (1, 1, 2), (1, 0, 2), (2, 1, 1)] {
      for _ in 0..<times { matrix.add(gold: gold, predicted: predicted) }
    }
    #expect(matrix.total == 11)
    #expect(abs(matrix.accuracy - 7.0 / 11) < 1e-12)
    #expect(abs(matrix.precision(0) - 5.0 / 7) < 1e-12)
    #expect(abs(matrix.recall(0) - 5.0 / 6) < 1e-12)
    #expect(abs(matrix.f1(1) - 0.5) < 1e-12)
    #expect(matrix.precision(2) == 0 && matrix.recall(2) == 0 && matrix.f1(2) == 0)
  }

  @Test("ranking, calibration and area under the curve, by hand")
  func probabilities() throws {
    var builder = EvaluationBuilder(labels: ["a", "b", "c"])
    let rows: [(gold: Int, probabilities: [Float])] = [
      (0, [0.7, 0.2, 0.1]), (0, [0.3, 0.6, 0.1]), (1, [0.1, 0.8, 0.1]), (2, [0.5, 0.3, 0.2]), (1, [0.25, 0.25, 0.5]),
    ]
    for row in rows { builder.add(gold: row.gold, probabilities: row.probabilities[...], loss: 1) }
    let evaluation = builder.evaluation
    let metrics = try #require(evaluation.probabilities)
    #expect(evaluation.accuracy == 0.4 && evaluation.loss == 1)
    #expect(metrics.atK.map(\.k) == [1, 2, 3])
    // The second choices of the second and of no other example; of the last the first of two equal ones is none.
    #expect(metrics.atK.map(\.recall) == [0.4, 0.6, 1])
    #expect(abs(metrics.atK[1].precision - 0.3) < 1e-12)
    // 0.7 right, 0.6 wrong, 0.8 right, 0.5 wrong twice in one range.
    #expect(abs(metrics.calibrationError - (0.3 + 0.6 + 0.2 + 1.0) / 5) < 1e-6)
    let areas = [
      area(rows.map { ($0.gold == 0, $0.probabilities[0]) }), area(rows.map { ($0.gold == 1, $0.probabilities[1]) }),
      area(rows.map { ($0.gold == 2, $0.probabilities[2]) }),
    ]
    #expect(abs(try #require(metrics.areaUnderCurve) - areas.reduce(0, +) / 3) < 1e-12)
  }

  /// Pair by pair.
  private func area(_ examples: [(isPositive: Bool, score: Float)]) -> Double {
    var (sum, count) = (0.0, 0.0)
    for a in examples where a.isPositive {
      for b in examples where !b.isPositive {
        sum += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0
        count += 1
      }
    }
    return sum / count
  }

  private final class Point: Module {
    let x = Parameter(Tensor([5]))
  }

  private func fit(
    rate: Float, epochs: Int, validate: (() -> ValidationResult)? = nil
  ) throws -> (TrainingHistory, Float) {
    var options = TrainingOptions()
    options.epochs = epochs
    options.patience = 2
    options.optimizer = OptimizerOptions(.sgd, learningRate: rate)
    options.clipping = .none
    let point = Point()
    let task = TrainingTask<Void>(
      batches: { _ in [((), 1)] }, loss: { (point.x.tensor * point.x.tensor).sum() }, validate: validate)
    let history = try Trainer(point, options: options).run(task)
    return (history, point.x.value.scalar)
  }

  @Test("steps lead to the minimum")
  func descent() throws {
    let (history, value) = try fit(rate: 0.2, epochs: 40)
    #expect(abs(value) < 1e-3)
    #expect(history.epochs.count == 40 && history.best?.epoch == 40)
  }

  @Test("training ends when validation stops improving, and the best epoch is known")
  func earlyStopping() throws {
    var accuracies = [0.5, 0.7, 0.6, 0.7, 0.9]
    let (history, _) = try fit(rate: 0.01, epochs: 10) {
      let accuracy = accuracies.removeFirst()
      var matrix = ConfusionMatrix(labels: ["x", "y"])
      for index in 0..<10 { matrix.add(gold: 0, predicted: Double(index) < accuracy * 10 ? 0 : 1) }
      return Evaluation(matrix, loss: 1).validation
    }
    #expect(history.epochs.count == 4)
    #expect(history.best?.epoch == 2)
  }

  @Test("a loss that is not a number ends training with an error and leaves the parameters")
  func divergence() {
    #expect(throws: TrainingError.self) { try fit(rate: 1e30, epochs: 10) }
  }
}
