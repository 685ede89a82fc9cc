import Tensors
import TextModels
import Training

/// A word language model: `lm/train/small` and its like.
struct LanguageModelBenchmark: Benchmark {
  let isTraining: Bool
  let size: String
  let hidden: Int
  let dropout: Float
  private let vocabularySize = 10_000
  private let streams = 20
  private let steps = 35

  var name: String { "lm/\(isTraining ? "train" : "infer")/\(size)" }

  static let all: [any Benchmark] = [true, false].flatMap { isTraining in
    [("small", 200, Float(0)), ("medium", 650, 0.5)].map {
      LanguageModelBenchmark(isTraining: isTraining, size: $0.0, hidden: $0.1, dropout: $0.2)
    }
  }

  func measure(_ stopwatch: Stopwatch) -> BenchmarkResult {
    var options = LanguageModelTrainingOptions()
    options.network.embeddingSize = hidden
    options.network.dropout = dropout
    options.network.recurrent.hiddenSize = hidden
    options.network.recurrent.layerDropout = dropout
    options.training.optimizer.learningRate = 1
    options.training.clipping = .norm(5)
    let network = LanguageModelNetwork(
      vocabularySize: vocabularySize, options.network, random: RandomStream(seed: 1))
    let windows = TokenStreams(
      ZipfSampler(vocabularySize: vocabularySize).ids(streams * steps * 16 + 1, random: RandomStream(seed: 11)),
      count: streams, windowLength: steps)
    var details: [(String, Double)] = []
    let seconds: Double
    if isTraining {
      let trainer = LanguageModelTrainer(network: network, streams: windows, options: options.training)
      var step = 0
      var firstLoss: Float?
      seconds = stopwatch.median {
        let loss = trainer.step(step % windows.windowCount)
        firstLoss = firstLoss ?? loss
        step += 1
      }
      details.append(("loss", Double(firstLoss ?? .nan)))
    } else {
      seconds = stopwatch.median { _ = network.loss(windows.window(0), states: nil) }
    }
    let words = Double(streams * steps)
    let operations = words * Double(2 * 2 * 4 * hidden * 2 * hidden + 2 * hidden * vocabularySize)
    details += BenchmarkResult.roofline(operations: (isTraining ? 3 : 1) * operations, seconds: seconds)
    return BenchmarkResult(
      name: name, metric: "tokens_per_s", value: words / seconds, unit: "tok/s", details: details)
  }
}
