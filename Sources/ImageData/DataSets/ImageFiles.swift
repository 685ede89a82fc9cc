/// Images in files of their own, PNG or JPEG by what is in them: of folders of classes, of a table, or just some paths.
public struct ImageFiles: ImageDataSet {
  /// Sorted, or in the order that was given.
  public let classNames: [String]
  /// The class of each image; -1 where nobody said.
  public let labels: [Int32]
  /// The file of each image.
  public let paths: [String]
  /// Files that are no images and were left out when the set was put together.
  public let skipped: SkippedImages

  init(classNames: [String], labels: [Int32], paths: [String], skipped: SkippedImages = SkippedImages()) {
    (self.classNames, self.labels, self.paths, self.skipped) = (classNames, labels, paths, skipped)
  }

  /// Images without labels.
  public init(unlabelled paths: [String]) {
    self.init(classNames: [], labels: [Int32](repeating: -1, count: paths.count), paths: paths)
  }

  /// Any size.
  public var fixedShape: (width: Int, height: Int, channels: Int)? { nil }

  /// Its path.
  public func name(at index: Int) -> String { paths[index] }

  /// Reads and decodes the file.
  public func read(_ index: Int, into image: inout Image, with decoder: ImageDecoder) throws(ImageError) {
    try decoder.read(contentsOf: paths[index], into: &image)
  }
}

extension ImageFiles {
  /// A folder with one sub-folder a class, whose name is its name. Images are found at any depth in it, in the order of
  /// their names; what begins with a dot is passed over.
  ///
  /// Files whose names end as those of images do are taken for images; others are looked into.
  ///
  /// - Parameters:
  ///   - classNames: the classes in their order, such as those of a model; nil for those that there are, sorted.
  ///   - skipBad: counts files that are no images, where otherwise the first is an error.
  public init(folders path: String, classNames: [String]? = nil, skipBad: Bool = false) throws(ImageError) {
    let names = try visibleNames(in: path)
    let folders = inNumericOrder(names.filter { PathKind(joined(path, $0)).isFolder })
    guard !folders.isEmpty else { throw .noImages(path: path) }
    var search = ImageSearch(skipBad: skipBad)
    for name in names where !folders.contains(name) {
      if ImageSearch.looksLikeImage(name) { try search.leaveOut(.unlabelledImage(path: joined(path, name))) }
    }
    var classes = classNames ?? []
    var labels: [Int32] = []
    for folder in folders {
      if classNames != nil, !classes.contains(folder) {
        throw .unknownLabel(path: path, label: folder, known: classes)
      }
      let before = search.paths.count
      try search.visit(joined(path, folder))
      guard search.paths.count > before else {
        try search.leaveOut(.emptyClass(path: joined(path, folder)))
        continue
      }
      if classNames == nil { classes.append(folder) }
      let label = Int32(classes.firstIndex(of: folder) ?? 0)
      labels += [Int32](repeating: label, count: search.paths.count - before)
    }
    guard !labels.isEmpty else { throw search.skipped.first.first ?? .noImages(path: path) }
    self.init(classNames: classes, labels: labels, paths: search.paths, skipped: search.skipped)
  }

  /// All images of a folder at any depth, without labels.
  public init(unlabelledFolder path: String, skipBad: Bool = false) throws(ImageError) {
    var search = ImageSearch(skipBad: skipBad)
    try search.visit(path)
    guard !search.paths.isEmpty else { throw .noImages(path: path) }
    let labels = [Int32](repeating: -1, count: search.paths.count)
    self.init(classNames: [], labels: labels, paths: search.paths, skipped: search.skipped)
  }
}

/// Names that are all whole numbers by their values, as tables have them; others as they are.
private func inNumericOrder(_ names: [String]) -> [String] {
  let numbers = names.compactMap { name in name.utf8.allSatisfy { (48...57).contains($0) } ? Int(name) : nil }
  guard numbers.count == names.count else { return names }
  return zip(numbers, names).sorted { $0 < $1 }.map(\.1)
}

/// Looks for images in folders.
struct ImageSearch {
  /// Endings that are believed until the file is decoded.
  private static let endings = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".apng"]

  let skipBad: Bool
  private(set) var paths: [String] = []
  private(set) var skipped = SkippedImages()

  init(skipBad: Bool) { self.skipBad = skipBad }

  static func looksLikeImage(_ name: String) -> Bool {
    let name = name.lowercased()
    return endings.contains { name.hasSuffix($0) }
  }

  /// Takes the images of a folder and of those in it.
  mutating func visit(_ folder: String) throws(ImageError) {
    try visit(folder, within: [PathKind(folder)])
  }

  /// A link back to a folder that is being visited is not followed.
  private mutating func visit(_ folder: String, within ancestors: [PathKind]) throws(ImageError) {
    for name in try visibleNames(in: folder) {
      let path = joined(folder, name)
      let kind = PathKind(path)
      switch kind {
      // A name is believed until the file is read.
      case .file where Self.looksLikeImage(name), .missing where Self.looksLikeImage(name): paths.append(path)
      case .folder: if !ancestors.contains(kind) { try visit(path, within: ancestors + [kind]) }
      case .file: try look(into: path)
      case .missing, .other: try leaveOut(.notAnImage(name: path))
      }
    }
  }

  /// A file whose name says nothing.
  private mutating func look(into path: String) throws(ImageError) {
    let head: [UInt8]
    do throws(ImageError) { head = try firstBytes(of: path, ImageFormat.headSize) } catch {
      return try leaveOut(error)
    }
    switch head.withUnsafeBytes({ ImageFormat($0) }) {
    case .png, .jpeg: paths.append(path)
    case .unsupported(let format): try leaveOut(.unsupportedFormat(name: path, format: format))
    case .unknown: try leaveOut(head.isEmpty ? .empty(name: path) : .notAnImage(name: path))
    }
  }

  /// Counts what is no image, or throws it.
  mutating func leaveOut(_ error: ImageError) throws(ImageError) {
    guard skipBad else { throw error }
    skipped.add(error)
  }
}
