/// Images with labels. The number of images, their labels and the names of the classes are there without decoding any image;
/// an image is read when it is asked for, from any thread.
public protocol ImageDataSet: Sendable {
  /// The names of the classes; a label is a place in it.
  var classNames: [String] { get }

  /// The class of each image; -1 where nobody said.
  var labels: [Int32] { get }

  /// The size of all images, where the format fixes it.
  var fixedShape: (width: Int, height: Int, channels: Int)? { get }

  /// What messages call an image: its path, or a file and a number.
  func name(at index: Int) -> String

  /// Reads an image, whose memory is used again.
  ///
  /// - Parameters:
  ///   - index: in 0..<count.
  ///   - decoder: the caller's own; not shared with another thread.
  func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError)
}

extension ImageDataSet {
  /// Number of images.
  public var count: Int { labels.count }

  /// An image.
  ///
  /// - Parameter index: in 0..<count.
  public func image(at index: Int) throws(ImageError) -> Image {
    var image = Image()
    try read(index, into: &image, with: ImageDecoder())
    return image
  }

  /// How many images each class has.
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: classNames.count)
    for label in labels where label >= 0 { counts[Int(label)] += 1 }
    return counts
  }

  /// Some of the images, in the order that is given.
  ///
  /// - Throws: ``ImageError/invalidSetting(reason:)`` where there is no image of a number.
  public func subset(_ indices: [Int]) throws(ImageError) -> ImageSubset {
    let range = 0..<count
    if let wrong = indices.first(where: { !range.contains($0) }) {
      throw .invalidSetting(reason: "there is no image \(wrong) among \(count); give numbers from 0")
    }
    return ImageSubset(of: self, indices)
  }
}

/// Some images of a set.
public struct ImageSubset: ImageDataSet {
  /// The set that they are from.
  public let whole: any ImageDataSet
  /// Their places in it.
  public let indices: [Int]
  /// The class of each image.
  public let labels: [Int32]

  init(of whole: any ImageDataSet, _ indices: [Int]) {
    let all = whole.labels
    (self.whole, self.indices, labels) = (whole, indices, indices.map { all[$0] })
  }

  /// Those of the whole set, also where no image of a class is among them.
  public var classNames: [String] { whole.classNames }
  /// That of the whole set.
  public var fixedShape: (width: Int, height: Int, channels: Int)? { whole.fixedShape }
  /// What the whole set calls it.
  public func name(at index: Int) -> String { whole.name(at: indices[index]) }

  /// Reads an image of the whole set.
  public func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError) {
    try whole.read(indices[index], into: &image, with: decoder)
  }
}

/// What was left out because it could not be read: how much, and what it was at first.
public struct SkippedImages: Sendable, Equatable {
  /// How many names are kept.
  static let nameLimit = 5

  /// Images that were left out.
  public private(set) var count = 0
  /// The first of them, with the cause.
  public private(set) var first: [ImageError] = []

  /// Nothing was left out.
  public init() {}

  /// Counts one more.
  public mutating func add(_ error: ImageError) {
    count += 1
    if first.count < Self.nameLimit { first.append(error) }
  }

  /// Counts those of another part of the data.
  public mutating func add(_ other: SkippedImages) {
    count += other.count
    first += other.first.prefix(Self.nameLimit - first.count)
  }
}
