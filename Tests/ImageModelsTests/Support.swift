import Foundation
import ImageData
import ImageModels
import Tensors

/// The real data sets that some tests read, where the environment variable NLPTOOL_CORPORA says where they are.
enum Corpora {
  static let folder: String? = ProcessInfo.processInfo.environment["NLPTOOL_CORPORA"].flatMap { $0.isEmpty ? nil : $0 }
  static var areThere: Bool { folder != nil }
  static let missing = "skipped: NLPTOOL_CORPORA does not say where the data sets are"

  static func path(_ name: String) -> String { "\(folder ?? "")/\(name)" }
}

/// Images that a network learns at once: of each class another quarter is bright.
struct Quarters: ImageDataSet {
  let side: Int
  let channels: Int
  let labels: [Int32]
  var classNames = ["upper left", "upper right", "lower left", "lower right"]
  /// An image that cannot be read.
  var bad: Int?

  init(side: Int = 28, channels: Int = 1, count: Int = 64) {
    (self.side, self.channels, labels) = (side, channels, (0..<count).map { Int32($0 % 4) })
  }

  var fixedShape: (width: Int, height: Int, channels: Int)? { (side, side, channels) }
  func name(at index: Int) -> String { "image \(index)" }

  func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError) {
    if index == bad { throw .damaged(name: name(at: index), reason: "made so") }
    let noise = RandomStream(seed: UInt64(index)).uniform([side * side * channels]).scalars
    let (right, lower) = (Int(labels[index]) % 2, Int(labels[index]) / 2)
    let pixels = noise.indices.map { place -> UInt8 in
      let (x, y) = (place / channels % side, place / channels / side)
      let isBright = x * 2 / side == right && y * 2 / side == lower
      return UInt8((isBright ? 140 : 0) + noise[place] * 100)
    }
    image = try Image(width: side, height: side, channels: channels, pixels: pixels)
  }
}

func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("images-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

extension ImageTrainingOptions {
  /// A training that takes a moment.
  static func quick(_ architecture: ImageArchitecture, epochs: Int = 2) -> ImageTrainingOptions {
    var options = ImageTrainingOptions(architecture)
    options.training.epochs = epochs
    options.training.batchSize = 16
    options.training.optimizer.learningRate = 0.02
    options.validationShare = 0.25
    return options
  }
}
