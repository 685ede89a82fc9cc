import BagModels
import ModelBundles
import ModelExchange
import TextModels
import Training

import func Glibc.log

/// A model of any kind that a folder holds, or a file of fastText or ONNX, and that says something of a text.
enum LoadedModel {
  case network(TextModel)
  case bag(BagClassifier)
  case fastText(FastTextClassifier)
  case onnx(ONNXTextClassifier)

  /// What a model says of a text.
  enum Answer {
    case labels(Prediction)
    case value(Double)
  }

  /// Loads what is there.
  init(contentsOf path: String) throws {
    if isFastText(path) {
      self = .fastText(try FastTextClassifier(contentsOf: path))
      return
    }
    switch try ModelBundle.task(in: path) {
    case BagClassifier.task: self = .bag(try BagClassifier(contentsOf: path))
    case LanguageModelDescription.taskName:
      throw CommandFailure(.content, "\(path): a language model gives no label; nlptool evaluate tells its perplexity")
    // What is none of ours gets its message from the loader of networks.
    default: self = .network(try TextModel(contentsOf: path))
    }
  }

  var task: TextTask {
    switch self {
    case .network(let model): model.task
    case .bag(let bag): bag.options.loss == .oneVersusAll ? .multiLabel : .singleLabel
    case .fastText(let classifier): classifier.task
    case .onnx(let classifier): classifier.task
    }
  }

  var labels: [String] {
    switch self {
    case .network(let model): model.labels
    case .bag(let bag): bag.labels
    case .fastText(let classifier): classifier.labels
    case .onnx(let classifier): classifier.labels
    }
  }

  /// Tokens of a text that it reads; `nil` for all.
  var maximumLength: Int? {
    switch self {
    case .network(let model): model.encoder.maximumLength
    case .onnx(let classifier): classifier.encoder.maximumLength
    case .bag, .fastText: nil
    }
  }

  /// Probability from which on a bag that gives any number of labels gives one.
  static let bagThreshold = 0.5

  /// What the model says of some texts, with the probabilities of all labels.
  ///
  /// - Parameter choice: the labels that will be asked for; another model than fastText's says the same whatever it is.
  func answers(_ texts: [String], _ choice: LabelChoice = LabelChoice()) throws -> [Answer] {
    switch self {
    case .network(let model) where model.task == .regression:
      return try TextRegressor(model).predict(texts).map(Answer.value)
    case .network(let model):
      return try TextClassifier(model).predict(texts).map(Answer.labels)
    case .bag(let bag):
      let threshold = task == .multiLabel ? Self.bagThreshold : nil
      return bag.probabilities(texts).map {
        .labels(Prediction(labels: bag.labels, probabilities: $0, threshold: threshold, isTruncated: false))
      }
    case .fastText(let classifier): return classifier.predictions(texts, choice).map(Answer.labels)
    case .onnx(let classifier) where classifier.task == .regression:
      return try classifier.values(texts).map(Answer.value)
    case .onnx(let classifier): return try classifier.predict(texts).map(Answer.labels)
    }
  }

  /// The ids by which an exported model gets a text, and the scores of a network.
  struct Scores {
    let ids: [Int32]
    let logits: [Float]?

    /// The members of a JSON object.
    func json(labels: [String]) -> String {
      let ids = "\"ids\":[\(ids.map(String.init).joined(separator: ","))]"
      guard let logits else { return ids }
      let names = labels.isEmpty ? ["value"] : labels
      return ids + ",\"logits\":{"
        + zip(names, logits).map { "\($0.asJSON):\($1.asJSON)" }.joined(separator: ",") + "}"
    }
  }

  /// Those of some texts.
  func scores(_ texts: [String]) throws -> [Scores] {
    switch self {
    case .network(let model):
      return zip(texts, model.logits(texts)).map { Scores(ids: model.encoder.encode($0), logits: $1) }
    case .bag(let bag): return texts.map { Scores(ids: bag.rowIndices($0), logits: nil) }
    case .onnx(let classifier):
      return try zip(texts, classifier.logits(texts)).map { Scores(ids: classifier.encoder.encode($0), logits: $1) }
    case .fastText: throw CommandFailure(.content, "--logits is for models of nlptool; fastText's are not exported")
    }
  }

  /// Judges the model on labelled texts; also how many of them were longer than what it reads.
  func evaluate(_ texts: LabelledTexts) throws -> (evaluation: TextEvaluation, truncatedTexts: Int) {
    switch self {
    case .network(let model): return try model.evaluate(texts)
    case .onnx(let classifier): return try classifier.evaluate(texts)
    case .bag(let bag): return (try judge(texts, bag.probabilities), 0)
    case .fastText(let classifier): return (try judge(texts, classifier.probabilities), 0)
    }
  }

  /// Judges a classifier that gives probabilities as networks are judged.
  private func judge(_ texts: LabelledTexts, _ probabilities: ([String]) -> [[Float]]) throws -> TextEvaluation {
    guard !texts.examples.isEmpty else { throw TextModelError.noExamples(source: "evaluation data") }
    let targets = try texts.targets(task, labels: labels)
    var single = EvaluationBuilder(labels: labels)
    var several = MultiLabelEvaluationBuilder(labels: labels, threshold: Self.bagThreshold)
    // Some at a time: each has a probability for every label.
    let size = 1024
    for first in stride(from: 0, to: texts.examples.count, by: size) {
      let part = first..<min(first + size, texts.examples.count)
      for (index, own) in zip(part, probabilities(texts.examples[part].map(\.text))) {
        switch targets {
        case .classes(let classes):
          let gold = Int(classes[index])
          single.add(gold: gold, probabilities: own[...], loss: -Self.logarithm(own[gold]))
        case .labelSets(let sets):
          var loss = own.reduce(0) { $0 - Self.logarithm(1 - $1) }
          for label in sets[index] { loss += Self.logarithm(1 - own[Int(label)]) - Self.logarithm(own[Int(label)]) }
          several.add(gold: sets[index], probabilities: own[...], loss: loss / Double(max(labels.count, 1)))
        case .values: break
        }
      }
    }
    return task == .multiLabel ? .multiLabel(several.evaluation) : .singleLabel(single.evaluation)
  }

  /// Of a probability that may have been rounded to nothing.
  private static func logarithm(_ probability: Float) -> Double { log(max(Double(probability), 1e-10)) }
}
