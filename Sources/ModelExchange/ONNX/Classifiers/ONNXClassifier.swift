import BagModels
public import ImageData
import ImageModels
import TextModels

/// A classifier in an ONNX file, run by the library's own kernels: of images, whoever wrote it, or of texts in the form that
/// ``ONNXDocument`` has.
public enum ONNXClassifier: Sendable {
  /// Of images.
  case image(ONNXImageClassifier)
  /// Of texts.
  case text(ONNXTextClassifier)

  /// What a file does not say of itself. What is given here counts in place of what its metadata say.
  public struct Options: Sendable {
    /// Where the vocabulary of a model of texts is: the folder of the model that was exported, a folder with `vocab.txt`,
    /// or one of these files.
    public var vocabulary: String?
    /// Names of the classes of images, in the order of the outputs; without, their numbers.
    public var labels: [String]?
    /// The side of square images, for a model that takes any size.
    public var imageSide: Int?
    /// How pixels become numbers; without, by the mean and deviation of ImageNet, or of MNIST for one channel.
    public var normalization: PixelNormalization?

    /// Nothing that the file has not.
    public init() {}
  }

  /// Reads a file.
  ///
  /// - Throws: `ExchangeError` for what cannot be read or run, or is no such classifier; for texts also
  ///   `VocabularyError` and `TokenizerError`.
  public init(contentsOf path: String, options: Options = Options()) throws {
    let message = try ONNXModel(contentsOf: path)
    let runtime = try ONNXRuntimeModel(message, path: path, folder: ONNXModel.folder(of: path))
    let metadata = ONNXMetadata(message.metadata, path: path)
    switch metadata.text("task") {
    case let task? where TextTask(rawValue: task) != nil:
      self = .text(try ONNXTextClassifier(runtime, metadata, path: path, vocabulary: options.vocabulary))
    case nil, ImageModelDescription.taskName:
      let input = try ONNXImageInput(runtime.inputs, metadata, options, path: path)
      self = .image(try ONNXImageClassifier(message, runtime, metadata, input, options, path: path))
    case BagClassifier.task:
      throw ExchangeError.unsuitable(
        path: path, reason: "a bag, whose rows of words and n-grams only its folder knows; use the folder")
    case LanguageModelDescription.taskName:
      throw ExchangeError.unsuitable(path: path, reason: "a language model, which has no labels; use its folder")
    case let task?:
      throw ExchangeError.unsuitable(
        path: path, reason: "its task \"\(shown(task))\" is no classification that is known; nlptool run runs any model"
      )
    }
  }
}
