import BagModels
import Glibc
import ModelExchange
import TextModels

/// The labels of a text that somebody asks for.
struct LabelChoice {
  /// At most so many; nil for the model's own choice, or for all that reach the threshold.
  var top: Int?
  /// Those of at least this probability; nil for the model's own choice.
  var threshold: Double?
  /// Whether the probabilities of the other labels are wanted too.
  var wantsAll = true
}

/// Whether a path leads to a model of fastText: what begins like one, or is called like one and is a file.
func isFastText(_ path: String) -> Bool {
  var status = stat()
  guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
  return FastTextModel.isModel(path) || path.hasSuffix(".ftz")
}

/// A classifier of fastText, whose labels have lost their prefix, as those of texts do when they are read.
struct FastTextClassifier {
  let model: FastTextModel
  let labels: [String]

  /// Reads a classifier; word vectors are none.
  init(contentsOf path: String) throws {
    try self.init(FastTextModel(contentsOf: path), path: path)
  }

  init(_ model: FastTextModel, path: String) throws(CommandFailure) {
    guard model.settings.kind == .supervised else {
      throw CommandFailure(
        .content, "\(path): word vectors of fastText give no label; ask them with nlptool vectors")
    }
    self.model = model
    labels = model.labels.map(Self.withoutPrefix)
  }

  private static func withoutPrefix(_ label: String) -> String {
    label.hasPrefix("__label__") ? String(label.dropFirst("__label__".count)) : label
  }

  var task: TextTask { model.settings.loss == .oneVersusAll ? .multiLabel : .singleLabel }

  /// What fastText says of texts. The labels that were asked for stand first, in fastText's order, which of equal ones
  /// depends on how many are asked for.
  func predictions(_ texts: [String], _ choice: LabelChoice) -> [Prediction] {
    let isSingle = task == .singleLabel
    let isOwnChoice = choice.top == nil && choice.threshold == nil
    let threshold = isSingle || !isOwnChoice ? choice.threshold ?? 0 : LoadedModel.bagThreshold
    let chosen = model.predict(texts, top: isOwnChoice && isSingle ? 1 : choice.top ?? .max, threshold: threshold)
    let all = choice.wantsAll ? model.probabilities(texts) : Array(repeating: [], count: texts.count)
    return zip(chosen, all).map { chosen, all in
      var names = chosen.map { Self.withoutPrefix($0.label) }
      var probabilities = chosen.map { Float($0.probability) }
      let given = Set(names)
      for (label, probability) in zip(labels, all) where !given.contains(label) {
        names.append(label)
        probabilities.append(probability)
      }
      // A text of which nothing is known gets no label.
      let limit = isSingle && !names.isEmpty ? nil : LoadedModel.bagThreshold
      return Prediction(labels: names, probabilities: probabilities, threshold: limit, isTruncated: false)
    }
  }

  /// The probability of each label, at most 1, for judging; all the same for a text of which nothing is known.
  func probabilities(_ texts: [String]) -> [[Float]] {
    let same = [Float](repeating: 1 / Float(labels.count), count: labels.count)
    return model.probabilities(texts).map { $0.isEmpty ? same : $0.map { min($0, 1) } }
  }
}
