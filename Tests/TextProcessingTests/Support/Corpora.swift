import Foundation
import TextProcessing

/// The real data sets that some tests read, where the environment variable NLPTOOL_CORPORA says where they are.
enum Corpora {
  static let folder: String? = variable("NLPTOOL_CORPORA")
  static var areThere: Bool { folder != nil }
  static let missing = "skipped: NLPTOOL_CORPORA does not say where the data sets are"

  /// Whether tests that take long are wanted.
  static let longTests = variable("NLPTOOL_LONG_TESTS") != nil

  static func path(_ file: String) -> String { (folder ?? "") + "/" + file }

  /// The first lines of a file.
  static func lines(of file: String, limit: Int = .max) throws -> [[UInt8]] {
    let reader = try LineReader(path: path(file))
    var lines: [[UInt8]] = []
    while lines.count < limit, try reader.advance() {
      lines.append(reader.withLine { $0.withUnsafeBufferPointer { Array($0) } })
    }
    return lines
  }

  private static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// A file or folder for one test, removed with the value.
final class TemporaryPath {
  private let folder: URL
  let path: String

  init(_ name: String = "file") throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-tests-\(UUID().uuidString)")
    path = folder.appendingPathComponent(name).path
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  convenience init(_ name: String = "file", containing bytes: [UInt8]) throws {
    try self.init(name)
    try write(bytes)
  }

  convenience init(_ name: String = "file", containing text: String) throws {
    try self.init(name, containing: Array(text.utf8))
  }

  /// Writes the file, or a file in the folder.
  func write(_ bytes: [UInt8], to inner: String = "") throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + inner))
  }

  func makeFolder(_ inner: String = "") throws {
    try FileManager.default.createDirectory(atPath: path + inner, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }
}
