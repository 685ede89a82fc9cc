/// What `open` may be told about images on the disk.
public struct ImageDataOptions: Sendable {
  /// The classes in their order, such as those of a model; nil for those that the data have.
  public var classNames: [String]?
  /// The column of a table that holds paths; nil for the usual names.
  public var pathColumn: String?
  /// The column of a table that holds labels; nil for the usual names.
  public var labelColumn: String?
  /// Whether files in folders that are no images are counted, where otherwise the first is an error.
  public var skipBad: Bool

  /// Nothing is said unless it is given.
  public init(
    classNames: [String]? = nil, pathColumn: String? = nil, labelColumn: String? = nil, skipBad: Bool = false
  ) {
    (self.classNames, self.pathColumn, self.labelColumn, self.skipBad) = (classNames, pathColumn, labelColumn, skipBad)
  }
}

/// The images that a path leads to, divided as they are on the disk.
public struct ImageCollection: Sendable {
  /// How images lie on the disk.
  public enum Kind: String, Sendable {
    /// The MNIST family.
    case idx = "IDX"
    /// The binary version of CIFAR-10.
    case cifar10 = "CIFAR-10"
    /// The binary version of CIFAR-100.
    case cifar100 = "CIFAR-100"
    /// One folder a class.
    case folders
    /// A CSV or TSV file of paths.
    case table
  }

  /// How the images lie on the disk.
  public let kind: Kind
  /// What is to be trained on; all images where they are not divided.
  public let training: any ImageDataSet
  /// What is to be validated on, where the data say so.
  public let validation: (any ImageDataSet)?
  /// What is to be tested on, where the data say so.
  public let test: (any ImageDataSet)?

  init(
    kind: Kind, training: any ImageDataSet, validation: (any ImageDataSet)? = nil, test: (any ImageDataSet)? = nil
  ) {
    (self.kind, self.training, self.validation, self.test) = (kind, training, validation, test)
  }

  /// Finds out what lies at a path: files of the MNIST family or of CIFAR or a folder with them, a folder of classes, one
  /// with such folders under `train` and `test` or `val`, or a table of paths and labels.
  public static func open(
    _ path: String, options: ImageDataOptions = ImageDataOptions()
  ) throws(ImageError) -> ImageCollection {
    switch PathKind(path) {
    case .folder: try FolderOpening(path: path, options: options).open()
    default: try openFile(path, options)
    }
  }

  private static func openFile(_ path: String, _ options: ImageDataOptions) throws(ImageError) -> ImageCollection {
    let head = try firstBytes(of: path, ImageFormat.headSize)
    guard !head.isEmpty else { throw .empty(name: path) }
    let (content, isCompressed) = try firstMaybeCompressedBytes(of: path, ImageFormat.headSize)
    if IDXImages.isIDX(content) {
      guard content[3] != 1 else {
        throw .unknownDataSet(path: path, reason: "it holds labels without images; give the file of the images")
      }
      let labels = IDXNames.labels(forImages: path).first { PathKind($0) == .file }
      return ImageCollection(
        kind: .idx, training: try IDXImages(images: path, labels: labels, classNames: options.classNames))
    }
    switch content.withUnsafeBytes({ ImageFormat($0) }) {
    case .png, .jpeg, .unsupported: throw .unknownDataSet(path: path, reason: "it is one image, not a set of images")
    case .unknown: break
    }
    if let archive = archiveName(content) {
      throw .unknownDataSet(path: path, reason: "it is \(archive), to be unpacked first")
    }
    if content.prefix(64).contains(where: { $0 < 9 }) || path.hasSuffix(".bin") || head.starts(with: [0x80, 0x02]) {
      let size = isCompressed ? try CIFARImages.readFile(path).count : try OpenFile(path: path).size ?? 0
      guard CIFARImages.mayBeCIFAR(size: size, head: content) || path.hasSuffix(".bin") || head[0] == 0x80 else {
        throw .unknownDataSet(path: path, reason: "no kind of data set that is known")
      }
      return try cifar([path], test: [], options)
    }
    guard ImageFiles.hasPathColumn(path) || options.pathColumn != nil else {
      throw .unknownDataSet(path: path, reason: "no table with a column 'path' in its first line")
    }
    let table = try ImageFiles(
      table: path, pathColumn: options.pathColumn, labelColumn: options.labelColumn, classNames: options.classNames,
      skipBad: options.skipBad)
    return ImageCollection(kind: .table, training: table)
  }

  static func cifar(
    _ training: [String], test: [String], _ options: ImageDataOptions, classNames: [String]? = nil
  ) throws(ImageError) -> ImageCollection {
    let names = options.classNames ?? classNames
    let images = try CIFARImages(training, classNames: names)
    let held = test.isEmpty ? nil : try CIFARImages(test, classNames: names)
    return ImageCollection(kind: images.isCIFAR100 ? .cifar100 : .cifar10, training: images, test: held)
  }

  /// Archives, which people have before they unpack them.
  private static func archiveName(_ head: [UInt8]) -> String? {
    if head.starts(with: [0x50, 0x4B, 3, 4]) { return "a ZIP archive" }
    if head.count >= 262, head[257..<262].elementsEqual(Array("ustar".utf8)) { return "a tar archive" }
    if head.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return "compressed by xz" }
    if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return "compressed by Zstandard" }
    return nil
  }
}

