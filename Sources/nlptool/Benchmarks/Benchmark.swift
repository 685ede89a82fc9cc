import Glibc
import Tensors

/// One case of `nlptool bench`.
protocol Benchmark: Sendable {
  /// Family and case, such as `rnn/train/s1/lstm`.
  var name: String { get }
  func measure(_ stopwatch: Stopwatch) throws -> BenchmarkResult
}

/// A case that reads the texts of `--text`.
protocol TextBenchmark: Benchmark {}

/// A line of the result.
struct BenchmarkResult {
  let name: String
  let metric: String
  let value: Double
  let unit: String
  /// Further numbers by name.
  var details: [(String, Double)] = []

  var json: String {
    let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
    var fields = [
      "\"family\":\(parts[0].asJSON)", "\"case\":\(parts[1].asJSON)", "\"threads\":\(Parallelism.threads)",
      "\"metric\":\(metric.asJSON)", "\"value\":\(value.fixed(4))", "\"unit\":\(unit.asJSON)",
      "\"peak_mb\":\(Self.peakMegabytes.fixed(1))",
    ]
    fields += details.map { "\($0.0.asJSON):\($0.1.isFinite ? $0.1.fixed(6) : "null")" }
    return "{\(fields.joined(separator: ","))}"
  }

  /// Operations a second beside what the processor reaches at most, measured once in the same run: the roofline.
  static func roofline(operations: Double, seconds: Double) -> [(String, Double)] {
    [
      ("gflops", operations / seconds / 1e9), ("peak_gflops", peak / 1e9),
      ("share_of_peak", operations / seconds / peak),
    ]
  }

  private static let peak = Kernels.measurePeak()

  private static var peakMegabytes: Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}

/// Times a piece of work.
struct Stopwatch {
  /// Repeats go on for so long.
  let leastSeconds: Double
  private let leastRepeats = 7
  private let warmUps = 2

  /// The median time of one call, in seconds. Short calls are timed in groups.
  func median(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    for _ in 0..<warmUps { try work() }
    let estimate = start.secondsToNow / Double(warmUps)
    let group = max(1, Int(0.01 / max(estimate, 1e-7)))
    var times: [Double] = []
    let begin = ContinuousClock.now
    while times.count < leastRepeats || begin.secondsToNow < leastSeconds {
      let start = ContinuousClock.now
      for _ in 0..<group { try work() }
      times.append(start.secondsToNow / Double(group))
      if times.count >= 3, begin.secondsToNow > 8 * leastSeconds { break }
    }
    return times.sorted()[times.count / 2]
  }
}

extension String {
  /// Whether the whole string matches a pattern in which * stands for any characters and ? for one.
  func matches(glob pattern: String) -> Bool {
    let (text, pattern) = (Array(unicodeScalars), Array(pattern.unicodeScalars))
    // Where to go on after a mismatch: behind the last star, one character further in the text.
    var (position, place) = (0, 0)
    var restart: (place: Int, position: Int)?
    while position < text.count {
      if place < pattern.count, pattern[place] == "*" {
        restart = (place + 1, position)
        place += 1
      } else if place < pattern.count, pattern[place] == "?" || pattern[place] == text[position] {
        place += 1
        position += 1
      } else if let last = restart {
        restart = (last.place, last.position + 1)
        (place, position) = (last.place, last.position + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}
