import Glibc
import ModelFiles
import Training

/// A model before and after it was made smaller: what its weights take in the file, how good it is, and how long it takes
/// for one example.
struct ModelComparison {
  /// A model of the two.
  struct Side {
    /// What the weights take in the file.
    let size: String
    let validation: ValidationResult
    /// Computes an example.
    let compute: (Int) throws -> Void

    /// - Parameter folder: of the model.
    init(folder: String, validation: ValidationResult, compute: @escaping (Int) throws -> Void) throws {
      var status = stat()
      let path = BundleFiles.weightsPath(in: folder)
      guard stat(path, &status) == 0 else { throw FileError.missing(path: path) }
      size = "\((Double(status.st_size) / 1e6).fixed(2)) MB"
      (self.validation, self.compute) = (validation, compute)
    }
  }

  let example: String
  let exampleCount: Int
  let before: Side
  let after: Side

  /// Most examples that are timed, and for how long altogether.
  private static let mostExamples = 300
  private static let mostSeconds = 8.0

  /// The lines of the table.
  func text() throws -> String {
    let times = try medianTimes()
    var table = TextTable()
    table.add("", "weights", before.validation.metric.title, "loss", example)
    for (name, side, time) in [("before", before, times.before), ("after", after, times.after)] {
      table.add(
        name, side.size, side.validation.text, side.validation.loss.fixed(4),
        "\((time * 1e3).fixed(3)) ms")
    }
    return table.text
  }

  /// Seconds that each takes for an example, by turns, since other programs may run beside it.
  private func medianTimes() throws -> (before: Double, after: Double) {
    let step = max(1, exampleCount / Self.mostExamples)
    let start = ContinuousClock.now
    var (first, second): ([Double], [Double]) = ([], [])
    func time(_ side: Side, _ index: Int) throws -> Double {
      let start = ContinuousClock.now
      try side.compute(index)
      return start.secondsToNow
    }
    for round in 0..<4 {
      for index in stride(from: 0, to: exampleCount, by: step) {
        let times = (try time(before, index), try time(after, index))
        // The first round packs weights and fills caches.
        if round > 0 {
          first.append(times.0)
          second.append(times.1)
        }
        if first.count >= 9, start.secondsToNow > Self.mostSeconds { break }
      }
    }
    return (first.sorted()[first.count / 2], second.sorted()[second.count / 2])
  }
}
