public import ImageData
public import ModelFiles

/// Why an image model could not be made, loaded or judged. Each says the cause and the next step in one line.
public enum ImageModelError: Error, CustomStringConvertible {
  /// A file of the bundle, or the folder itself.
  case file(FileError)
  /// An image or a set of images.
  case image(ImageError)
  /// The parts of a bundle do not belong together.
  case mismatch(path: String, reason: String)
  /// Weights of another architecture, and the tensor in which they differ.
  case otherArchitecture(path: String, architecture: String, reason: String)
  /// Weights that fit no architecture or several; the architecture has to be named.
  case unknownArchitecture(path: String)
  /// Names of classes that do not fit the weights, or of which two are the same.
  case wrongLabels(source: String, reason: String)
  /// Images without labels where labels are needed.
  case noLabels(source: String)
  /// All images are of one class.
  case singleClass(label: String)
  /// Another number of classes is wanted than the data have.
  case otherClassCount(wanted: Int, found: Int)
  /// A pattern of names that no parameter has.
  case noSuchParameter(pattern: String, names: [String])
  /// Options that do not go together.
  case invalidOptions(reason: String)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .image(let error): error.description
    case .mismatch(let path, let reason): "\(path): \(reason); copy the whole model again or train it again"
    case .otherArchitecture(let path, let architecture, let reason):
      "\(path): no weights of \(architecture): \(reason); name the architecture that they are of"
    case .unknownArchitecture(let path):
      "\(path): the weights fit no architecture; name the one that they should be of to see what differs"
    case .wrongLabels(let source, let reason): "\(source): \(reason); give one name for each class, one a line"
    case .noLabels(let source): "\(source): images without labels; give a set with labels"
    case .singleClass(let label): "every image is of the class \"\(label)\"; a classifier needs at least two classes"
    case .otherClassCount(let wanted, let found):
      "the data have \(found) classes, \(wanted) are asked for; correct the number or leave it out"
    case .noSuchParameter(let pattern, let names):
      "no parameter is called \"\(pattern)\"; there are \(names.prefix(12).joined(separator: ", "))"
        + (names.count > 12 ? " and \(names.count - 12) more" : "")
    case .invalidOptions(let reason): reason
    }
  }

  /// Runs what works on images, with its errors as these.
  static func converting<R>(_ body: () throws(ImageError) -> R) throws(ImageModelError) -> R {
    do throws(ImageError) { return try body() } catch { throw .image(error) }
  }
}
