import ArgumentParser
import Glibc
import ImageData
import ModelExchange
import TextProcessing

/// Whether a path is called like an ONNX file, and no folder is there.
func isONNX(_ path: String) -> Bool {
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return false }
  return path.lowercased().hasSuffix(".onnx")
}

/// How pixels become numbers.
struct NormalizationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Mean of each channel of pixels / 255, with commas between. (default: that of ImageNet or MNIST)",
      valueName: "numbers"))
  var mean: String?

  @Option(
    help: ArgumentHelp("Deviation of each channel. (default: that of ImageNet or MNIST)", valueName: "numbers"))
  var deviation: String?

  func validate() throws { _ = try normalization() }

  /// The normalisation that is given, if one is.
  func normalization() throws -> PixelNormalization? {
    guard let mean, let deviation else {
      if mean != nil || deviation != nil { throw ValidationError("give both --mean and --deviation") }
      return nil
    }
    func numbers(_ name: String, _ text: String) throws -> [Float] {
      try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let number = Float(part.filter { $0 != " " }) else {
          throw ValidationError("\(name): \"\(part)\" is no number")
        }
        return number
      }
    }
    do {
      return try PixelNormalization(mean: numbers("--mean", mean), deviation: numbers("--deviation", deviation))
    } catch let error as ImageError {
      throw ValidationError("\(error)")
    }
  }
}

/// Names of classes in a file, one a line; an empty line at the end is none.
func readClassNames(_ path: String) throws(CorpusError) -> [String] {
  let reader = try LineReader(path: path)
  var names: [String] = []
  while try reader.advance() { names.append(try reader.lineText()) }
  while names.last?.isEmpty == true { names.removeLast() }
  if let empty = names.firstIndex(of: "") {
    throw .unreadable(path: path, reason: "line \(empty + 1) is empty where the name of a class should be")
  }
  return names
}

/// How images are prepared for an ONNX file that does not say so.
struct ONNXImageArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Side of the images of an ONNX file that takes any size. (default: what its metadata say)", valueName: "pixels"))
  var imageSize: Int?

  @OptionGroup var pixels: NormalizationArguments

  func validate() throws {
    if let imageSize, !(1...4096).contains(imageSize) {
      throw ValidationError("--image-size takes a number from 1 to 4096")
    }
  }

  var isGiven: Bool { imageSize != nil || pixels.mean != nil }

  func apply(to options: inout ONNXClassifier.Options) throws {
    options.imageSide = imageSize
    options.normalization = try pixels.normalization()
  }
}

/// What an ONNX file that is used as a model does not say of itself.
struct ONNXArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Vocabulary of an ONNX file for texts: the folder of the model that was exported, or what --with-tokenizer wrote.",
      valueName: "path"))
  var vocabulary: String?

  @Option(
    help: ArgumentHelp(
      "Names of the classes of an ONNX file for images, one a line. (default: those of its metadata, or numbers)",
      valueName: "file"))
  var labels: String?

  @OptionGroup var images: ONNXImageArguments

  private var isForImages: Bool { labels != nil || images.isGiven }

  /// Refuses the options with a model that is no ONNX file.
  func checkNone() throws {
    if vocabulary != nil || isForImages {
      throw ValidationError("--vocabulary, --labels, --image-size, --mean and --deviation are for ONNX files")
    }
  }

  /// Reads a file as a model.
  func load(_ path: String) throws -> ONNXClassifier {
    var options = ONNXClassifier.Options()
    options.vocabulary = vocabulary
    options.labels = try labels.map { (path) throws(CorpusError) in try readClassNames(path) }
    try images.apply(to: &options)
    let classifier = try ONNXClassifier(contentsOf: path, options: options)
    switch classifier {
    case .image where vocabulary != nil: throw ValidationError("--vocabulary is for texts; \(path) takes images")
    case .text where isForImages:
      throw ValidationError("--labels, --image-size, --mean and --deviation are for images; \(path) takes texts")
    default: return classifier
    }
  }
}