/// How the files of the MNIST family are called.
enum IDXNames {
  static func isImages(_ name: String) -> Bool {
    (name.contains("images-idx3") || name.contains("images.idx3")) && !name.hasSuffix(".part")
  }

  static func isTest(_ name: String) -> Bool { name.contains("t10k") || name.contains("test") }

  /// Where the labels of a file of images may lie.
  static func labels(forImages path: String) -> [String] {
    var name = lastComponent(path)
    guard let range = name.firstRange(of: "images"), let kind = name.firstRange(of: "idx3") else { return [] }
    name.replaceSubrange(kind, with: "idx1")
    name.replaceSubrange(range, with: "labels")
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    return [name, plain, plain + ".gz"].map { joined(folder(of: path), $0) }
  }
}

/// Finds out what a folder holds.
private struct FolderOpening {
  let path: String
  let options: ImageDataOptions

  func open() throws(ImageError) -> ImageCollection {
    let names = try visibleNames(in: path)
    if names.contains(where: IDXNames.isImages) { return try idx(names.filter(IDXNames.isImages)) }
    let batches = names.filter { isBatch($0) }
    if !batches.isEmpty {
      let classes = try classList("batches.meta.txt", names)
      let test = names.filter { $0 == "test_batch.bin" }
      return try ImageCollection.cifar(
        batches.map { joined(path, $0) }, test: test.map { joined(path, $0) }, options, classNames: classes)
    }
    if names.contains("train.bin") {
      let classes = try classList("fine_label_names.txt", names)
      let test = names.filter { $0 == "test.bin" }
      return try ImageCollection.cifar(
        [joined(path, "train.bin")], test: test.map { joined(path, $0) }, options, classNames: classes)
    }
    if names.contains("data_batch_1") {
      throw .unknownDataSet(path: path, reason: "the version of CIFAR for Python, the binary version is wanted")
    }
    let folders = names.filter { PathKind(joined(path, $0)).isFolder }
    if let divided = try divided(folders) { return divided }
    guard !folders.isEmpty else {
      if names.isEmpty { throw .noImages(path: path) }
      throw .unknownDataSet(
        path: path,
        reason: names.contains(where: ImageSearch.looksLikeImage)
          ? "the images in it have no folders of classes" : "nothing in it is known")
    }
    return ImageCollection(kind: .folders, training: try classFolders(path, options.classNames))
  }

  /// Only the names of the original: a part of a file lies beside it in some collections.
  private func isBatch(_ name: String) -> Bool {
    name.hasPrefix("data_batch_") && name.hasSuffix(".bin") && name.dropFirst(11).dropLast(4).allSatisfy(\.isNumber)
  }

  /// The names of the classes in a text file, where it is there.
  private func classList(_ name: String, _ names: [String]) throws(ImageError) -> [String]? {
    guard names.contains(name) else { return nil }
    let text = String(decoding: try readFile(joined(path, name)), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map(String.init)
  }

  private func idx(_ images: [String]) throws(ImageError) -> ImageCollection {
    func open(_ name: String, _ classNames: [String]?) throws(ImageError) -> IDXImages {
      let file = joined(path, name)
      let candidates = IDXNames.labels(forImages: file)
      guard let labels = candidates.first(where: { PathKind($0) == .file }) else {
        throw .missing(path: candidates.first ?? file)
      }
      return try IDXImages(images: file, labels: labels, classNames: classNames)
    }
    // The same file may be there twice, unpacked and packed; and several sets may lie together, as of EMNIST.
    let plain = images.filter { !$0.hasSuffix(".gz") || !images.contains(String($0.dropLast(3))) }
    let (tests, trainings) = (plain.filter(IDXNames.isTest), plain.filter { !IDXNames.isTest($0) })
    guard trainings.count < 2, tests.count < 2 else {
      throw .unknownDataSet(
        path: path, reason: "several data sets lie in it (\(trainings.joined(separator: ", "))); name one of the files")
    }
    guard let first = trainings.first ?? tests.first else { throw .noImages(path: path) }
    let training = try open(first, options.classNames)
    guard !trainings.isEmpty, let second = tests.first else { return ImageCollection(kind: .idx, training: training) }
    return ImageCollection(kind: .idx, training: training, test: try open(second, training.classNames))
  }

  /// Folders `train` and `test` or `val`, if these are all that there are.
  private func divided(_ folders: [String]) throws(ImageError) -> ImageCollection? {
    let trainings = folders.filter { ["train", "training"].contains($0.lowercased()) }
    let validations = folders.filter { ["val", "valid", "validation"].contains($0.lowercased()) }
    let tests = folders.filter { ["test", "testing"].contains($0.lowercased()) }
    // A class may be called train too, beside others.
    guard trainings.count == 1, validations.count < 2, tests.count < 2,
      folders.count == 1 + validations.count + tests.count, folders.count > 1
    else { return nil }
    let training = try classFolders(joined(path, trainings[0]), options.classNames)
    var (validation, test): (ImageFiles?, ImageFiles?)
    if let name = validations.first { validation = try classFolders(joined(path, name), training.classNames) }
    if let name = tests.first { test = try classFolders(joined(path, name), training.classNames) }
    return ImageCollection(kind: .folders, training: training, validation: validation, test: test)
  }

  private func classFolders(_ path: String, _ classNames: [String]?) throws(ImageError) -> ImageFiles {
    try ImageFiles(folders: path, classNames: classNames, skipBad: options.skipBad)
  }
}
