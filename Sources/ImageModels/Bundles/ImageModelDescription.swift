public import ImageData
public import ModelFiles
public import Training

/// What `model.json` says of an image model.
public struct ImageModelDescription: Sendable, StoredDescription {
  /// Checksums of the other files of the bundle.
  public struct Checksums: Sendable, Codable, Hashable {
    /// Of the weights.
    public var weights = ""
  }

  /// How a model was trained.
  public struct TrainingRecord: Sendable, Codable {
    /// The options.
    public var options: ImageTrainingOptions
    /// Number of training images.
    public var trainingExamples: Int
    /// The epochs.
    public var history: TrainingHistory

    private enum CodingKeys: String, CodingKey {
      case options
      case trainingExamples = "training_examples"
      case history
    }
  }

  /// The latest version that this program reads, and writes of networks that have lost outputs of layers or whose layers know
  /// the range of their inputs.
  public static let currentFormat = 2
  /// What earlier versions read too: all others.
  static let plainFormat = 1
  /// The first one.
  public static let oldestFormat = 1
  /// The task by which the bundle is known.
  public static let taskName = "image_classification"

  /// Version of the format.
  public var format = ImageModelDescription.plainFormat
  /// What the model does.
  public var task = ImageModelDescription.taskName
  /// The network.
  public var architecture: ImageArchitecture
  /// Outputs of layers that have lost some; `nil` where all have those of the architecture.
  public private(set) var widths: LayerWidths?
  /// Names of the classes, in the order of the outputs.
  public var labels: [String]
  /// What happens to an image before the network sees it.
  public var preparation: ImagePreparation
  /// Of the other files of the bundle.
  public var checksums = Checksums()
  /// How it was trained here, if it was.
  public var training: TrainingRecord?

  init(architecture: ImageArchitecture, labels: [String], preparation: ImagePreparation) {
    (self.architecture, self.labels, self.preparation) = (architecture, labels, preparation)
  }

  /// The same of a network that has lost outputs of layers.
  func narrowed(to widths: LayerWidths?) -> ImageModelDescription {
    var description = self
    description.widths = widths
    description.format = widths == nil ? Self.plainFormat : Self.currentFormat
    return description
  }

  /// The network, with shapes alone.
  func makeNetwork() -> any ImageNetwork {
    architecture.makeNetwork(classes: labels.count, widths: widths ?? LayerWidths(), random: nil)
  }

  /// Whether it is the classification of images.
  public static func describes(task: String) -> Bool { task == taskName }

  /// What is wrong with it, if anything is; it may come from a file.
  public var fault: String? {
    guard (1...1 << 20).contains(labels.count) else { return "\(labels.count) labels are impossible" }
    guard Set(labels).count == labels.count else { return "two labels are the same" }
    guard preparation.channels == architecture.channels else {
      return "images of \(preparation.channels) channels do not fit \(architecture.rawValue)"
    }
    if let fault = widths.flatMap({ $0.fault(for: architecture) }) { return fault }
    let size = architecture.imageSize
    guard !preparation.isRandom, let fixed = preparation.fixedSize, fixed == (size.width, size.height) else {
      return "the preparation does not make images of \(size.width) × \(size.height) pixels"
    }
    return nil
  }
}
