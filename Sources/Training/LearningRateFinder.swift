public import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How the loss goes when the learning rate rises (Smith 2017, "Cyclical learning rates for training neural networks").
public struct LearningRateSweep: Sendable, Hashable, Codable {
  /// A step of the sweep.
  public struct Point: Sendable, Hashable, Codable {
    /// Its learning rate.
    public let rate: Float
    /// The mean of the losses so far, in which a loss has lost 2 % of its weight with each step since.
    public let loss: Double
  }

  /// The steps until the loss was four times its least value, or no number, or the last rate was reached.
  public let points: [Point]

  /// A tenth of the rate at which the loss was least; `nil` where it never fell.
  public var suggestion: Float? {
    guard let first = points.first, let best = points.min(by: { $0.loss < $1.loss }), best.loss < first.loss
    else { return nil }
    return best.rate / 10
  }
}

/// Finds a learning rate by a short training in which it rises from step to step.
public struct LearningRateFinder: Sendable {
  /// The first rate.
  public var lowest: Float = 1e-6
  /// The last one.
  public var highest: Float = 10
  /// Steps from one to the other, each by the same factor.
  public var steps = 120

  /// The usual range.
  public init() {}

  /// Sweeps the rates. The network has the parameters and buffers that it had before.
  ///
  /// - Parameters:
  ///   - options: the optimiser and the clipping that the rate is for; their own rate and schedule do not count.
  ///   - shouldStop: asked after each step.
  public func run<Batch>(
    _ network: any Module, _ task: TrainingTask<Batch>, options: TrainingOptions, groups: [ParameterGroup]? = nil,
    shouldStop: () -> Bool = { false }
  ) -> LearningRateSweep {
    var options = options
    options.schedule = ScheduleOptions()
    options.averageDecay = nil
    options.optimizer.learningRate = lowest
    let parameters = network.parameters
    let before = parameters.map(\.value)
    let buffers = network.namedBuffers.map { (buffer: $0.buffer, value: $0.buffer.value) }
    defer {
      for (parameter, value) in zip(parameters, before) { parameter.value = value }
      for (buffer, value) in buffers { buffer.value = value }
    }
    let trainer = Trainer(network, options: options, groups: groups)
    let factor = pow(highest / lowest, 1 / Float(max(steps - 1, 1)))
    var points: [LearningRateSweep.Point] = []
    var (sum, weight) = (0.0, 0.0)
    var rate = lowest
    task.willBegin(1)
    var epoch = 1
    var batches = task.batches(epoch)[...]
    while points.count < steps, !shouldStop() {
      if batches.isEmpty {
        epoch += 1
        batches = task.batches(epoch)[...]
      }
      guard let next = batches.popFirst() else { break }
      trainer.baseLearningRate = rate
      guard case .loss(let loss) = trainer.step([(1, { task.loss(next.batch) })]) else { break }
      (sum, weight) = (0.98 * sum + 0.02 * Double(loss), 0.98 * weight + 0.02)
      points.append(.init(rate: rate, loss: sum / weight))
      if let least = points.map(\.loss).min(), sum / weight > 4 * least { break }
      rate *= factor
    }
    return LearningRateSweep(points: points)
  }
}
