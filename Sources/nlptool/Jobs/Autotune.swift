import BagModels
import Tensors
import TextModels
import Training

/// Settings of a model that `--autotune` tries.
enum AutotuneCandidate: Hashable {
  case bag(BagClassifierOptions)
  case network(name: String, TextModelTrainingOptions)

  /// What differs from candidate to candidate, in one line.
  var summary: String {
    switch self {
    case .bag(let options):
      var parts = [
        options.isLinear ? "linear bag" : "bag", "rate \(options.learningRate)", "epochs \(options.epochs)",
      ]
      if !options.isLinear { parts.append("dimensions \(options.dimensions)") }
      parts.append("word n-grams \(options.features.wordNgrams)")
      if let lengths = options.features.characterNgrams {
        parts.append("character n-grams \(lengths.lowerBound)-\(lengths.upperBound)")
      }
      if options.naiveBayesRates { parts.append("naive Bayes") }
      if options.countsFeaturesOnce { parts.append("count once") }
      if options.dropout > 0 { parts.append("word dropout \(options.dropout)") }
      return parts.joined(separator: ", ")
    case .network(let name, let options):
      var parts = [name, "rate \(options.training.optimizer.learningRate)", "batch \(options.training.batchSize)"]
      parts.append("embedding \(options.network.embedding.size)")
      if let size = options.network.encoder.mainSize { parts.append("size \(size)") }
      parts.append("dropout \(options.network.dropout)")
      if options.network.embedding.wordDropout > 0 {
        parts.append("word dropout \(options.network.embedding.wordDropout)")
      }
      return parts.joined(separator: ", ")
    }
  }

  /// Numbers of a vector.
  var embeddingSize: Int {
    get {
      switch self {
      case .bag(let options): options.dimensions
      case .network(_, let options): options.network.embedding.size
      }
    }
    set {
      // A bag has vectors of its own.
      guard case .network(let name, var options) = self else { return }
      options.network.embedding.size = newValue
      self = .network(name: name, options)
    }
  }

  /// The same with one or two settings changed.
  func neighbour(_ random: RandomStream) -> AutotuneCandidate {
    var dice = Dice(random)
    switch self {
    case .bag(var options):
      for _ in 0..<dice.number(1...2) { options.change(&dice) }
      return .bag(options)
    case .network(let name, var options):
      for _ in 0..<dice.number(1...2) { options.change(&dice) }
      return .network(name: name, options)
    }
  }
}

/// Chances out of one stream.
private struct Dice {
  private let random: RandomStream
  private var count = 0

  init(_ random: RandomStream) { self.random = random }

  mutating func number(_ range: ClosedRange<Int>) -> Int {
    count += 1
    return range.lowerBound + random.split(count).permutation(range.count)[0]
  }

  mutating func one<T>(of choices: [T]) -> T { choices[number(0...choices.count - 1)] }
}

extension BagClassifierOptions {
  fileprivate mutating func change(_ dice: inout Dice) {
    switch dice.number(0...6) {
    case 0:
      learningRate =
        min(isLinear ? 50 : 5, max(0.005, learningRate * dice.one(of: [0.5, 0.7, 1.5, 2, 4]))).withTwoDigits
    case 1: epochs = min(100, max(1, dice.one(of: [epochs / 2, epochs * 2, epochs + 3])))
    case 2: if isLinear { countsFeaturesOnce.toggle() } else { dimensions = dice.one(of: [20, 50, 100, 200]) }
    case 3: features.wordNgrams = dice.one(of: [1, 2, 3])
    case 4: features.characterNgrams = dice.one(of: [nil, 2...4, 3...5, 3...6])
    case 5: if loss == .softmax, !isLinear { naiveBayesRates.toggle() } else { countsFeaturesOnce.toggle() }
    default: dropout = dice.one(of: [0, 0.2, 0.4, 0.6])
    }
  }
}

extension TextModelTrainingOptions {
  fileprivate mutating func change(_ dice: inout Dice) {
    switch dice.number(0...6) {
    case 0, 1:
      let rate = training.optimizer.learningRate
      training.optimizer.learningRate = min(1, max(1e-5, rate * dice.one(of: [0.3, 0.5, 2, 3]))).withTwoDigits
    case 2: network.embedding.size = dice.one(of: [50, 100, 128, 200, 300])
    case 3: network.encoder.mainSize = dice.one(of: [64, 100, 128, 200, 256])
    case 4: network.dropout = dice.one(of: [0.2, 0.3, 0.4, 0.5, 0.6])
    case 5: network.embedding.wordDropout = dice.one(of: [0, 0.05, 0.1, 0.2])
    default: training.batchSize = dice.one(of: [16, 32, 64])
    }
  }
}

extension EncoderOptions {
  /// Hidden units or filters; none of an average's.
  fileprivate var mainSize: Int? {
    get {
      switch self {
      case .average: nil
      case .recurrent(let options): options.hiddenSize
      case .convolution(let options): options.filterCount
      case .deepPyramid(let options): options.filterCount
      case .characters(let options): options.filterCount
      case .recurrentConvolution(let options): options.hiddenSize
      }
    }
    set {
      guard let newValue else { return }
      switch self {
      case .average: break
      case .recurrent(var options):
        options.hiddenSize = newValue
        self = .recurrent(options)
      case .convolution(var options):
        options.filterCount = newValue
        self = .convolution(options)
      case .deepPyramid(var options):
        options.filterCount = newValue
        self = .deepPyramid(options)
      case .characters(var options):
        options.filterCount = newValue
        self = .characters(options)
      case .recurrentConvolution(var options):
        options.hiddenSize = newValue
        self = .recurrentConvolution(options)
      }
    }
  }
}

