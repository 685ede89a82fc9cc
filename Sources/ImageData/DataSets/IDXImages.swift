/// Images of the MNIST family: IDX files, or IDX files compressed by gzip.
///
/// A file of images holds the magic number 00 00 08 03 (or 04 with one or three channels), big-endian sizes, then the pixels;
/// one of labels 00 00 08 01, their number, then a byte each.
public struct IDXImages: ImageDataSet {
  /// The digits, or what was given.
  public let classNames: [String]
  /// The class of each image; -1 where there is no file of labels.
  public let labels: [Int32]
  private let path: String
  private let shape: (width: Int, height: Int, channels: Int)
  /// Where the pixels begin.
  private let start: Int
  private let bytes: [UInt8]

  /// Reads both files whole.
  ///
  /// - Parameters:
  ///   - labels: nil for images without labels.
  ///   - classNames: nil for the numbers from 0 to the largest label, or to 9.
  public init(images path: String, labels labelPath: String?, classNames: [String]? = nil) throws(ImageError) {
    let bytes = try readMaybeCompressed(path)
    let header = try IDXHeader(bytes, path: path)
    guard header.sizes.count == 3 || header.sizes.count == 4 else {
      throw .damagedData(path: path, reason: "an IDX file of \(header.sizes.count) dimensions holds no images")
    }
    shape = (header.sizes[2], header.sizes[1], header.sizes.count == 4 ? header.sizes[3] : 1)
    guard shape.channels == 1 || shape.channels == 3 else {
      throw .damagedData(path: path, reason: "\(shape.channels) channels make no image")
    }
    guard header.sizes[0] > 0 else { throw .noImages(path: path) }
    (self.path, self.bytes, start) = (path, bytes, header.size)
    if let labelPath {
      let labelBytes = try readMaybeCompressed(labelPath)
      let labelHeader = try IDXHeader(labelBytes, path: labelPath)
      guard labelHeader.sizes.count == 1 else {
        throw .damagedData(
          path: labelPath, reason: "an IDX file of \(labelHeader.sizes.count) dimensions holds no labels")
      }
      guard labelHeader.sizes[0] == header.sizes[0] else {
        throw .countsDiffer(
          images: path, imageCount: header.sizes[0], labels: labelPath, labelCount: labelHeader.sizes[0])
      }
      labels = labelBytes[labelHeader.size...].map { Int32($0) }
      let most = labels.max() ?? 0
      // A few classes may be without images; a number far beyond those that are there is none of a class.
      let present = Set(labels).count
      if classNames == nil, Int(most) + 1 - present > max(16, present), let wrong = labels.firstIndex(of: most) {
        throw .labelOutOfRange(path: labelPath, position: wrong, label: Int(most), classCount: present)
      }
      let names = classNames ?? (0...max(9, Int(most))).map(String.init)
      if let wrong = labels.firstIndex(where: { Int($0) >= names.count }) {
        throw .labelOutOfRange(path: labelPath, position: wrong, label: Int(labels[wrong]), classCount: names.count)
      }
      self.classNames = names
    } else {
      labels = [Int32](repeating: -1, count: header.sizes[0])
      self.classNames = classNames ?? []
    }
  }

  /// The size that the header states.
  public var fixedShape: (width: Int, height: Int, channels: Int)? { shape }

  /// The file and the number.
  public func name(at index: Int) -> String { "\(path), image \(index)" }

  /// Copies the pixels.
  public func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError) {
    image.reshape(width: shape.width, height: shape.height, channels: shape.channels)
    let size = image.pixels.count
    image.pixels.withUnsafeMutableBytes { target in
      bytes.withUnsafeBytes { source in
        target.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[start + index * size..<start + (index + 1) * size]))
      }
    }
  }

  /// Whether bytes begin as such a file does.
  static func isIDX(_ head: [UInt8]) -> Bool {
    head.count >= 4 && head[0] == 0 && head[1] == 0 && head[2] == 8 && (1...4).contains(head[3])
  }
}

/// What an IDX file of bytes begins with.
private struct IDXHeader {
  /// The extent of each dimension.
  let sizes: [Int]
  /// Bytes of the header.
  let size: Int

  init(_ bytes: [UInt8], path: String) throws(ImageError) {
    guard !bytes.isEmpty else { throw .empty(name: path) }
    guard IDXImages.isIDX(bytes) else {
      throw .damagedData(path: path, reason: "it does not begin as an IDX file of bytes")
    }
    let dimensions = Int(bytes[3])
    size = 4 + 4 * dimensions
    guard bytes.count >= size else { throw .damagedData(path: path, reason: "it is cut short in its header") }
    var sizes: [Int] = []
    var wanted = 1
    var isImpossible = false
    for dimension in 0..<dimensions {
      let extent = bytes[4 + 4 * dimension..<8 + 4 * dimension].reduce(0) { $0 << 8 | Int($1) }
      sizes.append(extent)
      let (product, overflows) = wanted.multipliedReportingOverflow(by: extent)
      isImpossible = isImpossible || overflows || (dimension > 0 && extent == 0)
      wanted = product
    }
    guard !isImpossible, wanted == bytes.count - size else {
      throw .damagedData(
        path: path,
        reason: isImpossible
          ? "its sizes are impossible"
          : "its header announces \(wanted) bytes, but \(bytes.count - size) follow")
    }
    self.sizes = sizes
  }
}
