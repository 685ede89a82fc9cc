import BagModels
import Foundation
import ImageModels
import TextModels
import TextProcessing

/// What an ONNX file says beside its numbers, as `metadata_props`: whatever has parts is JSON.
///
/// | key | value |
/// |---|---|
/// | `nlptool.task` | `single_label`, `multi_label`, `regression`, `language-model`, `bag-classification`, `image_classification` |
/// | `nlptool.labels` | the names of the outputs, an array |
/// | `nlptool.activation` | what makes probabilities of the logits: `softmax`, `sigmoid`, `none` |
/// | `nlptool.threshold` | the probability from which on a label is given, where any number of them is |
/// | `nlptool.scale` | mean and deviation: a number is mean + deviation · logit |
/// | `nlptool.tokenizer` | settings of the tokenizer |
/// | `nlptool.maximum_length` | tokens that are read of a text: of longer ones the first and the last half of so many |
/// | `nlptool.vocabulary_fingerprint` | of the vocabulary that gives the ids |
/// | `nlptool.vocabulary_size`, `nlptool.unknown_id` | its tokens, and the id of all others |
/// | `nlptool.architecture`, `nlptool.preparation` | the network for images, and what happens to an image before it |
/// | `nlptool.preprocessing` | how to get the inputs, in words |
struct ONNXMetadata {
  /// By falling importance; the order is part of the bytes.
  private(set) var entries: [(key: String, value: String)] = []

  init(_ stored: StoredModel) {
    switch stored {
    case .text(let model): add(model)
    case .bag(let classifier): add(classifier)
    case .language(let model): add(model)
    case .image(let model): add(model)
    }
  }

  private mutating func add(_ key: String, _ value: String) { entries.append(("nlptool.\(key)", value)) }

  private mutating func add(_ key: String, json value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings, numbers and what they are made of: there is nothing that could fail.
    if let data = try? encoder.encode(value) { add(key, String(decoding: data, as: UTF8.self)) }
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
    add("vocabulary_fingerprint", description.checksums.vocabularyFingerprint)
    add("vocabulary_size", json: description.network.vocabularySize)
    add("unknown_id", json: model.encoder.vocabulary.unknownID)
    add(
      "preprocessing",
      "ids: the ids of a text's tokens, its unknown_id for tokens that the vocabulary lacks and for a text without any; "
        + "lengths: how many; pad shorter texts of a batch with 0.")
  }

  private mutating func add(_ classifier: BagClassifier) {
    add("task", BagClassifier.task)
    add("labels", json: classifier.labels)
    add("activation", classifier.options.loss == .oneVersusAll ? "sigmoid" : "softmax")
    add("tokenizer", json: classifier.tokenizer)
    add("features", json: classifier.options.features)
    add(
      "preprocessing",
      "ids: the rows of a text's words, of </s> and of its n-grams, as BagClassifier.rowIndices of nlptool gives them; "
        + "lengths: how many; pad shorter texts of a batch with 0.")
  }

  private mutating func add(_ model: LanguageModel) {
    add("task", model.description.task)
    add("activation", "softmax")
    add("tokenizer", json: model.description.tokenizer)
    add("vocabulary_fingerprint", model.description.checksums.vocabularyFingerprint)
    add("vocabulary_size", json: model.description.vocabularySize)
    add("unknown_id", json: model.vocabulary.unknownID)
    add(
      "preprocessing",
      "ids: the words of texts, <eos> behind each; lengths: how many; hidden and cell: zeros before the first word, "
        + "then what the last call gave as next_hidden and next_cell.")
  }

  private mutating func add(_ model: ImageModel) {
    add("task", model.description.task)
    add("labels", json: model.labels)
    add("activation", "softmax")
    add("architecture", model.architecture.rawValue)
    add("preparation", json: model.preparation)
    add(
      "preprocessing",
      "image: pixels / 255 in the order of the channels red, green, blue (or gray), after the steps of preparation, "
        + "minus the mean and divided by the deviation of its channel.")
  }
}
