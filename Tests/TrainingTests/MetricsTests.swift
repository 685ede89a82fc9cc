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
    #expect((matrix + matrix).total == 22)
  }

  private final class Point: Module {
    let x = Parameter(Tensor([5]))
  }

  private func fit(rate: Float, epochs: Int, validate: (() -> Evaluation)? = nil) throws -> (TrainingHistory, Float) {
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
      return Evaluation(matrix, loss: 1)
    }
    #expect(history.epochs.count == 4)
    #expect(history.best?.epoch == 2)
  }

  @Test("a loss that is not a number ends training with an error and leaves the parameters")
  func divergence() {
    #expect(throws: TrainingError.self) { try fit(rate: 1e30, epochs: 10) }
  }
}
