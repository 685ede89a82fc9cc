import ArgumentParser
import Foundation
import ModelExchange
import ModelFiles

/// `nlptool run`
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a model in the format ONNX, with arrays of NumPy in and out.",
    discussion: """
      The model is computed by nlptool's own kernels on the processor. Inputs are .npy files of the types and shapes \
      that --list shows; float16 is given and found as float32. An operator that is not supported is named before \
      anything runs.

      Examples:
        nlptool run model.onnx --list
        nlptool run model.onnx --input ids=ids.npy --output results
        nlptool run resnet50.onnx --input image=image.npy --repeat 20
      """)

  @Argument(help: ArgumentHelp("The model, a .onnx file.", valueName: "model"))
  var model: String

  @Option(
    help: ArgumentHelp("An input's name and the .npy file with its numbers; once for each.", valueName: "name=file"))
  var input: [String] = []

  @Option(help: ArgumentHelp("Folder for NAME.npy of each output. (default: nothing is written)", valueName: "folder"))
  var output: String?

  @Flag(help: "Print name, type and shape of every input and output instead.")
  var list = false

  @Option(help: ArgumentHelp("Run so many times, and say the median time of a run.", valueName: "number"))
  var `repeat`: Int?

  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    if let `repeat`, !(1...1_000_000).contains(`repeat`) {
      throw ValidationError("--repeat takes a number from 1 to 1000000")
    }
    for one in input where !one.dropFirst().contains("=") || one.hasSuffix("=") {
      throw ValidationError("--input takes NAME=FILE.npy, not \"\(one)\"")
    }
    if list, !input.isEmpty || output != nil || `repeat` != nil {
      throw ValidationError("--list runs nothing: leave --input, --output and --repeat out")
    }
  }

  func run() throws {
    compute.apply()
    let loaded = try ONNXRuntimeModel(contentsOf: model)
    if list { return try StandardOutput.shared.write(Self.table(of: loaded)) }
    let inputs = try readInputs(of: loaded)
    if let output, mkdir(output, 0o777) != 0, errno != EEXIST {
      throw FileError.cannotCreate(path: output, reason: String(cString: strerror(errno)))
    }
    var (results, times): ([String: ONNXValue], [Double]) = ([:], [])
    for _ in 0..<(`repeat` ?? 1) {
      let start = ContinuousClock.now
      results = try loaded.run(inputs)
      let time = start.duration(to: .now).components
      times.append(Double(time.seconds) * 1e3 + Double(time.attoseconds) * 1e-15)
    }
    if `repeat` != nil {
      let median = times.sorted()[times.count / 2]
      StandardError.write("median of \(times.count) runs: \(String(format: "%.3f", median)) ms\n")
    }
    var files: Set<String> = []
    for description in loaded.outputs {
      guard let value = results[description.name] else { continue }
      if let output {
        // Two names may come to the same: a number makes them two.
        var file = Self.fileName(description.name)
        var number = 1
        while !files.insert(file).inserted {
          number += 1
          file = "\(Self.fileName(description.name))_\(number)"
        }
        try NumPyArrays.write(value, to: "\(output)/\(file).npy")
      } else if `repeat` == nil {
        try StandardOutput.shared.write("\(description.name)\t\(value.type) \(value.shape)\n")
      }
    }
  }

  /// A line for each input and output.
  private static func table(of model: ONNXRuntimeModel) -> String {
    let inputs = model.inputs.map { "input\t\(fileName($0.name, separators: []))\t\($0)\n" }
    let outputs = model.outputs.map { "output\t\(fileName($0.name, separators: []))\t\($0)\n" }
    return (inputs + outputs).joined()
  }

  /// Names may hold what separates folders, and what a terminal would obey.
  private static func fileName(_ name: String, separators: Set<Unicode.Scalar> = ["/"]) -> String {
    let parts = name.unicodeScalars.map {
      separators.contains($0) || $0.properties.generalCategory == .control ? "_" : $0
    }
    let text = String(String.UnicodeScalarView(parts))
    return text == "." || text == ".." ? "_" : text
  }

  private func readInputs(of model: ONNXRuntimeModel) throws -> [String: ONNXValue] {
    var values: [String: ONNXValue] = [:]
    for one in input {
      // A name may hold the sign too: the longest that the model knows counts.
      let signs = one.indices.filter { one[$0] == "=" }
      let known = signs.last { sign in model.inputs.contains { $0.name == one[..<sign] } }
      guard let sign = known ?? signs.first else { continue }
      let name = String(one[..<sign])
      guard values[name] == nil else { throw CommandFailure(.usage, "--input: \(name) is given twice") }
      values[name] = try NumPyArrays.read(String(one[one.index(after: sign)...]))
    }
    return values
  }
}
