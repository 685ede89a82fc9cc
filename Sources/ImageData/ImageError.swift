/// What is wrong with an image or a set of images: a case for each cause, its fields, and a message with the next step.
public enum ImageError: Error, Sendable, Equatable {
  /// There is no such file or folder.
  case missing(path: String)
  /// The system refuses to read it.
  case unreadable(path: String, reason: String)
  /// The path is a folder where a file was asked for.
  case isFolder(path: String)
  /// The path is a file where a folder was asked for.
  case notAFolder(path: String)
  /// There is nothing in it.
  case empty(name: String)
  /// An image of a kind that is not read here.
  case unsupportedFormat(name: String, format: String)
  /// No image of any kind that is known.
  case notAnImage(name: String)
  /// The image is cut short or damaged.
  case damaged(name: String, reason: String)
  /// More pixels than are allowed.
  case tooLarge(name: String, width: Int, height: Int, limit: Int)
  /// There is no memory to decode it.
  case noMemory(name: String)
  /// Numbers that make no image.
  case invalidPixels(reason: String)
  /// The image has not the size that the others of its batch have.
  case sizesDiffer(name: String, width: Int, height: Int, expectedWidth: Int, expectedHeight: Int)
  /// The image is smaller than what is to be cut out of it.
  case tooSmall(name: String, width: Int, height: Int, neededWidth: Int, neededHeight: Int)

  /// A transform or a preparation that makes no sense.
  case invalidTransform(reason: String)
  /// A setting of a pipeline or a split that makes no sense.
  case invalidSetting(reason: String)

  /// A set without any image.
  case noImages(path: String)
  /// A folder of a class without any image.
  case emptyClass(path: String)
  /// An image that lies beside the folders of the classes.
  case unlabelledImage(path: String)
  /// Neither a folder of classes, nor a table of paths, nor one of the binary formats.
  case unknownDataSet(path: String, reason: String)
  /// A file of a binary format that is cut short or is none.
  case damagedData(path: String, reason: String)
  /// As many labels as images are wanted.
  case countsDiffer(images: String, imageCount: Int, labels: String, labelCount: Int)
  /// A label that no class has; positions count from 0.
  case labelOutOfRange(path: String, position: Int, label: Int, classCount: Int)
  /// A label that is not among the classes that were given.
  case unknownLabel(path: String, label: String, known: [String])
  /// There is no column of this name.
  case unknownColumn(path: String, column: String, available: [String])
  /// A row of a table that cannot be read; lines count from 1.
  case badRow(path: String, line: Int, reason: String)
}

extension ImageError {
  /// What the cause comes from, as exit codes tell it apart.
  public enum Category: Sendable {
    /// The input is absent or cannot be read (66).
    case input
    /// The content is at fault (65).
    case content
    /// The command has to say something else (64).
    case usage
  }

  /// What the cause comes from.
  public var category: Category {
    switch self {
    case .missing, .unreadable, .isFolder, .notAFolder, .noMemory: .input
    case .invalidTransform, .invalidSetting, .unknownColumn: .usage
    default: .content
    }
  }

  /// Whether only one image is at fault, so that the others can be used without it.
  public var concernsOneImage: Bool {
    switch self {
    case .missing, .unreadable, .isFolder, .empty, .unsupportedFormat, .notAnImage, .damaged, .tooLarge, .tooSmall: true
    default: false
    }
  }

  /// The same about an image of which the name is known now.
  func naming(_ newName: @autoclosure () -> String) -> ImageError {
    switch self {
    case .tooSmall(_, let width, let height, let neededWidth, let neededHeight):
      .tooSmall(
        name: newName(), width: width, height: height, neededWidth: neededWidth, neededHeight: neededHeight)
    case .tooLarge(_, let width, let height, let limit):
      .tooLarge(name: newName(), width: width, height: height, limit: limit)
    default: self
    }
  }
}

extension ImageError: CustomStringConvertible {
  /// The cause and the next step, in one line.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): no such file or folder; check the path"
    case .unreadable(let path, let reason): "\(path): cannot be read (\(reason)); check its permissions"
    case .isFolder(let path): "\(path) is a folder; give a file"
    case .notAFolder(let path): "\(path) is a file; give a folder"
    case .empty(let name): "\(name) is empty; get the file again or remove it"
    case .unsupportedFormat(let name, let format): "\(name) is \(format); convert it to PNG or JPEG"
    case .notAnImage(let name): "\(name) is no image; give a PNG or a JPEG, or remove the file"
    case .damaged(let name, let reason): "\(name) is damaged (\(reason)); get the file again or remove it"
    case .tooLarge(let name, let width, let height, let limit):
      "\(name): \(width)×\(height) pixels, the limit is \(limit), and 65535 for a side; make it smaller"
    case .noMemory(let name): "\(name): no memory is left to decode it; make it smaller or free some memory"
    case .invalidPixels(let reason): "\(reason); correct the size or the pixels"
    case .sizesDiffer(let name, let width, let height, let expectedWidth, let expectedHeight):
      "\(name) is \(width)×\(height), other images \(expectedWidth)×\(expectedHeight); resize or crop all to one size"
    case .tooSmall(let name, let width, let height, let neededWidth, let neededHeight):
      "\(name) is \(width)×\(height), too small to cut \(neededWidth)×\(neededHeight) out of it; resize it first or pad more"
    case .invalidTransform(let reason), .invalidSetting(let reason): reason
    case .noImages(let path): "\(path): no image in it; give a folder, table or file with at least one"
    case .emptyClass(let path): "\(path): no image of this class; add some or remove the folder"
    case .unlabelledImage(let path):
      "\(path) lies beside the folders of the classes; move it into one of them or remove it"
    case .unknownDataSet(let path, let reason):
      "\(path): \(reason); give a folder with one sub-folder a class, a CSV of paths and labels, or IDX or CIFAR files"
    case .damagedData(let path, let reason): "\(path): \(reason); get the file again"
    case .countsDiffer(let images, let imageCount, let labels, let labelCount):
      "\(images) has \(imageCount) images, \(labels) has \(labelCount) labels; give the two files that belong together"
    case .labelOutOfRange(let path, let position, let label, let classCount):
      "\(path): image \(position) has the label \(label), but there are \(classCount) classes, from 0; check the file"
    case .unknownLabel(let path, let label, let known):
      "\(path): the label '\(label)' is none of the classes (\(Self.list(known))); correct the label"
    case .unknownColumn(let path, let column, let available):
      "\(path): no column '\(column)'; there are: \(Self.list(available))"
    case .badRow(let path, let line, let reason): "\(path), line \(line): \(reason); correct the row"
    }
  }

  /// The first names, since there may be thousands.
  private static func list(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }
}
