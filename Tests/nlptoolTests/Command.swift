import Foundation

/// Runs the program that was built beside the tests.
enum Command {
  struct Result {
    let code: Int32
    let output: String
    let errors: String
  }

  /// The program that the build put beside the tests.
  static let program: URL = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/",
      !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("nlptool").path)
    {
      folder = folder.deletingLastPathComponent()
    }
    return folder.appendingPathComponent("nlptool")
  }()

  static func run(_ arguments: [String], input: Data = Data()) throws -> Result {
    try run(program, arguments, input: input)
  }

  /// Runs a line of bash in which $0 is the program and $1 the first argument.
  static func runShell(_ script: String, _ arguments: [String]) throws -> Result {
    try run(URL(fileURLWithPath: "/bin/bash"), ["-c", script, program.path] + arguments, input: Data())
  }

  private static func run(_ executable: URL, _ arguments: [String], input: Data) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
    let name = UUID().uuidString
    let files = ["in", "out", "err"].map { folder.appendingPathComponent("nlptool-\(name).\($0)") }
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    try input.write(to: files[0])
    for file in files[1...] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    return Result(
      code: process.terminationStatus, output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
  }

  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// A small corpus that a model learns at once.
  static let corpus =
    "label\ttext\n"
    + (0..<60).map { "\($0 % 2 == 0 ? "positive" : "negative")\tit was \($0 % 2 == 0 ? "lovely" : "awful") \($0 % 5)" }
    .joined(separator: "\n") + "\n"

  static let quick = ["--epochs", "2", "--embedding-size", "8", "--filters", "8", "--quiet", "--minimum-count", "1"]
}
