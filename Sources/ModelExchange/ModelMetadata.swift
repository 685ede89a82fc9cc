import BagModels
import Foundation
import ImageData
import ImageModels
import TextModels
import VocabularyStore

/// What is said of a model beside its numbers, so that other programs can use it.
///
/// In ONNX files these are `metadata_props` with `nlptool.` before the key, in Core ML models likewise what is user-defined,
/// elsewhere the members of a JSON object.
///
/// | key | value |
/// |---|---|
/// | `task` | `text-classification`, `multi-label-text-classification`, `text-regression`, `language-model`, `bag-classification`, `image_classification` |
/// | `labels` | the names of the outputs, an array |
/// | `activation` | what makes probabilities of the logits: `softmax`, `sigmoid`, `none` |
/// | `threshold` | the probability from which on a label is given, where any number of them is |
/// | `scale` | mean and deviation: a number is mean + deviation · logit |
/// | `tokenizer` | settings of the tokenizer |
/// | `maximum_length` | tokens that are read of a text: of longer ones the first and the last half of so many |
/// | `vocabulary_fingerprint` | of the vocabulary that gives the ids |
/// | `vocabulary_size`, `unknown_id` | its tokens, and the id of all others |
/// | `architecture`, `preparation` | the network for images, and what happens to an image before it |
/// | `widths` | outputs of the network's layers that have lost some; such weights fit no architecture as it is known |
/// | `trunk_value` | of a model of another program with a new head, the value that the head sees |
/// | `features` | of a bag, what its rows stand for |
/// | `preprocessing` | how to get the inputs, in words |
struct ModelMetadata {
  /// By falling importance; the order is part of the bytes.
  private(set) var entries: [(key: String, value: Value)] = []

  /// How the format takes texts.
  enum Batches {
    /// Several at a time, with their lengths.
    case padded
    /// One at a time, of any length.
    case single
  }

  private let batches: Batches

  /// Text, or JSON.
  enum Value {
    case text(String)
    case json(String)

    /// As a value of its own: text as it is.
    var plain: String {
      switch self {
      case .text(let text), .json(let text): text
      }
    }
  }

  /// All of it as one object.
  var json: String {
    let members = entries.map { key, value in
      switch value {
      case .json(let json): "  \(Self.encoded(key)): \(json)"
      case .text(let text): "  \(Self.encoded(key)): \(Self.encoded(text))"
      }
    }
    return "{\n\(members.joined(separator: ",\n"))\n}\n"
  }

  /// Strings, numbers and what they are made of: there is nothing that could fail.
  private static func encoded(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }

  init(_ stored: StoredModel, batches: Batches = .padded) {
    self.batches = batches
    switch stored {
    case .text(let model): add(model)
    case .bag(let classifier): add(classifier)
    case .language(let model): add(model)
    case .image(let model): add(model)
    }
  }

  /// Of a model of images that is a value of another model and a head behind it.
  init(labels: [String], preparation: ImagePreparation, trunkValue: String) {
    batches = .padded
    add(labels: labels, preparation: preparation, origin: ("trunk_value", trunkValue))
  }

  /// As an ONNX file has them.
  var properties: [ONNXEntry] {
    entries.map { key, value in .with { ($0.key, $0.value) = ("nlptool.\(key)", value.plain) } }
  }

  private mutating func add(_ key: String, _ value: String) { entries.append((key, .text(value))) }

  private mutating func add(_ key: String, json value: some Encodable) {
    entries.append((key, .json(Self.encoded(value))))
  }

  private mutating func add(_ vocabulary: Vocabulary) {
    add("vocabulary_fingerprint", vocabulary.fingerprint)
    add("vocabulary_size", json: vocabulary.count)
    add("unknown_id", json: vocabulary.unknownID)
  }

  private mutating func add(_ model: TextModel) {
    let description = model.description
    add("task", description.task.rawValue)
    if !description.labels.isEmpty { add("labels", json: description.labels) }
    let activation: String
    switch description.task {
    case .singleLabel: activation = "softmax"
    case .multiLabel: activation = "sigmoid"
    case .regression: activation = "none"
    }
    add("activation", activation)
    if let threshold = description.threshold { add("threshold", json: threshold) }
    if let scale = description.scale { add("scale", json: scale) }
    add("tokenizer", json: description.tokenizer)
    add("maximum_length", json: description.maximumLength)
    add(model.encoder.vocabulary)
    add(
      "preprocessing",
      "ids: the ids of a text's tokens, its unknown_id for tokens that the vocabulary lacks and for a text without any; "
        + paddingText)
  }

  /// What is to be done with texts of different lengths, behind a semicolon.
  private var paddingText: String {
    switch batches {
    case .padded: "lengths: how many; pad shorter texts of a batch with 0."
    case .single: "one text at a time, without padding."
    }
  }

  private mutating func add(_ classifier: BagClassifier) {
    add("task", BagClassifier.task)
    add("labels", json: classifier.labels)
    add("activation", classifier.options.loss.isExclusive ? "softmax" : "sigmoid")
    add("tokenizer", json: classifier.tokenizer)
    add("features", json: classifier.options.features)
    add("vocabulary_fingerprint", classifier.vocabularyFingerprint)
    add(
      "preprocessing",
      "ids: the rows of a text's words, of </s> and of its n-grams, as BagClassifier.rowIndices of nlptool gives them; "
        + paddingText)
  }

  private mutating func add(_ model: LanguageModel) {
    add("task", model.description.task)
    add("activation", "softmax")
    add("tokenizer", json: model.description.tokenizer)
    add(model.vocabulary)
    let states = model.network.recurrent.kind == .lstm ? "hidden_0, cell_0, …" : "hidden_0, …"
    add(
      "preprocessing",
      "ids: <eos> before the first text, then the words of texts, <eos> behind each; "
        + (batches == .padded ? "lengths: how many; " : "")
        + "\(states), a state of each layer: zeros before the first word, then what the last call gave under the same "
        + "name with next_ before it.")
  }

  private mutating func add(_ model: ImageModel) {
    add(labels: model.labels, preparation: model.preparation, origin: ("architecture", model.architecture.rawValue))
    if let widths = model.description.widths { add("widths", json: widths) }
  }

  private mutating func add(labels: [String], preparation: ImagePreparation, origin: (key: String, value: String)) {
    add("task", ImageModelDescription.taskName)
    add("labels", json: labels)
    add("activation", "softmax")
    add(origin.key, origin.value)
    add("preparation", json: preparation)
    add(
      "preprocessing",
      "image: pixels / 255 in the order of the channels red, green, blue (or gray), after the steps of preparation, "
        + "minus the mean and divided by the deviation of its channel.")
  }
}
