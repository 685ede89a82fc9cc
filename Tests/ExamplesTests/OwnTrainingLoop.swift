import NeuralNetworks
import Tensors
import Testing
import TextModels
import Training

// Example: a training loop of one's own, and the one that is there.
//
// A tape records what a loss is made of and gives the gradients; an optimiser takes a step. `Trainer` does the same with
// schedules, early stopping, checkpoints and exact resumption, on any module and any kind of batch.

/// Whether a point lies within a circle.
private final class CircleNetwork: Module {
  let hidden: Linear
  let output: Linear

  init(random: RandomStream) {
    hidden = Linear(inputSize: 2, outputSize: 32, random: random.split("hidden"))
    output = Linear(inputSize: 32, outputSize: 2, random: random.split("output"))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).tanh().dropout(0.05)) }
}

@Suite("Examples: a training loop of one's own")
struct OwnTrainingLoopExample {
  private let points = RandomStream(seed: 5).uniform([256, 2], in: -1..<1)

  private let classes: [Int32]

  init() {
    let points = points
    classes = (0..<256).map { points[$0, 0] * points[$0, 0] + points[$0, 1] * points[$0, 1] < 0.5 ? 1 : 0 }
  }

  private func accuracy(_ network: CircleNetwork) -> Double {
    // Without a tape nothing is recorded and nothing dropped.
    let scores = network(points)
    let right = classes.enumerated().count { (scores[$0.offset, 1] > scores[$0.offset, 0]) == ($0.element == 1) }
    return Double(right) / 256
  }

  @Test("by hand: tape, gradients, step")
  func byHand() {
    let network = CircleNetwork(random: RandomStream(seed: 1))
    let optimizer = AdamW(network.parameters, learningRate: 5e-2, weightDecay: 1e-3)
    let schedule = LearningRateSchedule.warmUp(steps: 10, start: 0.1, then: .cosine(steps: 190))
    for step in 0..<200 {
      optimizer.learningRate = 5e-2 * Float(schedule.factor(at: step))
      // Dropout draws from the stream of the step: the same seed gives the same bits on any number of threads.
      let (loss, gradients) = GradientTape.record(random: RandomStream(seed: 2).split(step)) {
        network(points).softmaxCrossEntropy(targets: classes, labelSmoothing: 0.05)
      }
      #expect(loss.scalar.isFinite)
      optimizer.step(gradients, clipping: .norm(5))
    }
    #expect(accuracy(network) > 0.93)
  }

  @Test("with the trainer: batches, validation, early stopping")
  func withTrainer() throws {
    let network = CircleNetwork(random: RandomStream(seed: 1))
    var options = TrainingOptions()
    options.epochs = 60
    options.patience = 20
    options.optimizer = OptimizerOptions(.adam, learningRate: 3e-2)
    let (points, classes) = (points, classes)
    let task = TrainingTask<[Int]>(
      batches: { epoch in
        let order = RandomStream(seed: 3).split(epoch).permutation(256)
        return stride(from: 0, to: 256, by: 32).map { (Array(order[$0..<$0 + 32]), 32) }
      },
      loss: { rows in
        network(points.gatherRows(rows.map { Int32($0) })).softmaxCrossEntropy(targets: rows.map { classes[$0] })
      },
      validate: { ValidationResult(.accuracy, accuracy(network), loss: 0, examples: 256) })
    let history = try Trainer(network, options: options).run(task)
    #expect(accuracy(network) > 0.93)
    #expect(history.best?.validation?.value == accuracy(network), "the best parameters are kept")
  }
}
