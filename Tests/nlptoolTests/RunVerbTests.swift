import Foundation
import Testing

@Suite("nlptool run")
struct RunVerbTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("ModelExchangeTests/Fixtures").path
  private let model = "\(fixtures)/gru-text.onnx"
  private let input = "x=\(fixtures)/gru-text.x.npy"

  @Test("lists what a model takes and gives")
  func list() throws {
    let result = try Command.run(["run", model, "--list"])
    #expect(result.code == 0 && result.errors.isEmpty)
    #expect(result.output.hasPrefix("input\tx\tint64 [batch, time]\noutput\ty\tfloat32 [batch, "))
  }

  @Test("writes an array for each output")
  func outputs() throws {
    try Command.withFolder { folder in
      let result = try Command.run(["run", model, "--input", input, "--output", "\(folder)/out"])
      #expect(result.code == 0 && result.errors.isEmpty && result.output.isEmpty)
      let written = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/out/y.npy")))
      let wanted = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.fixtures)/gru-text.y.npy")))
      #expect(written.count == wanted.count)
      func floats(_ bytes: [UInt8]) -> [Float] {
        stride(from: bytes.count - 48, to: bytes.count, by: 4).map { place in
          Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) })
        }
      }
      #expect(zip(floats(written), floats(wanted)).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test("says how long a run takes, on standard error")
  func times() throws {
    let result = try Command.run(["run", model, "--input", input, "--repeat", "3"])
    #expect(result.code == 0 && result.output.isEmpty)
    #expect(result.errors.hasPrefix("median of 3 runs: ") && result.errors.hasSuffix(" ms\n"))
    let shapes = try Command.run(["run", model, "--input", input])
    #expect(shapes.output == "y\tfloat32 [4, 3]\n")
  }

  @Test("ends with a line and a code where something is wrong")
  func failures() throws {
    try Command.withFolder { folder in
      let broken = "\(folder)/broken.onnx"
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: broken))
      let cases: [([String], Int32)] = [
        ([model], 65), ([model, "--input", "z=\(Self.fixtures)/gru-text.x.npy"], 65), ([model, "--input", "x"], 64),
        ([model, "--input", "x=\(folder)/none.npy"], 66), ([model, "--input", "x=\(broken)"], 65), ([broken], 65),
        (["\(folder)/none.onnx"], 66), ([model, "--input", input, "--input", input], 64),
        ([model, "--input", input, "--repeat", "0"], 64), ([model, "--list", "--output", folder], 64),
        ([model, "--input", input, "--output", "\(folder)/a/b"], 73),
        ([model, "--input", "x=\(Self.fixtures)/residual-images.x.npy"], 65),
      ]
      for (arguments, code) in cases {
        let result = try Command.run(["run"] + arguments)
        #expect(result.code == code, "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty && !result.errors.isEmpty)
        if code != 64 { #expect(result.errors.split(separator: "\n").count == 1) }
      }
    }
  }
}