extension TrainingJob {
  /// The JSON of `train --autotune --report`.
  private struct AutotuneReport: Encodable {
    struct Trial: Encodable {
      let settings: String
      let result: ValidationResult
      let seconds: Double
    }

    let command: [String]
    let model: String
    let best: String
    let trials: [Trial]
    var test: TextEvaluation?
  }

  /// Tries settings until the time is over, and keeps the model that does best on the validation texts.
  func autotune(seconds: Double, head: TextHead) throws {
    var (texts, judges) = try readTrainingTexts()
    sayGuesses(texts, judges)
    if judges == nil {
      let parts = try texts.holdingOut(arguments.loop.validationShare, task: task, seed: arguments.loop.seed)
      (texts, judges) = (texts.selecting(parts.kept), texts.selecting(parts.heldOut))
    }
    guard let judges else { return }
    let vectors = try pretrainedVectors(texts)
    let search = HyperparameterSearch(
      first: try firstCandidates(head), seconds: seconds, seed: arguments.loop.seed,
      neighbour: { candidate, random in
        var next = candidate.neighbour(random)
        // Vectors that are given have their size.
        if let vectors { next.embeddingSize = vectors.size }
        return next
      })
    var kept: LoadedModel?
    var latest: LoadedModel?
    var trials: [AutotuneReport.Trial] = []
    let best = try search.run(
      shouldStop: { Interrupt.isRequested },
      evaluate: { candidate, isOver in
        let found = try train(candidate, texts, judges, vectors, isOver)
        latest = found?.model
        return found?.result
      },
      report: { trial in
        trials.append(.init(settings: trial.candidate.summary, result: trial.result, seconds: trial.seconds))
        if trial.isBest, let latest {
          try write(latest, replacing: arguments.force || kept != nil)
          kept = latest
        }
        console.note(
          "trial \(trial.number)  \(trial.result.metric.title) \(trial.result.text)  \(trial.candidate.summary)"
            + (trial.isBest ? "  best so far" : ""))
      })
    console.closeLine()
    Interrupt.stopWatching()
    guard let best, let kept else {
      if Interrupt.isRequested { throw CommandFailure(.interrupted, "interrupted before a model was ready") }
      throw CommandFailure(.usage, "no model was ready in time; give --autotune more seconds")
    }
    var report = AutotuneReport(
      command: CommandLine.arguments, model: arguments.output, best: best.candidate.summary, trials: trials)
    if let test = arguments.test { report.test = try kept.evaluate(read([test])).evaluation }
    if let path = arguments.report { try writeJSON(report, to: path) }
    let output = StandardOutput.shared
    try output.write("\(best.candidate.summary)\nvalidation \(best.result.metric.title) \(best.result.text)\n")
    if let test = report.test { try output.write("test \(test.text)") }
    try output.write("\(trials.count) trials; the best model is in \(arguments.output)\n")
  }

  private func firstCandidates(_ head: TextHead) throws -> [AutotuneCandidate] {
    func network(_ architecture: TextArchitecture) throws -> AutotuneCandidate {
      var options = try arguments.networkOptions(head)
      if arguments.model == nil { options.network = TextNetworkOptions(architecture) }
      return .network(name: architecture.rawValue, options)
    }
    func bag(_ change: (inout BagClassifierOptions) -> Void) throws -> AutotuneCandidate {
      var options = try arguments.bag.options(
        arguments.sizes, arguments.loop, minimumCount: arguments.minimumCount, isMultiLabel: task == .multiLabel,
        isChosen: arguments.model == .bag)
      change(&options)
      return .bag(options)
    }
    func bags() throws -> [AutotuneCandidate] {
      [
        try bag { _ in },
        try bag {
          ($0.naiveBayesRates, $0.countsFeaturesOnce, $0.epochs) = ($0.loss == .softmax && !$0.isLinear, true, 10)
        },
        try bag { ($0.features.characterNgrams, $0.epochs) = (2...4, 20) },
      ]
    }
    switch arguments.model {
    case .bag: return try bags()
    case .network(let architecture): return [try network(architecture)]
    case nil:
      let networks = try [TextArchitecture.mlp, .cnn, .bilstm, .gru].map(network)
      return task == .regression ? networks : try bags() + networks
    }
  }

  private func train(
    _ candidate: AutotuneCandidate, _ texts: LabelledTexts, _ judges: LabelledTexts, _ vectors: PretrainedVectors?,
    _ isOver: @escaping () -> Bool
  ) throws -> (model: LoadedModel, result: ValidationResult)? {
    switch candidate {
    case .bag(let options):
      do {
        // What is judged is what would be written, rounded as it is.
        let bag = try train(options, collection(of: texts), shouldStop: isOver)
        let model = LoadedModel.bag(try bag.rounded(to: arguments.bag.precision ?? .int8))
        return (model, try model.evaluate(judges).evaluation.validation)
      } catch BagModelError.cancelled, BagModelError.diverged {
        return nil
      }
    case .network(_, let options):
      do {
        let outcome = try TextModelTraining(options, vectors: vectors).run(
          training: texts, validation: judges, shouldStop: isOver,
          report: { if case .progress = $0 { console.show($0) } })
        guard let result = outcome.history.best?.validation else { return nil }
        return (.network(outcome.model), result)
      } catch TrainingError.diverged {
        return nil
      }
    }
  }

  private func write(_ model: LoadedModel, replacing: Bool) throws {
    switch model {
    case .network(let model): try model.write(to: arguments.output, replacing: replacing)
    case .bag(let bag):
      try bag.write(to: arguments.output, precision: arguments.bag.precision ?? .int8, replacing: replacing)
    // Read only: nothing trains one.
    case .fastText, .onnx: break
    }
  }
}
