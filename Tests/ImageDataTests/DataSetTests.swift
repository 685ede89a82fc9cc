import Foundation
import Tensors
import Testing

@testable import ImageData

/// Bytes of data sets that are made up.
enum MadeUp {
  static func idxImages(_ count: Int, width: Int = 4, height: Int = 3) -> [UInt8] {
    [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, UInt8(height), 0, 0, 0, UInt8(width)]
      + (0..<count * width * height).map { UInt8(truncatingIfNeeded: $0) }
  }

  static func idxLabels(_ labels: [UInt8]) -> [UInt8] { [0, 0, 8, 1, 0, 0, 0, UInt8(labels.count)] + labels }

  static func cifar10(_ labels: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for label in labels {
      bytes.append(label)
      for plane in [label, label + 50, label + 100] { bytes += [UInt8](repeating: plane, count: 1024) }
    }
    return bytes
  }

  static func cifar100(_ labels: [(UInt8, UInt8)]) -> [UInt8] {
    labels.flatMap { [$0, $1] + [UInt8](repeating: $1, count: 3072) }
  }

  /// A folder with two classes.
  static func folders(_ folder: TemporaryFolder, prefix: String = "", perClass: Int = 3) throws {
    for (number, name) in ["cat", "dog"].enumerated() {
      for index in 0..<perClass {
        let image = try Image.picture(6 + number, 5 + index, channels: 3)
        try folder.write("\(prefix)\(name)/\(index).png", image.encodedAsPNG())
      }
    }
  }
}

