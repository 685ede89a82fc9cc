import CKernels
import COpenBLAS

/// The instruction sets that the kernels exist for.
package enum KernelLevel: String, CaseIterable, Sendable {
  case plain, avx2

  var cValue: kernel_level {
    switch self {
    case .plain: kernel_level_plain
    case .avx2: kernel_level_avx2
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

  /// Where the `kernel_table` in use is, for modules that have kernels of their own in it.
  package static let tableAddress = Int(bitPattern: table)
}

/// The table of kernels in use.
@inline(__always)
var kernels: kernel_table { Kernels.table.pointee }
