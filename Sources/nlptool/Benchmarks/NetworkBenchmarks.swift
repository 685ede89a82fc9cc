import Tensors
import TextModels
import Training

/// Ids as texts have them: the frequency of word number k is proportional to 1 / (k + 1) (Zipf's law).
struct ZipfSampler {
  private let cumulative: [Float]

  init(vocabularySize: Int) {
    var sum = 0.0
    cumulative = (1...vocabularySize).map { rank in
      sum += 1 / Double(rank)
      return Float(sum)
    }
  }

  func ids(_ count: Int, random: RandomStream) -> [Int32] {
    let top = cumulative[cumulative.count - 1]
    return random.uniform([count]).scalars.map { number in
      var (low, high) = (0, cumulative.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if cumulative[middle] < number * top { low = middle + 1 } else { high = middle }
      }
      return Int32(low)
    }
  }
}

/// Batches for the benchmarks of networks: fresh ids for each step, made before the clock runs.
private struct BatchSource {
  let batches: [TokenBatch]
  let classes: [Int32]

  init(lengths: [Int], vocabularySize: Int) {
    let sampler = ZipfSampler(vocabularySize: vocabularySize)
    let random = RandomStream(seed: 11)
    batches = (0..<16).map { step in
      TokenBatch(ids: sampler.ids(lengths.reduce(0, +), random: random.split(step)), lengths: lengths)
    }
    classes = lengths.indices.map { Int32($0 % 2) }
  }
}

private let vocabularySize = 20_000

/// Times training steps or forward passes of a network.
private func measureNetwork(
  _ name: String, _ configuration: TextNetworkConfiguration, lengths: [Int], isTraining: Bool,
  isLatency: Bool = false,
  operations: Double, stopwatch: Stopwatch
) -> BenchmarkResult {
  let network = configuration.makeNetwork(random: RandomStream(seed: 1))
  let source = BatchSource(lengths: lengths, vocabularySize: vocabularySize)
  var step = 0
  var details: [(String, Double)] = []
  let seconds: Double
  if isTraining {
    let trainer = TextNetworkTrainer(
      network: network, options: TrainingOptions(), targets: .classes(source.classes))
    var firstLoss: Float?
    seconds = stopwatch.median {
      let loss = trainer.step(source.batches[step % source.batches.count], targets: .classes(source.classes))
      firstLoss = firstLoss ?? loss
      step += 1
    }
    details.append(("loss", Double(firstLoss ?? .nan)))
  } else {
    seconds = stopwatch.median {
      _ = network.logits(source.batches[step % source.batches.count])
      step += 1
    }
  }
  let passes = isTraining ? 3.0 : 1.0
  details += BenchmarkResult.roofline(operations: passes * operations, seconds: seconds)
  details.append(("tokens_per_s", Double(lengths.reduce(0, +)) / seconds))
  return isLatency
    ? BenchmarkResult(name: name, metric: "latency_ms", value: seconds * 1e3, unit: "ms", details: details)
    : BenchmarkResult(
      name: name, metric: "sequences_per_s", value: Double(lengths.count) / seconds, unit: "seq/s", details: details)
}

/// Recurrent classifiers: `rnn/train/s1/lstm` and its like.
struct RecurrentBenchmark: Benchmark {
  enum Task: String { case train, trainPacked = "train-packed", infer, latency, inferBackends = "infer-backends" }

  struct Shape {
    let batch: Int, steps: Int, embedding: Int, hidden: Int, layers: Int
    var pooling = SequencePooling.last
  }

  let task: Task
  let shapeName: String
  let shape: Shape
  let architecture: String
  let cell: RecurrentOptions

  /// By the names that the peers' scripts use.
  private static let cells: [(String, RecurrentOptions)] = [
    ("rnn", RecurrentOptions(.tanhRNN, isBidirectional: false)),
    ("lstm", RecurrentOptions(.lstm, isBidirectional: false)),
    ("gru", RecurrentOptions(.gru, isBidirectional: false)),
    ("bilstm", RecurrentOptions(.lstm, isBidirectional: true)),
  ]

  var name: String {
    switch task {
    case .train, .trainPacked, .infer: "rnn/\(task.rawValue)/\(shapeName)/\(architecture)"
    case .latency, .inferBackends: "rnn/\(task.rawValue)/\(architecture)/\(shapeName)"
    }
  }