@Suite("sets of images")
struct DataSetTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func opened() throws(ImageError) -> ImageCollection { try ImageCollection.open(folder.path) }

  @Test("files of the MNIST family")
  func idx() throws {
    try folder.write("train-images-idx3-ubyte", MadeUp.idxImages(3))
    try folder.write("train-labels-idx1-ubyte", MadeUp.idxLabels([7, 0, 9]))
    try folder.write("t10k-images-idx3-ubyte", MadeUp.idxImages(1))
    try folder.write("t10k-labels-idx1-ubyte", MadeUp.idxLabels([1]))
    let data = try opened()
    #expect(data.kind == .idx && data.training.labels == [7, 0, 9] && data.test?.labels == [1])
    #expect(data.training.classNames == (0...9).map(String.init))
    let image = try data.training.image(at: 1)
    #expect(image.width == 4 && image.height == 3 && image.pixels == (12..<24).map { UInt8($0) })
    let file = try ImageCollection.open(folder.path + "/t10k-images-idx3-ubyte")
    #expect(file.training.labels == [1])
    let unlabelled = try IDXImages(images: folder.path + "/t10k-images-idx3-ubyte", labels: nil)
    #expect(unlabelled.labels == [-1])
  }

  @Test("files of the MNIST family that do not fit")
  func idxErrors() throws {
    let images = try folder.write("x-images-idx3-ubyte", MadeUp.idxImages(3))
    let labels = try folder.write("x-labels-idx1-ubyte", MadeUp.idxLabels([1, 2]))
    #expect(throws: ImageError.countsDiffer(images: images, imageCount: 3, labels: labels, labelCount: 2)) {
      try opened()
    }
    try folder.write("x-labels-idx1-ubyte", MadeUp.idxLabels([1, 12, 2]))
    #expect(throws: ImageError.labelOutOfRange(path: labels, position: 1, label: 12, classCount: 10)) {
      try IDXImages(images: images, labels: labels, classNames: (0..<10).map(String.init))
    }
    // A number far beyond the classes that there are.
    try folder.write("x-labels-idx1-ubyte", MadeUp.idxLabels([1, 200, 2]))
    #expect(throws: ImageError.labelOutOfRange(path: labels, position: 1, label: 200, classCount: 3)) { try opened() }
    let whole = MadeUp.idxImages(3)
    for length in 0..<whole.count {
      try folder.write("x-images-idx3-ubyte", Array(whole.prefix(length)))
      let error = imageError { () throws(ImageError) in _ = try IDXImages(images: images, labels: nil) }
      #expect(error?.category == .content, "\(length)")
    }
    for sizes: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0]] {
      try folder.write("x-images-idx3-ubyte", [0, 0, 8, 3] + sizes + sizes + sizes)
      #expect(throws: ImageError.self) { try IDXImages(images: images, labels: nil) }
    }
  }

  @Test("CIFAR in one file or several")
  func cifar() throws {
    try folder.write("data_batch_1.bin", MadeUp.cifar10([3, 9]))
    try folder.write("data_batch_2.bin", MadeUp.cifar10([0]))
    try folder.write("test_batch.bin", MadeUp.cifar10([5]))
    let data = try opened()
    #expect(data.kind == .cifar10 && data.training.labels == [3, 9, 0] && data.test?.labels == [5])
    #expect(data.training.classNames[9] == "truck")
    #expect(try data.training.image(at: 1).pixels.prefix(6) == [9, 59, 109, 9, 59, 109])
    #expect(try data.training.image(at: 2).pixels.prefix(3) == [0, 50, 100])
    #expect(data.training.name(at: 2) == folder.path + "/data_batch_2.bin, image 0")
    let hundred = try folder.write("hundred.bin", MadeUp.cifar100([(19, 99), (0, 4)]))
    let other = try ImageCollection.open(hundred)
    #expect(other.kind == .cifar100 && other.training.labels == [99, 4])
  }

  @Test("CIFAR files that are cut short or hold other labels")
  func cifarErrors() throws {
    let path = try folder.write("a.bin", Array(MadeUp.cifar10([3, 9]).dropLast()))
    #expect(throws: ImageError.self) { try CIFARImages([path]) }
    try folder.write("a.bin", MadeUp.cifar10([3, 10]))
    #expect(throws: ImageError.labelOutOfRange(path: path, position: 1, label: 10, classCount: 10)) {
      try CIFARImages([path])
    }
    try folder.write("a.bin", [])
    #expect(throws: ImageError.empty(name: path)) { try CIFARImages([path]) }
    #expect(throws: ImageError.self) { try CIFARImages([]) }
  }

  @Test("folders of classes: sorted, at any depth, by content")
  func folders() throws {
    try MadeUp.folders(folder)
    try folder.write("dog/inner/deep.png", Image.picture(2, 2).encodedAsPNG())
    try folder.write("cat/wrong.txt", Image.picture(3, 2).encodedAsPNG())
    try folder.write("cat/wrong.jpg", Image.picture(3, 2).encodedAsPNG())
    try folder.write("cat/.hidden", "x")
    try folder.write(".git/config", "x")
    try folder.write("README.md", "about these images")
    let set = try #require(try opened().training as? ImageFiles)
    #expect(set.classNames == ["cat", "dog"] && set.classCounts == [5, 4])
    #expect(
      set.paths.map { $0.dropFirst(folder.path.count + 1) }.suffix(5) == [
        "cat/wrong.txt", "dog/0.png", "dog/1.png", "dog/2.png", "dog/inner/deep.png",
      ])
    #expect(try set.image(at: 4) == Image.picture(3, 2))
    #expect(try set.image(at: 3) == Image.picture(3, 2))
    #expect(set.skipped.count == 0)
    // The classes of a model, in its order.
    let ordered = try ImageFiles(folders: folder.path, classNames: ["dog", "emu", "cat"])
    #expect(ordered.classCounts == [4, 0, 5])
    #expect(throws: ImageError.unknownLabel(path: folder.path, label: "dog", known: ["cat"])) {
      try ImageFiles(folders: folder.path, classNames: ["cat"])
    }
  }

  @Test("folders with what is no image")
  func folderErrors() throws {
    try MadeUp.folders(folder)
    let notes = try folder.write("cat/notes.txt", "these are cats")
    #expect(throws: ImageError.notAnImage(name: notes)) { try opened() }
    let gif = try folder.write("dog/a.gif", Array("GIF89a....".utf8))
    let set = try ImageFiles(folders: folder.path, skipBad: true)
    #expect(set.count == 6 && set.skipped.count == 2)
    #expect(set.skipped.first == [.notAnImage(name: notes), .unsupportedFormat(name: gif, format: "a GIF")])
    try FileManager.default.removeItem(atPath: notes)
    try FileManager.default.removeItem(atPath: gif)
    try FileManager.default.createDirectory(atPath: folder.path + "/emu", withIntermediateDirectories: true)
    #expect(throws: ImageError.emptyClass(path: folder.path + "/emu")) { try opened() }
    let rest = try ImageFiles(folders: folder.path, skipBad: true)
    #expect(rest.classNames == ["cat", "dog"] && rest.skipped.first == [.emptyClass(path: folder.path + "/emu")])
    // Neither is a pipe waited for, whatever its name says.
    let pipe = folder.path + "/cat/pipe.png"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: ImageError.notAnImage(name: pipe)) { try ImageFiles(folders: folder.path) }
    try FileManager.default.removeItem(atPath: pipe)
    try FileManager.default.removeItem(atPath: folder.path + "/emu")
    let stray = try folder.write("stray.png", Image.picture(2, 2).encodedAsPNG())
    #expect(throws: ImageError.unlabelledImage(path: stray)) { try opened() }
    try FileManager.default.removeItem(atPath: stray)
    // A link back is not followed for ever.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/cat/loop", withDestinationPath: folder.path + "/cat")
    #expect(try opened().training.count == 6)
  }

  @Test("folders that are called by numbers are in the order of these")
  func numberedFolders() throws {
    for number in [0, 1, 2, 10, 11] {
      try folder.write("\(number)/a.png", Image.picture(2, 2).encodedAsPNG())
    }
    #expect(try opened().training.classNames == ["0", "1", "2", "10", "11"])
  }

  @Test("what is small and compressed does not fill the memory")
  func compressionBomb() throws {
    // 64 MB of zeros, which are neither images nor a table: known by the first of them.
    let path = folder.path + "/zeros"
    try #require(
      system("head -c 64000000 /dev/zero | gzip > '\(path).gz' && head -c 700 /dev/zero | gzip > '\(path).small.gz'")
        == 0)
    #expect(throws: ImageError.self) { try ImageCollection.open(path + ".gz") }
    #expect(throws: ImageError.self) { try ImageCollection.open(path + ".small.gz") }
    #expect(try firstMaybeCompressedBytes(of: path + ".gz", 100).bytes == [UInt8](repeating: 0, count: 100))
    #expect(throws: ImageError.self) { try readMaybeCompressed(path + ".gz", limit: 1_000_000) }
    #expect(try readMaybeCompressed(path + ".small.gz", limit: 1_000_000).count == 700)
  }

  @Test("folders divided into training and test")
  func divided() throws {
    try MadeUp.folders(folder, prefix: "train/")
    try MadeUp.folders(folder, prefix: "val/", perClass: 1)
    try MadeUp.folders(folder, prefix: "test/", perClass: 2)
    let data = try opened()
    #expect(data.training.count == 6 && data.validation?.count == 2 && data.test?.count == 4)
    // A class of the test set that training does not know.
    try folder.write("test/emu/a.png", Image.picture(2, 2).encodedAsPNG())
    #expect(throws: ImageError.self) { try opened() }
    // `train` as a class among others.
    try MadeUp.folders(folder, prefix: "ship/")
    #expect(try opened().training.classNames == ["ship", "test", "train", "val"])
  }

  @Test("tables of paths and labels")
  func tables() throws {
    for name in ["a", "b", "c, d"] { try folder.write("images/\(name).png", Image.picture(3, 3).encodedAsPNG()) }
    let csv = try folder.write(
      "all.csv",
      "\u{FEFF}label,path,note\r\n10,images/a.png,x\r\n9,images/b.png,\"two\nlines \"\"q\"\"\"\r\n\r\n10,\"images/c, d.png\",\r\n"
    )
    let data = try ImageCollection.open(csv)
    #expect(data.kind == .table && data.training.classNames == ["9", "10"] && data.training.labels == [1, 0, 1])
    #expect(try data.training.image(at: 2).width == 3)
    let tsv = try folder.write("all.tsv", "file\twhat\tnumber\nimages/a.png\t\"quoted\tx\n")
    let named = try ImageFiles(table: tsv, labelColumn: "what")
    #expect(named.classNames == ["\"quoted"])
    #expect(throws: ImageError.unknownColumn(path: tsv, column: "label", available: ["file", "what", "number"])) {
      try ImageCollection.open(tsv)
    }
    #expect(throws: ImageError.unknownColumn(path: tsv, column: "zz", available: ["file", "what", "number"])) {
      try ImageFiles(table: tsv, labelColumn: "zz")
    }
    for (text, line) in [
      ("path,label\nimages/a.png\n", 2), ("path,label\n\"images/a.png,x\n", 2), ("path,label\n\nx,\n", 3),
    ] {
      let path = try folder.write("bad.csv", text)
      let error = imageError { () throws(ImageError) in _ = try ImageFiles(table: path) }
      guard case .badRow(_, line, _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    let none = try folder.write("none.csv", "path,label\n")
    #expect(throws: ImageError.noImages(path: none)) { try ImageFiles(table: none) }
    let lost = try folder.write("lost.csv", "path,label\nnowhere.png,x\n")
    #expect(throws: ImageError.missing(path: folder.path + "/nowhere.png")) { try ImageFiles(table: lost) }
    #expect(throws: ImageError.unknownLabel(path: "\(csv), line 2", label: "10", known: ["9"])) {
      try ImageFiles(table: csv, classNames: ["9"])
    }
  }

  @Test("paths that lead to no set of images")
  func unknown() throws {
    #expect(throws: ImageError.missing(path: "/nowhere/at/all")) { try ImageCollection.open("/nowhere/at/all") }
    #expect(throws: ImageError.noImages(path: folder.path)) { try opened() }
    let image = try folder.write("a.png", Image.picture(2, 2).encodedAsPNG())
    for path in [
      folder.path, image, try folder.write("x.zip", [0x50, 0x4B, 3, 4, 0, 0]), try folder.write("t.txt", "words\n"),
    ] {
      let error = imageError { () throws(ImageError) in _ = try ImageCollection.open(path) }
      guard case .unknownDataSet = error else {
        Issue.record("\(path): \(String(describing: error))")
        continue
      }
      #expect("\(String(describing: error))".contains("\n") == false)
    }
    let nothing = try folder.write("nothing", "")
    #expect(throws: ImageError.empty(name: nothing)) { try ImageCollection.open(nothing) }
  }

  @Test("a stratified split takes the same share of each class, the same images for the same seed")
  func split() throws {
    let labels = (0..<1000).map { Int32($0 % 10 == 0 ? 1 : $0 % 250 == 3 ? 2 : 0) } + [3]
    let set = ImageFiles(classNames: ["a", "b", "c", "d"], labels: labels, paths: labels.indices.map { "\($0)" })
    let (training, validation) = try set.split(validation: 0.1, seed: 7)
    #expect(training.count + validation.count == 1001)
    #expect(Set(training.indices).isDisjoint(with: validation.indices))
    #expect(validation.indices == validation.indices.sorted())
    #expect(validation.classCounts == [90, 10, 1, 0] && training.classCounts == [806, 90, 3, 1])
    let again = try set.split(validation: 0.1, seed: 7)
    #expect(again.validation.indices == validation.indices)
    let other = try set.split(validation: 0.1, seed: 8)
    #expect(other.validation.indices != validation.indices)
    #expect(validation.name(at: 0) == "\(validation.indices[0])")
    #expect(throws: ImageError.self) { try set.split(validation: 1, seed: 7) }
    #expect(throws: ImageError.self) { try set.subset([1001]) }
  }
}
