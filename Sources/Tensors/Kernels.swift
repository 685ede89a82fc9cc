import CKernels
import COpenBLAS

/// The instruction sets that the kernels exist for.
package enum KernelLevel: String, CaseIterable, Sendable {
  case plain, avx2, avx512, avx512vnni

  var cValue: kernel_level {
    switch self {
    case .plain: kernel_level_plain
    case .avx2: kernel_level_avx2
    case .avx512: kernel_level_avx512
    case .avx512vnni: kernel_level_avx512vnni
    }
  }

  /// Whether this machine can run it.
  package var isAvailable: Bool { kernel_table(cValue) != nil }
}

/// The table of kernels that every operation goes through.
package enum Kernels {
  /// The best level of this machine, unless the environment variable `NLPTOOL_KERNELS` names another (for tests).
  package static let level: KernelLevel = {
    if let name = environmentVariable("NLPTOOL_KERNELS"), let level = KernelLevel(rawValue: name), level.isAvailable {
      return level
    }
    return KernelLevel.allCases.last { $0.isAvailable } ?? .plain
  }()

  nonisolated(unsafe) static let table: UnsafePointer<kernel_table> = {
    // OpenBLAS is called on tiles that we cut ourselves.
    openblas_set_num_threads(1)
    guard let table = kernel_table(level.cValue) ?? kernel_table(kernel_level_plain) else {
      preconditionFailure("the plain kernels are always there")
    }
    return table
  }()

  /// Whether products of bytes are at least as fast as those of numbers. In plain C they are not.
  package static var gainsFromBytes: Bool { level != .plain }

  /// Floating-point operations a second that the threads reach with multiply-adds alone, without any memory: what nothing
  /// can pass that computes. Takes about 50 ms.
  package static func measurePeak() -> Double {
    let rounds = 1 << 21
    let threads = ThreadPool.threads
    func run(_ rounds: Int) -> Double {
      let start = ContinuousClock.now
      parallelFor(threads) { _ in
        var numbers = [Float](repeating: 0.5, count: 16)
        kernels.multiply_adds(rounds, &numbers)
      }
      let time = start.duration(to: .now).components
      return Double(time.seconds) + Double(time.attoseconds) * 1e-18
    }
    _ = run(rounds / 8)
    let seconds = min(run(rounds), run(rounds), run(rounds))
    return Double(threads * rounds * 12 * 2 * Int(kernels.vector_floats)) / seconds
  }

  /// Where the `kernel_table` in use is, for modules that have kernels of their own in it.
  package static let tableAddress = Int(bitPattern: table)
}

/// The table of kernels in use.
@inline(__always)
var kernels: kernel_table { Kernels.table.pointee }
