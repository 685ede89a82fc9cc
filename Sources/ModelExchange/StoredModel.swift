public import BagModels
public import ImageModels
import ModelBundles
import ModelFiles
import NeuralNetworks
import Tensors
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

extension StoredModel {
  /// Takes over the weights of a safetensors file with PyTorch's names in place of the network's own: what was exported,
  /// trained elsewhere and comes back. Labels, vocabulary and settings stay.
  ///
  /// - Throws: ``ExchangeError/file(_:)``, and ``ExchangeError/unsuitable(path:reason:)`` with the tensor that differs or
  ///   for a bag, whose table is no network's; nothing has changed then.
  public func takeWeights(from path: String) throws(ExchangeError) {
    guard let network else {
      throw .unsuitable(path: path, reason: "a bag of words takes no weights from elsewhere; networks do")
    }
    let file: SafeTensors
    do throws(FileError) { file = try SafeTensors(contentsOf: path) } catch { throw .file(error) }
    do { try network.load(file.weightsOfPyTorch) } catch {
      throw .unsuitable(path: path, reason: "\(error.description); the weights are of another network")
    }
  }

  /// Writes the model as a folder, whole or not at all.
  ///
  /// - Throws: the error of the model's kind.
  public func write(to path: String, replacing: Bool) throws {
    switch self {
    case .text(let model): try model.write(to: path, replacing: replacing)
    case .bag(let classifier): try classifier.write(to: path, replacing: replacing)
    case .language(let model): try model.write(to: path, replacing: replacing)
    case .image(let model): try model.write(to: path, replacing: replacing)
    }
  }

  /// Refuses a bag whose labels' paths through the Huffman tree are too many for a matrix of a row for each node.
  func checkPaths(format: String) throws(ExchangeError) {
    guard case .bag(let classifier) = self, classifier.pathCount > 1 << 24 else { return }
    throw .inexpressible(
      format: format,
      reason: "the paths of its \(classifier.labels.count) labels are too many; train with --bag-loss softmax")
  }

  /// The network, unless it is a bag.
  private var network: (any Module)? {
    switch self {
    case .text(let model): model.network
    case .language(let model): model.network
    case .image(let model): model.network
    case .bag: nil
    }
  }

  /// Makes a network that was loaded in bytes compute with Float32, as other programs do with the numbers that these stand
  /// for, in place.
  ///
  /// - Parameter keepingMeasured: whether layers that know the range of their inputs stay as they are.
  func computeInFloats(keepingMeasured: Bool) {
    for parameter in network?.parameters ?? [] where !(keepingMeasured && parameter.isMeasured) {
      parameter.forgetBytes()
    }
  }

  /// Whether some layers round what they see to 256 steps of its own range, which other programs do not: there the model
  /// is computed with Float32.
  public var roundsInputs: Bool { network?.parameters.contains { $0.bytes != nil && !$0.isMeasured } ?? false }

  /// Whether some layers know the range of their inputs, which then are rounded to 256 steps of it.
  var hasMeasuredLayers: Bool { network?.parameters.contains { $0.isMeasured } ?? false }

  /// Rounds the weights of a network to what a byte and the scale of a row can say, in place: the model that its ONNX file
  /// in bytes is compared with. Bags stay as they are, and so do layers that know the range of their inputs.
  public func round() {
    for parameter in network?.parameters ?? [] where parameter.shape.count >= 2 && !parameter.isMeasured {
      parameter.value = parameter.value.roundedToBytes()
    }
  }
}

extension Parameter {
  /// Whether it came in bytes with the range of what it is multiplied with.
  fileprivate var isMeasured: Bool { loadedBytes?.inputRange != nil }
}
