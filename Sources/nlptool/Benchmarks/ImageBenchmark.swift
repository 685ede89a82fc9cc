import ImageModels
import NeuralNetworks
import Tensors
import Training

/// Networks for images: `imagecnn/train/lenet/B64`, `imagecnn/infer/vgg16/B1` and their like, by the names that the peers'
/// script uses.
struct ImageBenchmark: Benchmark {
  let isTraining: Bool
  let network: String
  let architecture: ImageArchitecture
  let batch: Int

  var name: String { "imagecnn/\(isTraining ? "train" : "infer")/\(network)/B\(batch)" }

  static let all: [any Benchmark] = {
    let networks: [(String, ImageArchitecture, train: [Int], infer: [Int])] = [
      ("lenet", .lenet5, [64], [1, 64]), ("resnet18-cifar", .resnet18CIFAR, [32], [32]),
      ("alexnet", .alexnet, [32], [1, 8]), ("vgg16", .vgg16, [], [1, 8]), ("googlenet", .googlenet, [], [1, 8]),
      ("resnet18", .resnet18, [8], [1, 8]), ("resnet50", .resnet50, [], [1, 8]),
    ]
    return networks.flatMap { name, architecture, train, infer in
      (train.map { (true, $0) } + infer.map { (false, $0) }).map { isTraining, batch in
        ImageBenchmark(isTraining: isTraining, network: name, architecture: architecture, batch: batch)
      }
    }
  }()

  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult {
    let run = makeRun()
    // Whatever the case, the operations of a forward pass.
    let forward = OperationProfile.record { _ = run.network(run.images) }.reduce(0) { $0 + $1.operations }
    var firstLoss: Float?
    let seconds = stopwatch.median {
      let loss = run.step()
      firstLoss = firstLoss ?? loss
    }
    let details = firstLoss.map { [("loss", Double($0))] } ?? []
    return BenchmarkResult(
      name: name, metric: "images_per_s", value: Double(batch) / seconds, unit: "img/s",
      details: details
        + BenchmarkResult.roofline(operations: (isTraining ? 3 : 1) * forward, seconds: seconds))
  }

  /// A line for each costly operation: its shapes, the best time of some runs, and the share of the processor's peak.
  func layerTable() -> String {
    let run = makeRun()
    _ = run.step()
    let runs = (0..<7).map { _ in OperationProfile.record { _ = run.step() } }
    var table = TextTable()
    table.add("operation", "shapes", "ms", "GFLOP/s", "of peak")
    func add(_ name: String, _ detail: String, _ seconds: Double, _ operations: Double) {
      let roofline = BenchmarkResult.roofline(operations: operations, seconds: seconds)
      table.add(
        name, detail, (seconds * 1e3).fixed(3), (operations / seconds / 1e9).fixed(1),
        "\((100 * roofline[2].1).fixed(0)) %")
    }
    var (seconds, operations) = (0.0, 0.0)
    for index in runs[0].indices {
      let entry = runs[0][index]
      let best = runs.map { $0[index].seconds }.min() ?? 0
      add(entry.name, entry.detail, best, entry.operations)
      seconds += best
      operations += entry.operations
    }
    add("together", "", seconds, operations)
    let whole =
      (0..<7).map { _ in
        let start = ContinuousClock.now
        _ = run.step()
        return start.secondsToNow
      }.min() ?? 0
    add("whole", "", whole, operations)
    return table.text
  }

  private struct Run {
    let network: any ImageNetwork
    let images: Tensor
    /// A training step, whose loss it gives, or a forward pass.
    let step: () -> Float?
  }

  private func makeRun() -> Run {
    let random = RandomStream(seed: 1)
    let size = architecture.imageSize
    let images = random.split("images").normal([batch, size.height, size.width, architecture.channels])
    let network = architecture.makeNetwork(classes: architecture.usualClasses, random: random.split("weights"))
    guard isTraining else {
      return Run(network: network, images: images) {
        _ = network(images)
        return nil
      }
    }
    var options = TrainingOptions()
    options.optimizer = OptimizerOptions(.sgd, learningRate: 1e-3, momentum: 0.9)
    let trainer = Trainer(network, options: options)
    let targets = random.split("targets").uniform([batch]).scalars.map {
      Int32($0 * Float(architecture.usualClasses))
    }
    return Run(network: network, images: images) {
      let outcome = trainer.step([(1, { network(images).softmaxCrossEntropy(targets: targets) })])
      if case .loss(let loss) = outcome { return loss }
      return nil
    }
  }
}
