public import BagModels
public import ImageModels
import ModelBundles
public import TextModels

/// A trained model of any kind that a folder holds and that can leave for other programs.
public enum StoredModel: Sendable {
  /// A network that classifies or rates texts.
  case text(TextModel)
  /// A classifier of bags of words and n-grams.
  case bag(BagClassifier)
  /// A network that foretells words.
  case language(LanguageModel)
  /// A network that classifies images.
  case image(ImageModel)

  /// Loads what is there.
  ///
  /// - Throws: the error of the model's kind for a folder or file that is missing or damaged, and
  ///   ``ExchangeError/inexpressible(format:reason:)`` for word vectors, which are no model.
  public init(contentsOf path: String) throws {
    switch try ModelBundle.task(in: path) {
    case BagClassifier.task: self = .bag(try BagClassifier(contentsOf: path))
    case LanguageModelDescription.taskName: self = .language(try LanguageModel(contentsOf: path))
    case ImageModelDescription.taskName: self = .image(try ImageModel(contentsOf: path))
    case WordVectors.task:
      throw ExchangeError.inexpressible(
        format: "a model", reason: "\(path) holds word vectors; nlptool vectors writes those as text")
    // What is none of ours gets its message from the loader of networks.
    default: self = .text(try TextModel(contentsOf: path))
    }
  }
}
