import Foundation
import NeuralNetworks
import Tensors
import Testing
import Training

/// The loop, on a small network that takes no time.
@Suite("Trainer", .serialized)
struct TrainerTests {
  /// A line through points.
  private final class Line: Module {
    let hidden: Linear
    let output: Linear

    init(seed: UInt64) {
      let random = RandomStream(seed: seed)
      hidden = Linear(inputSize: 3, outputSize: 8, random: random.split("hidden"))
      output = Linear(inputSize: 8, outputSize: 2, random: random.split("output"))
    }

    func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).tanh().dropout(0.2)) }
  }

  private static let points = RandomStream(seed: 1).uniform([64, 3], in: -1..<1)

  private static func loss(_ network: Line, _ rows: [Int32]) -> Tensor {
    network(points.gatherRows(rows)).softmaxCrossEntropy(
      targets: rows.map { points[Int($0), 0] + points[Int($0), 1] > 0 ? 1 : 0 })
  }

  private static func task(_ network: Line, batchSize: Int = 8) -> TrainingTask<[Int32]> {
    TrainingTask(
      batches: { epoch in
        let order = RandomStream(seed: 7).split(epoch).permutation(64).map { Int32($0) }
        return stride(from: 0, to: 64, by: batchSize).map { (Array(order[$0..<$0 + batchSize]), batchSize) }
      },
      loss: { loss(network, $0) },
      validate: {
        var matrix = ConfusionMatrix(labels: ["0", "1"])
        let scores = network(points)
        for row in 0..<64 {
          matrix.add(
            gold: points[row, 0] + points[row, 1] > 0 ? 1 : 0, predicted: scores[row, 1] > scores[row, 0] ? 1 : 0)
        }
        return Evaluation(matrix, loss: Double(loss(network, (0..<64).map { Int32($0) }).scalar)).validation
      })
  }

  private static func options() -> TrainingOptions {
    var options = TrainingOptions()
    options.epochs = 4
    options.patience = nil
    options.optimizer = OptimizerOptions(.adam, learningRate: 1e-2)
    return options
  }

  private func withPath<R>(_ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  @Test(
    "a training that is cut off anywhere and resumed ends with the same bits",
    arguments: [3, 8, 9, 31], [OptimizerKind.adam, .sgd])
  func resume(steps: Int, kind: OptimizerKind) throws {
    var options = Self.options()
    options.optimizer = OptimizerOptions(kind, learningRate: 1e-2, momentum: kind == .sgd ? 0.9 : 0)
    options.averageDecay = 0.9
    options.schedule = ScheduleOptions(.plateau, warmUpShare: 0.1)
    let whole = Line(seed: 3)
    let history = try Trainer(whole, options: options).run(Self.task(whole))
    try withPath { path in
      var plan = CheckpointPlan(path: path, interval: 0, fingerprint: "a line", isResuming: true)
      let first = Line(seed: 3)
      // A kill leaves what the last checkpoint holds; the steps behind it are taken again.
      plan.interval = steps % 2 == 0 ? 0 : 1e9
      var taken = 0
      let cut = try Trainer(first, options: options).run(
        Self.task(first), checkpoints: plan,
        shouldStop: {
          taken += 1
          return taken == steps
        })
      #expect(cut.wasInterrupted)
      let second = Line(seed: 99)
      let resumed = try Trainer(second, options: options).run(Self.task(second), checkpoints: plan)
      for (a, b) in zip(whole.parameters, second.parameters) { #expect(a.value == b.value) }
      #expect(resumed.epochs.map(\.trainingLoss) == history.epochs.map(\.trainingLoss))
      #expect(resumed.epochs.map(\.validation) == history.epochs.map(\.validation))
    }
  }

  /// A line whose inputs are normalised by running statistics, and a task that carries a sum from batch to batch.
  private final class NormalizedLine: Module {
    let norm = BatchNorm1d(channels: 3)
    let output: Linear

    init(seed: UInt64) { output = Linear(inputSize: 3, outputSize: 2, random: RandomStream(seed: seed)) }
  }

  @Test("a resumed training has its buffers and what the task carries too")
  func resumeBuffersAndCarriedState() throws {
    /// Trains, and stops after so many steps.
    func train(_ network: NormalizedLine, until last: Int, _ plan: CheckpointPlan?) throws -> Float {
      var sum = Tensor([0])
      var steps = 0
      func loss(_ rows: Range<Int32>) -> Tensor {
        let x = Self.points.gatherRows(Array(rows))
        sum = Tensor([sum.scalar + x.sum().scalar])
        let own = network.output(network.norm(x)).softmaxCrossEntropy(targets: rows.map { $0 % 2 })
        return own * (1 + abs(sum.scalar))
      }
      let firsts: [Int32] = [0, 8, 16, 24, 32, 40, 48, 56]
      func batches(_ epoch: Int) -> [(batch: Range<Int32>, examples: Int)] { firsts.map { ($0..<$0 + 8, 8) } }
      var task = TrainingTask<Range<Int32>>(batches: batches, loss: loss, validate: nil)
      task.carriedState = .init(save: { ["sum": sum] }, restore: { sum = $0["sum"] ?? sum })
      _ = try Trainer(network, options: Self.options()).run(
        task, checkpoints: plan,
        shouldStop: {
          steps += 1
          return steps == last
        })
      return sum.scalar
    }
    try withPath { path in
      let plan = CheckpointPlan(path: path, fingerprint: "normalised", isResuming: true)
      let (whole, parted) = (NormalizedLine(seed: 3), NormalizedLine(seed: 9))
      let sum = try train(whole, until: .max, nil)
      _ = try train(NormalizedLine(seed: 3), until: 11, plan)
      #expect(try train(parted, until: .max, plan) == sum)
      #expect(whole.stateDictionary == parted.stateDictionary)
      #expect(whole.namedBuffers.count > 1)
    }
  }

  @Test("a checkpoint of another training, or a damaged one, is refused")
  func otherCheckpoints() throws {
    try withPath { path in
      let network = Line(seed: 3)
      var plan = CheckpointPlan(path: path, fingerprint: "a line", isResuming: true)
      _ = try Trainer(network, options: Self.options()).run(Self.task(network), checkpoints: plan)
      plan.fingerprint = "another line"
      #expect(throws: TrainingError.self) {
        _ = try Trainer(network, options: Self.options()).run(Self.task(network), checkpoints: plan)
      }
      plan.fingerprint = "a line"
      let url = URL(fileURLWithPath: path)
      let bytes = try Data(contentsOf: url)
      for cut in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 50)) {
        try bytes[..<cut].write(to: url)
        #expect(throws: TrainingError.self) {
          _ = try Trainer(network, options: Self.options()).run(Self.task(network), checkpoints: plan)
        }
      }
      var changed = bytes
      changed[bytes.count - 3] ^= 1
      try changed.write(to: url)
      #expect(throws: TrainingError.self) {
        _ = try Trainer(network, options: Self.options()).run(Self.task(network), checkpoints: plan)
      }
    }
  }

  @Test("gradients of several batches make the step of one batch of them all")
  func accumulation() {
    var options = Self.options()
    options.optimizer = OptimizerOptions(.sgd, learningRate: 0.1)
    let (whole, parted) = (Line(seed: 5), Line(seed: 5))
    // Without a tape for training there is no dropout, whose masks differ.
    func loss(_ network: Line, _ rows: Range<Int32>) -> Tensor {
      let x = Self.points.gatherRows(Array(rows))
      return network.output(network.hidden(x).tanh()).softmaxCrossEntropy(targets: rows.map { $0 % 2 })
    }
    let one = Trainer(whole, options: options).step([(1, { loss(whole, 0..<12) })])
    let three = Trainer(parted, options: options).step([
      (0.5, { loss(parted, 0..<6) }), (0.25, { loss(parted, 6..<9) }), (0.25, { loss(parted, 9..<12) }),
    ])
    guard case .loss(let a) = one, case .loss(let b) = three else {
      Issue.record("a loss is not finite")
      return
    }
    #expect(abs(a - b) < 1e-6)
    for (a, b) in zip(whole.parameters, parted.parameters) {
      for (x, y) in zip(a.value.scalars, b.value.scalars) { #expect(abs(x - y) < 1e-6) }
    }
  }

  @Test("the average of the weights is what is judged and kept")
  func average() throws {
    var options = Self.options()
    options.epochs = 1
    options.averageDecay = 0.5
    let network = Line(seed: 4)
    var kept: [Tensor] = []
    _ = try Trainer(network, options: options).run(
      Self.task(network), keepBest: { _ in kept = network.parameters.map(\.value) })
    #expect(network.parameters.map(\.value) == kept)
    let plain = Line(seed: 4)
    options.averageDecay = nil
    var values: [[Tensor]] = [plain.parameters.map(\.value)]
    _ = try Trainer(plain, options: options).run(
      Self.task(plain),
      report: { if case .progress = $0 { values.append(plain.parameters.map(\.value)) } })
    // By hand, from the weights after each of the eight steps.
    var average = values[0][0].scalars
    for step in 1...8 {
      let decay = min(0.5, Float(1 + step) / Float(10 + step))
      average = zip(average, values[step][0].scalars).map { $0 * decay + $1 * (1 - decay) }
    }
    for (a, b) in zip(average, kept[0].scalars) { #expect(abs(a - b) < 1e-6) }
  }

  @Test("a training that diverges says where, and leaves the last good weights")
  func divergence() throws {
    var options = Self.options()
    options.optimizer = OptimizerOptions(.sgd, learningRate: 1e-2)
    let network = Line(seed: 6)
    var task = Self.task(network)
    let loss = task.loss
    var count = 0
    var atEpochEnd: [Tensor] = []
    task.loss = { rows in
      count += 1
      // The second step of the third epoch.
      return count == 18 ? loss(rows) + network.hidden(Self.points).exp().sum() * .infinity : loss(rows)
    }
    let error = #expect(throws: TrainingError.self) {
      _ = try Trainer(network, options: options).run(
        task,
        report: { if case .epoch = $0 { atEpochEnd = network.parameters.map(\.value) } })
    }
    guard case .diverged(let epoch, let step, let parameter, let rate) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(epoch == 3 && step == 2 && rate == 1e-2)
    #expect(parameter?.hasPrefix("hidden.") == true)
    #expect(network.parameters.map(\.value) == atEpochEnd)
  }

  @Test(
    "every schedule goes over the whole training, within its rate",
    arguments: ScheduleOptions.Kind.allCases)
  func schedules(kind: ScheduleOptions.Kind) throws {
    var options = Self.options()
    options.schedule = ScheduleOptions(kind, warmUpShare: 0.25)
    let network = Line(seed: 8)
    var rates: [Float] = []
    _ = try Trainer(network, options: options).run(
      Self.task(network), report: { if case .progress(let progress) = $0 { rates.append(progress.learningRate) } })
    #expect(rates.count == 32)
    #expect(rates.allSatisfy { $0 >= 0 && $0 <= (kind == .triangular ? 0.1 : 0.01) * 1.0001 })
    #expect(rates[0] < rates[7] || kind == .oneCycle)
    if ![.constant, .plateau, .triangular].contains(kind) { #expect(rates[31] < 0.35 * (rates.max() ?? 0)) }
  }
}
