import Foundation
import NeuralNetworks
import Tensors
import Testing

/// Losses against `torch.nn.functional`; `scripts/fixtures/losses.py` made the numbers.
@Suite("Losses equal PyTorch's")
struct LossTests {
  /// What a loss may be made of.
  struct Operands {
    let targets, ignoring: [Int32]
    let weights: [Float]
    let fractions, labels, others: Tensor
  }

  static let losses: [(name: String, loss: @Sendable (Tensor, Operands) -> Tensor)] = [
    ("weights", { $0.softmaxCrossEntropy(targets: $1.targets, classWeights: $1.weights) }),
    ("smoothing", { $0.softmaxCrossEntropy(targets: $1.targets, labelSmoothing: 0.1) }),
    ("ignored", { $0.softmaxCrossEntropy(targets: $1.ignoring, ignoredTarget: -100) }),
    (
      "everything",
      {
        $0.softmaxCrossEntropy(
          targets: $1.ignoring, classWeights: $1.weights, labelSmoothing: 0.2, ignoredTarget: -100)
      }
    ),
    (
      "everything-sum",
      {
        $0.softmaxCrossEntropy(
          targets: $1.ignoring, classWeights: $1.weights, labelSmoothing: 0.2, ignoredTarget: -100, reduction: .sum)
      }
    ),
    ("nll", { $0.negativeLogLikelihood(targets: $1.ignoring, classWeights: $1.weights, ignoredTarget: -100) }),
    ("nll-sum", { $0.negativeLogLikelihood(targets: $1.targets, reduction: .sum) }),
    ("focal", { $0.focalLoss(targets: $1.targets) }),
    ("focal-alpha", { $0.focalLoss(targets: $1.targets, gamma: 0.5, alpha: $1.weights, reduction: .sum) }),
    ("bce", { $0.binaryCrossEntropy(targets: $1.fractions) }),
    (
      "bce-weights",
      { $0.binaryCrossEntropy(targets: $1.fractions, positiveWeights: $1.weights, reduction: .sum) }
    ),
    ("binary-focal", { $0.binaryFocalLoss(targets: $1.labels) }),
    ("binary-focal-plain", { $0.binaryFocalLoss(targets: $1.labels, gamma: 1.5, alpha: nil, reduction: .sum) }),
    ("mse", { $0.squaredError(to: $1.others) }),
    ("mse-sum", { $0.squaredError(to: $1.others, reduction: .sum) }),
    ("smooth-l1", { $0.smoothL1Loss(to: $1.others, beta: 0.7) }),
    ("huber", { $0.huberLoss(to: $1.others, delta: 0.8, reduction: .sum) }),
    ("margin", { $0.multiMarginLoss(targets: $1.targets) }),
    (
      "margin-squared",
      {
        $0.multiMarginLoss(
          targets: $1.targets, margin: 0.5, power: 2, classWeights: $1.weights, reduction: .sum)
      }
    ),
    ("hinge", { $0.hingeLoss(targets: $1.labels * 2 - Tensor(repeating: 1, shape: $1.labels.shape)) }),
  ]

