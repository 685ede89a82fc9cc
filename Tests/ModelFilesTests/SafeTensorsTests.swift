import Foundation
import Tensors
import Testing

@testable import ModelFiles

@Suite("safetensors files")
struct SafeTensorsTests {
  private func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
  }

  private let sample = SafeTensors(
    tensors: [
      "b": Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]), "a.weight": Tensor([-0.5]), "scalar": Tensor([7], shape: []),
    ],
    metadata: ["note": "\"quoted\"\nline"])

  @Test("what is written is read again, and equal tensors make equal bytes")
  func roundTrip() throws {
    let (first, second) = (temporaryPath(), temporaryPath())
    defer { for path in [first, second] { try? FileManager.default.removeItem(atPath: path) } }
    try sample.write(to: first)
    try sample.write(to: second)
    let read = try SafeTensors(contentsOf: first)
    #expect(read.tensors == sample.tensors)
    #expect(read.metadata == sample.metadata)
    #expect(read.checksum == sample.checksum)
    #expect(try Data(contentsOf: URL(fileURLWithPath: first)) == Data(contentsOf: URL(fileURLWithPath: second)))
  }

  @Test("a file cut at any byte gives an error")
  func truncation() throws {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try sample.write(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in 0..<whole.count {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      #expect(throws: FileError.self) { try SafeTensors(contentsOf: path) }
    }
  }

  @Test(
    "hostile headers give an error and allocate nothing",
    arguments: [
      #"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,9223372036854775807]}}"#,
      #"{"x":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}"#,
      #"{"x":{"dtype":"F32","shape":[4],"data_offsets":[0]}}"#,
      #"{"x":{"dtype":"Q7","shape":[4],"data_offsets":[0,16]}}"#,
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}}"#,
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
      #"{"x":3}"#, #"[]"#, "not JSON", String(repeating: "[", count: 100_000),
    ])
  func hostileHeaders(header: String) throws {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    bytes += Data(header.utf8) + Data(count: 16)
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(throws: FileError.self) { try SafeTensors(contentsOf: path) }
  }

  @Test("other element types are converted")
  func elementTypes() throws {
    let path = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let header =
      #"{"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"i":{"dtype":"I8","shape":[2],"data_offsets":[12,14]}}"#
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    bytes += Data(header.utf8)
    // 1, -2, the smallest subnormal, infinity; 1, -1.5; -3, 7.
    bytes += Data([0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00, 0x00, 0x7C, 0x80, 0x3F, 0xC0, 0xBF, 0xFD, 0x07])
    try bytes.write(to: URL(fileURLWithPath: path))
    let read = try SafeTensors(contentsOf: path)
    #expect(read.tensors["h"]?.scalars == [1, -2, 0x1p-24, .infinity])
    #expect(read.tensors["b"]?.scalars == [1, -1.5])
    #expect(read.tensors["i"]?.scalars == [-3, 7])
  }

  @Test("missing files, folders and unwritable places are told apart")
  func paths() {
    #expect(throws: FileError.missing(path: "/nonexistent/file")) { try SafeTensors(contentsOf: "/nonexistent/file") }
    #expect(throws: FileError.unreadable(path: "/", reason: "not a regular file")) { try SafeTensors(contentsOf: "/") }
    #expect(throws: FileError.self) { try sample.write(to: "/nonexistent/file") }
  }
}

@Suite("Folders that are replaced whole")
struct FolderReplacementTests {
  @Test("a folder appears whole, is replaced whole, and nothing else is ever replaced")
  func replacement() throws {
    let files = FileManager.default
    let parent = files.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try files.createDirectory(atPath: parent, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: parent) }
    let (path, known) = ("\(parent)/model", Set(["model.json"]))
    for content in ["first", "second"] {
      let folder = try FolderReplacement(path: path + "/", files: known, replacing: content == "second")
      try writeAtomically(Array(content.utf8), to: "\(folder.temporaryPath)/model.json")
      try folder.commit()
      #expect(try String(contentsOfFile: "\(path)/model.json", encoding: .utf8) == content)
      #expect(try files.contentsOfDirectory(atPath: parent) == ["model"])
    }
    #expect(throws: FileError.alreadyExists(path: path)) {
      try FolderReplacement.check(path, files: known, replacing: false)
    }
    #expect(throws: FileError.self) { try FolderReplacement.check("", files: known, replacing: true) }
    try FolderReplacement.check("\(parent)/new/", files: known, replacing: false)
    // A link stays one, and what it leads to is replaced.
    try files.createSymbolicLink(atPath: "\(parent)/link", withDestinationPath: path)
    let behindLink = try FolderReplacement(path: "\(parent)/link", files: known, replacing: true)
    try writeAtomically(Array("third".utf8), to: "\(behindLink.temporaryPath)/model.json")
    try behindLink.commit()
    #expect(try String(contentsOfFile: "\(path)/model.json", encoding: .utf8) == "third")
    #expect(try files.destinationOfSymbolicLink(atPath: "\(parent)/link") == path)
    try files.removeItem(atPath: "\(parent)/link")

    try Data().write(to: URL(fileURLWithPath: "\(path)/thesis.txt"))
    #expect(throws: FileError.self) { try FolderReplacement.check(path, files: known, replacing: true) }
    let abandoned = try FolderReplacement(path: "\(parent)/other", files: known, replacing: false)
    abandoned.abandon()
    #expect(try files.contentsOfDirectory(atPath: parent) == ["model"])
  }

  @Test("folders of files within one are written and replaced whole, and what else lies in them is never touched")
  func nested() throws {
    let files = FileManager.default
    let parent = files.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try files.createDirectory(atPath: parent, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: parent) }
    let (path, known) = ("\(parent)/package", Set(["list", "data/inner/weights"]))
    for content in ["first", "second"] {
      let folder = try FolderReplacement(path: path, files: known, replacing: content == "second")
      for name in ["data", "data/inner"] { try folder.makeFolder(name) }
      for name in known { try writeAtomically(Array(content.utf8), to: "\(folder.temporaryPath)/\(name)") }
      try folder.commit()
      for name in known { #expect(try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) == content) }
      #expect(try files.contentsOfDirectory(atPath: parent) == ["package"])
    }
    for foreign in ["other", "data/other", "data/inner/other", "data/outer/weights"] {
      let file = "\(path)/\(foreign)"
      let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
      try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: file))
      #expect(throws: FileError.self, "\(foreign)") {
        try FolderReplacement.check(path, files: known, replacing: true)
      }
      try files.removeItem(atPath: foreign.contains("outer") ? folder : file)
    }
    // A link to a folder is not that folder.
    try files.moveItem(atPath: "\(path)/data", toPath: "\(parent)/elsewhere")
    try files.createSymbolicLink(atPath: "\(path)/data", withDestinationPath: "\(parent)/elsewhere")
    #expect(throws: FileError.self) { try FolderReplacement.check(path, files: known, replacing: true) }
    try files.removeItem(atPath: "\(path)/data")
    try FolderReplacement.check(path, files: known, replacing: true)
    // Half of it is removed with the folders.
    let abandoned = try FolderReplacement(path: "\(parent)/half", files: known, replacing: false)
    try abandoned.makeFolder("data")
    try abandoned.makeFolder("data/inner")
    try writeAtomically([1], to: "\(abandoned.temporaryPath)/data/inner/weights")
    abandoned.abandon()
    #expect(try files.contentsOfDirectory(atPath: parent).sorted() == ["elsewhere", "package"])
  }
}