  static let all: [any Benchmark] = {
    let shapes: [(String, Shape)] = [
      ("s1", Shape(batch: 32, steps: 50, embedding: 100, hidden: 128, layers: 1)),
      ("s2", Shape(batch: 64, steps: 100, embedding: 128, hidden: 256, layers: 1)),
      ("s3", Shape(batch: 64, steps: 400, embedding: 128, hidden: 128, layers: 1, pooling: .mean)),
      ("s4", Shape(batch: 32, steps: 100, embedding: 200, hidden: 200, layers: 2)),
    ]
    var cases: [any Benchmark] = []
    for (name, shape) in shapes {
      for (architecture, cell) in cells where name != "s4" || architecture == "bilstm" {
        for task in [Task.train, .infer, .trainPacked] {
          cases.append(
            RecurrentBenchmark(task: task, shapeName: name, shape: shape, architecture: architecture, cell: cell))
        }
      }
    }
    for (architecture, hidden) in [("lstm", 128), ("lstm", 256), ("gru", 128), ("bilstm", 128)] {
      guard let cell = cells.first(where: { $0.0 == architecture })?.1 else { continue }
      for (task, batch, steps) in [(Task.latency, 1, 20), (.latency, 1, 200), (.inferBackends, 64, 100)] {
        cases.append(
          RecurrentBenchmark(
            task: task, shapeName: "H\(hidden)/T\(steps)",
            shape: Shape(batch: batch, steps: steps, embedding: 128, hidden: hidden, layers: 1),
            architecture: architecture, cell: cell))
      }
    }
    return cases
  }()

  func measure(_ stopwatch: Stopwatch) -> BenchmarkResult {
    var recurrent = cell
    recurrent.hiddenSize = shape.hidden
    recurrent.layerCount = shape.layers
    // With lengths the peers' nets pool by the last state in every shape.
    recurrent.pooling = task == .trainPacked ? .last : shape.pooling
    recurrent.layerDropout = 0
    var options = TextNetworkOptions(.recurrent(recurrent))
    options.embedding.size = shape.embedding
    options.embedding.dropout = 0
    options.dropout = 0
    let configuration = TextNetworkConfiguration(
      vocabularySize: vocabularySize, outputSize: 2, options: options)
    let lengths =
      task == .trainPacked
      ? RandomStream(seed: 3).permutation(shape.batch).map {
        shape.steps / 4 + $0 * (shape.steps - shape.steps / 4) / (shape.batch - 1)
      } : Array(repeating: shape.steps, count: shape.batch)
    let directions = cell.isBidirectional ? 2 : 1
    var inputs = shape.embedding
    var perToken = 0
    for _ in 0..<shape.layers {
      perToken += directions * 2 * cell.cell.gateCount * shape.hidden * (inputs + shape.hidden)
      inputs = directions * shape.hidden
    }
    return measureNetwork(
      name, configuration, lengths: lengths, isTraining: task == .train || task == .trainPacked,
      isLatency: task == .latency || task == .inferBackends,
      operations: Double(perToken * lengths.reduce(0, +)), stopwatch: stopwatch)
  }
}

/// Kim's text CNN: `textcnn/train/E128/T40` and its like.
struct ConvolutionBenchmark: Benchmark {
  let isTraining: Bool
  let embedding: Int
  let steps: Int

  var name: String { "textcnn/\(isTraining ? "train" : "infer")/E\(embedding)/T\(steps)" }

  static let all: [any Benchmark] = [true, false].flatMap { isTraining in
    [128, 300].flatMap { embedding in
      [40, 400].map { ConvolutionBenchmark(isTraining: isTraining, embedding: embedding, steps: $0) }
    }
  }

  func measure(_ stopwatch: Stopwatch) -> BenchmarkResult {
    let convolution = ConvolutionOptions()
    var options = TextNetworkOptions(.convolution(convolution))
    options.embedding.size = embedding
    let configuration = TextNetworkConfiguration(
      vocabularySize: vocabularySize, outputSize: 2, options: options)
    let batch = 50
    let perText = convolution.filterWidths.reduce(0) {
      $0 + 2 * embedding * $1 * convolution.filterCount * (steps - $1 + 1)
    }
    return measureNetwork(
      name, configuration, lengths: Array(repeating: steps, count: batch), isTraining: isTraining,
      operations: Double(batch * perText), stopwatch: stopwatch)
  }
}