  @Test("value and gradient", arguments: losses.map(\.name))
  func parity(name: String) throws {
    let fixture = try Fixture("losses")
    let operands = Operands(
      targets: try fixture.integers("targets").map { Int32($0) },
      ignoring: try fixture.integers("ignoring").map { Int32($0) }, weights: try fixture["weights"].scalars,
      fractions: try fixture["fractions"], labels: try fixture["labels"], others: try fixture["others"])
    let loss = try #require(Self.losses.first { $0.name == name }).loss
    let logits = Parameter(try fixture["logits"])
    let (value, gradients) = GradientTape.record { loss(logits.tensor, operands) }
    expectEqual(value.reshaped([1]), try fixture["\(name).loss"], "loss")
    expectEqual(try #require(gradients[logits]).tensor, try fixture["\(name).grad"], "logits", isGradient: true)
    // A factor behind the loss reaches the gradient.
    let doubled = GradientTape.record { loss(logits.tensor, operands) * -2 }.gradients
    expectEqual(
      try #require(doubled[logits]).tensor, try fixture["\(name).grad"] * -2, "twice", isGradient: true)
  }

  @Test("a hundred thousand classes, the same bits for any number of threads")
  func manyClasses() throws {
    let fixture = try Fixture("many-classes")
    let (rows, classes) = (3, 100_000)
    let numbers = (0..<rows * classes).map { Float(6 * sin(Double($0) * 0.37 + Double($0) / 9000)) }
    let logits = Parameter(Tensor(numbers, shape: [rows, classes]))
    let targets = try fixture.integers("targets")
    func run(threads: Int) -> (Tensor, [Float]) {
      let before = Parallelism.threads
      Parallelism.threads = threads
      defer { Parallelism.threads = before }
      let (loss, gradients) = GradientTape.record {
        logits.tensor.softmaxCrossEntropy(targets: targets.map { Int32($0) }, labelSmoothing: 0.1)
      }
      return (loss, gradients[logits]?.tensor.scalars ?? [])
    }
    let (loss, gradient) = run(threads: 1)
    expectEqual(loss.reshaped([1]), try fixture["loss"], "loss")
    let atTargets = targets.enumerated().map { gradient[$0 * classes + $1] }
    expectEqual(Tensor(atTargets), try fixture["grad.targets"], "targets", isGradient: true)
    let first = (0..<rows).flatMap { gradient[$0 * classes..<$0 * classes + 5] }
    expectEqual(Tensor(first, shape: [rows, 5]), try fixture["grad.first"], "first classes", isGradient: true)
    let (again, sameGradient) = run(threads: 3)
    #expect(again == loss && sameGradient == gradient)
  }

  @Test("when no row counts the loss is zero, and so is the gradient")
  func nothingCounts() {
    let logits = Parameter(Tensor([1, 2, 3, 4], shape: [2, 2]))
    let losses: [@Sendable () -> Tensor] = [
      { logits.tensor.softmaxCrossEntropy(targets: [-1, -1], ignoredTarget: -1) },
      { logits.tensor.negativeLogLikelihood(targets: [-1, -1], ignoredTarget: -1) },
      { logits.tensor.focalLoss(targets: [-1, -1], ignoredTarget: -1) },
    ]
    for loss in losses {
      let (value, gradients) = GradientTape.record(loss)
      #expect(value.scalar == 0)
      #expect(gradients[logits]?.tensor == Tensor(zeros: [2, 2]))
    }
  }

  @Test("a loss is what it was after it has been written down")
  func coding() throws {
    let logits = Tensor([1, 2, -1, 0.5, 3, -2], shape: [2, 3])
    for kind: ClassificationLoss.Kind in [.crossEntropy(labelSmoothing: 0.1), .focal(), .multiMargin(margin: 2)] {
      let loss = ClassificationLoss(kind, classWeights: [1, 2, 3])
      let again = try JSONDecoder().decode(ClassificationLoss.self, from: JSONEncoder().encode(loss))
      #expect(again == loss)
      #expect(again(logits, targets: [1, 2]) == loss(logits, targets: [1, 2]))
    }
    #expect(
      ClassificationLoss()(logits, targets: [1, 2]) == logits.softmaxCrossEntropy(targets: [1, 2]))
  }

  @Test("linear with cross-entropy is the two operations, over many tiles and classes", arguments: [1, 47, 48, 131])
  func linearCrossEntropy(rows: Int) {
    let random = RandomStream(seed: 21)
    let x = Parameter(random.split("x").uniform([rows, 19], in: -1..<1))
    let weight = Parameter(random.split("weight").uniform([1003, 19], in: -1..<1))
    let bias = Parameter(random.split("bias").uniform([1003], in: -1..<1))
    let targets = (0..<rows).map { Int32($0 * 37 % 1003) }
    let fused = GradientTape.record {
      x.tensor.linearCrossEntropy(weight: weight.tensor, bias: bias.tensor, targets: targets) * 3
    }
    let parts = GradientTape.record {
      x.tensor.linear(weight: weight.tensor, bias: bias.tensor).softmaxCrossEntropy(targets: targets) * 3
    }
    #expect(abs(fused.loss.scalar - parts.loss.scalar) < 1e-5)
    for parameter in [x, weight, bias] {
      guard let a = fused.gradients[parameter]?.tensor, let b = parts.gradients[parameter]?.tensor else {
        Issue.record("a gradient is missing")
        return
      }
      expectEqual(a, b, "gradient", isGradient: true)
    }
    let alone = x.value.linearCrossEntropy(weight: weight.value, bias: bias.value, targets: targets)
    #expect(abs(alone.scalar * 3 - fused.loss.scalar) < 1e-5)
  }
}
