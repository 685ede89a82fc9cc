import BagModels
import FoundationEssentials
import Glibc
import ModelFiles
import TextModels
import Training

/// The JSON of `train --report`.
struct TrainingReport: Encodable {
  let command: [String]
  let model: String
  var history: TrainingHistory?
  let seconds: Double
  var network: TextNetworkConfiguration?
  var bag: BagClassifierOptions?
  var test: TextEvaluation?

  func write(to path: String) throws(CommandFailure) { try writeJSON(self, to: path) }
}

/// The JSON of `train --folds N --report`.
struct CrossValidationReport: Encodable {
  let folds: [TextEvaluation]
  let metric: ValidationResult.Metric
  let mean: Double
  let deviation: Double

  init(_ folds: [TextEvaluation]) {
    self.folds = folds
    let results = folds.map(\.validation)
    metric = results.first?.metric ?? .accuracy
    let mean = results.reduce(0) { $0 + $1.value } / Double(max(results.count, 1))
    self.mean = mean
    let squares = results.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) }
    deviation = (squares / Double(max(results.count - 1, 1))).squareRoot()
  }
}

func writeJSON(_ value: some Encodable, to path: String) throws(CommandFailure) {
  do {
    try writeAtomically(Array(encodedJSON(value, pretty: true).utf8), to: path)
  } catch {
    throw CommandFailure(error) ?? CommandFailure(.software, "\(error)")
  }
}

/// Keys in order, so that the same values give the same text; with a line end.
func encodedJSON(_ value: some Encodable, pretty: Bool) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
  if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
  return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}

/// Asks before hours of work whether a file or a folder can be read.
func checkReadable(_ path: String) throws(CommandFailure) {
  guard path != "-", access(path, R_OK) != 0 else { return }
  throw CommandFailure(.input, "\(path): \(String(cString: strerror(errno))); check the path")
}

/// Refuses to replace a file that nobody asked to replace, and one that cannot be written.
func checkNew(_ path: String, force: Bool) throws(CommandFailure) {
  if !force, access(path, F_OK) == 0 {
    throw CommandFailure(.cannotCreate, "\(path): it exists already; choose another name, or --force to replace it")
  }
  try checkWritable(path)
}

/// Asks before hours of work whether a file can be written.
func checkWritable(_ path: String) throws(CommandFailure) {
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
    throw CommandFailure(.cannotCreate, "\(path): cannot be created (a folder is there); choose another name")
  }
  let folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
  let parent = folder.isEmpty ? "/" : folder
  guard access(parent, W_OK) == 0 else {
    throw CommandFailure(.cannotCreate, "\(path): cannot be created (\(parent): \(String(cString: strerror(errno))))")
  }
}
