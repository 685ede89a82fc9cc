import FoundationEssentials
import Glibc
import ModelFiles
import TextModels
import Training

/// The JSON of `train-sentiment --report`.
struct TrainingReport: Encodable {
  let command: [String]
  let model: String
  let history: TrainingHistory
  let seconds: Double
  let network: TextClassifierConfiguration
  var test: Evaluation?

  func write(to path: String) throws(CommandFailure) { try writeJSON(self, to: path) }
}

/// The JSON of `train-sentiment --folds N --report`.
struct CrossValidationReport: Encodable {
  let folds: [Evaluation]
  let meanAccuracy: Double
  let deviation: Double

  private enum CodingKeys: String, CodingKey {
    case folds
    case meanAccuracy = "mean_accuracy"
    case deviation
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

extension Evaluation {
  /// Precision, recall and F1 of each class, and the confusion matrix.
  /// What the probabilities are worth, a line each.
  var probabilityLines: String {
    guard let metrics = probabilities else { return "" }
    var text = ""
    if labels.count > 2 {
      let parts = metrics.atK.dropFirst().map {
        "P@\($0.k) \($0.precision.fixed(4)), R@\($0.k) \($0.recall.fixed(4))"
      }
      text += parts.joined(separator: ", ") + "\n"
    }
    if let area = metrics.areaUnderCurve { text += "AUC \(area.fixed(4)), " }
    return text + "expected calibration error \(metrics.calibrationError.fixed(4))\n"
  }

  var classTable: String {
    var classes = TextTable()
    classes.add("class", "precision", "recall", "F1", "texts")
    for label in labels {
      guard let metrics = perClass[label] else { continue }
      classes.add(
        label, metrics.precision.fixed(4), metrics.recall.fixed(4), metrics.f1.fixed(4), "\(metrics.support)")
    }
    var matrix = TextTable()
    matrix.add(cells: ["gold \\ predicted"] + labels)
    for (label, row) in zip(labels, confusion) { matrix.add(cells: [label] + row.map { "\($0)" }) }
    return classes.text + "\n" + matrix.text
  }
}
