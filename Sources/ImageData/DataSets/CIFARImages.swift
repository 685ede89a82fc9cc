/// Images of CIFAR-10 or CIFAR-100 in their binary version: records of a label (of CIFAR-100 two, the coarse one first) and
/// 32×32 pixels, all reds, then all greens, then all blues.
public struct CIFARImages: ImageDataSet {
  /// The ten classes of CIFAR-10.
  public static let classNamesOf10 = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
  private static let area = 32 * 32

  /// Those of CIFAR-10, the numbers of CIFAR-100, or what was given.
  public let classNames: [String]
  /// The class of each image; of CIFAR-100 the fine one.
  public let labels: [Int32]
  /// Whether it is CIFAR-100.
  public let isCIFAR100: Bool
  private let paths: [String]
  private let files: [[UInt8]]
  /// The number of the first image of each file.
  private let starts: [Int]

  /// Reads files whole, as one set. Which of the two they are, the labels and the size of the first one tell.
  public init(_ paths: [String], classNames: [String]? = nil) throws(ImageError) {
    var files: [[UInt8]] = []
    var starts: [Int] = []
    var labels: [Int32] = []
    var labelSize = 1
    var names: [String] = classNames ?? []
    for path in paths {
      let bytes = try Self.readFile(path)
      guard !bytes.isEmpty else { throw .empty(name: path) }
      if files.isEmpty {
        labelSize = try Self.labelSize(bytes, path: path)
        if classNames == nil { names = labelSize == 1 ? Self.classNamesOf10 : (0..<100).map(String.init) }
      }
      let recordSize = labelSize + 3 * Self.area
      guard bytes.count % recordSize == 0 else {
        throw .damagedData(
          path: path, reason: "\(bytes.count) bytes are no whole number of records of \(recordSize)")
      }
      starts.append(labels.count)
      for record in 0..<bytes.count / recordSize {
        let label = Int(bytes[record * recordSize + labelSize - 1])
        guard label < names.count else {
          throw .labelOutOfRange(path: path, position: record, label: label, classCount: names.count)
        }
        labels.append(Int32(label))
      }
      files.append(bytes)
    }
    guard !labels.isEmpty else { throw .noImages(path: paths.first ?? "") }
    (self.paths, self.files, self.starts, self.labels) = (paths, files, starts, labels)
    (self.classNames, isCIFAR100) = (names, labelSize == 2)
  }

  /// All bytes, decompressed; of the originals the largest file has 154 MB.
  static func readFile(_ path: String) throws(ImageError) -> [UInt8] {
    try readMaybeCompressed(path, limit: 1 << 28)
  }

  /// 1 for CIFAR-10, 2 for CIFAR-100.
  private static func labelSize(_ bytes: [UInt8], path: String) throws(ImageError) -> Int {
    // A pickle of Python begins with 80 02.
    if bytes.starts(with: [0x80, 0x02]) {
      throw .damagedData(path: path, reason: "this is the version for Python, the binary version is wanted")
    }
    let (size10, size100) = (1 + 3 * area, 2 + 3 * area)
    let is10 = bytes.count % size10 == 0
    let is100 = bytes.count % size100 == 0
    if is10, !is100 { return 1 }
    if is100, !is10 { return 2 }
    // Both sizes fit, or neither: the first labels tell.
    let records = min(bytes.count / size100, 1000)
    let looksLike100 =
      records > 0 && (0..<records).allSatisfy { bytes[$0 * size100] < 20 && bytes[$0 * size100 + 1] < 100 }
    let looksLike10 = (0..<min(bytes.count / size10, 1000)).allSatisfy { bytes[$0 * size10] < 10 }
    return looksLike100 && !looksLike10 ? 2 : 1
  }

  /// Whether a file may be of this kind, by its size and its first labels.
  static func mayBeCIFAR(size: Int, head: [UInt8]) -> Bool {
    guard size > 0, head.count >= 2, !head.starts(with: [0x80, 0x02]) else { return false }
    return size % (1 + 3 * area) == 0 && head[0] < 10 || size % (2 + 3 * area) == 0 && head[0] < 20 && head[1] < 100
  }

  /// 32×32, three channels.
  public var fixedShape: (width: Int, height: Int, channels: Int)? { (32, 32, 3) }

  /// The file and the number.
  public func name(at index: Int) -> String {
    let file = file(of: index)
    return "\(paths[file]), image \(index - starts[file])"
  }

  /// Copies the pixels, interleaved.
  public func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError) {
    image.reshape(width: 32, height: 32, channels: 3)
    let file = file(of: index)
    let labelSize = isCIFAR100 ? 2 : 1
    let start = (index - starts[file]) * (labelSize + 3 * Self.area) + labelSize
    image.pixels.withUnsafeMutableBufferPointer { target in
      files[file].withUnsafeBufferPointer { source in
        for place in 0..<Self.area {
          target[3 * place] = source[start + place]
          target[3 * place + 1] = source[start + Self.area + place]
          target[3 * place + 2] = source[start + 2 * Self.area + place]
        }
      }
    }
  }

  /// The file that an image lies in; there are few.
  private func file(of index: Int) -> Int { (starts.lastIndex { $0 <= index }) ?? 0 }
}
