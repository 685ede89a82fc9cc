import CKernels
import ModelFiles
import Tensors

nonisolated(unsafe) private let kernelTable: UnsafePointer<kernel_table> = {
  guard let table = UnsafePointer<kernel_table>(bitPattern: Kernels.tableAddress) else {
    preconditionFailure("the plain kernels are always there")
  }
  return table
}()

/// The table of kernels in use.
@inline(__always)
var kernels: kernel_table { kernelTable.pointee }

/// A matrix [R, D] of a model of fastText, where the file has it: floats, or bytes of a product quantiser.
struct FastTextMatrix: Sendable {
  /// R
  let rowCount: Int
  /// D
  let dimensions: Int
  private let file: MappedFile
  /// The floats, or the codes.
  private let bytes: Range<Int>
  private let quantizer: FastTextQuantizer?

  var isQuantized: Bool { quantizer != nil }

  /// Reads a matrix whose columns are `dimensions`.
  ///
  /// - Parameter name: what errors call it.
  init(
    _ reader: inout FastTextReader, name: String, quantized: Bool, dimensions: Int
  ) throws(ExchangeError) {
    let hasNorms = quantized ? try reader.flag("\(name): qnorm") : false
    rowCount = try reader.int64("\(name): rows", in: 1...Int(Int32.max))
    let columns = try reader.int64("\(name): columns")
    guard columns == dimensions else {
      throw reader.malformed("\(name): columns", "there are \(columns), args.dim is \(dimensions)")
    }
    self.dimensions = dimensions
    file = reader.file
    guard quantized else {
      let (size, overflow) = dimensions.multipliedReportingOverflow(by: 4)
      guard !overflow else { throw reader.malformed("\(name): columns", "there are \(columns)") }
      bytes = try reader.block("\(name): rows", count: rowCount, size: size)
      quantizer = nil
      return
    }
    let size = try reader.int32("\(name): codesize", in: 0...Int(Int32.max))
    bytes = try reader.block("\(name): codesize", count: size, size: 1)
    quantizer = try FastTextQuantizer(&reader, name: name, rows: rowCount, dimensions: dimensions, hasNorms: hasNorms)
    guard let quantizer, size == rowCount * quantizer.parts else {
      throw reader.malformed(
        "\(name): codesize", "there are \(size) codes, \(rowCount) rows of \(quantizer?.parts ?? 0) are wanted")
    }
  }

  /// The sum of some rows; `out` has D elements.
  func sum(_ rows: [Int32], into out: inout [Float]) {
    file.withBytes(bytes) { span in
      span.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        guard let quantizer else {
          kernels.sum_packed_rows(base, dimensions, rows, rows.count, &out)
          return
        }
        quantizer.withTable(base, file) { kernels.sum_quantized_rows($0, rows, rows.count, &out) }
      }
    }
  }

  /// The products of consecutive rows with a vector of D elements, written to the beginning of `out`.
  func dot(first: Int, count: Int, _ x: [Float], into out: inout [Float]) {
    file.withBytes(bytes) { span in
      span.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        guard let quantizer else {
          kernels.dot_packed_rows(base, dimensions, first, count, x, &out)
          return
        }
        quantizer.withTable(base, file) { kernels.dot_quantized_rows($0, first, count, x, &out) }
      }
    }
  }
}

/// What the codes of a quantised matrix stand for: 256 centroids for each part of a row, and, where rows were brought to
/// length 1 first, 256 lengths.
private struct FastTextQuantizer: Sendable {
  /// Centroids of a part: what a byte can tell apart.
  private static let centroidCount = 256

  let parts: Int
  private let partWidth: Int
  private let width: Int
  private let centroids: [Float]
  private let normCodes: Range<Int>?
  private let norms: [Float]

  init(
    _ reader: inout FastTextReader, name: String, rows: Int, dimensions: Int, hasNorms: Bool
  ) throws(ExchangeError) {
    width = dimensions
    (parts, partWidth) = try Self.shape(&reader, name: "\(name): quantizer", dimensions: dimensions)
    centroids = try Self.centroids(&reader, "\(name): quantizer", dimensions)
    guard hasNorms else {
      normCodes = nil
      norms = []
      return
    }
    normCodes = try reader.block("\(name): norm codes", count: rows, size: 1)
    _ = try Self.shape(&reader, name: "\(name): norm quantizer", dimensions: 1)
    norms = try Self.centroids(&reader, "\(name): norm quantizer", 1)
  }

  private static func centroids(
    _ reader: inout FastTextReader, _ name: String, _ dimensions: Int
  ) throws(ExchangeError) -> [Float] {
    let (count, overflow) = dimensions.multipliedReportingOverflow(by: centroidCount)
    guard !overflow else { throw reader.malformed("\(name).dim", "it is \(dimensions)") }
    return try reader.floats("\(name).centroids", count: count)
  }

  /// Reads how rows are cut into parts. Of the last part the width may be another.
  private static func shape(
    _ reader: inout FastTextReader, name: String, dimensions: Int
  ) throws(ExchangeError) -> (parts: Int, partWidth: Int) {
    let width = try reader.int32("\(name).dim")
    guard width == dimensions else {
      throw reader.malformed("\(name).dim", "it is \(width), rows have \(dimensions) elements")
    }
    let parts = try reader.int32("\(name).nsubq")
    let partWidth = try reader.int32("\(name).dsub", in: 1...dimensions)
    let last = try reader.int32("\(name).lastdsub", in: 1...partWidth)
    guard parts == (dimensions + partWidth - 1) / partWidth else {
      throw reader.malformed("\(name).nsubq", "it is \(parts), for \(dimensions) elements by \(partWidth)")
    }
    guard (parts - 1) * partWidth + last == dimensions else {
      throw reader.malformed("\(name).lastdsub", "it is \(last), for \(dimensions) elements by \(partWidth)")
    }
    return (parts, partWidth)
  }

  /// Calls `body` with the table as the kernels know it.
  func withTable(_ codes: UnsafeRawPointer, _ file: MappedFile, _ body: (UnsafePointer<quantized_rows>) -> Void) {
    centroids.withUnsafeBufferPointer { centroids in
      norms.withUnsafeBufferPointer { norms in
        guard let centroids = centroids.baseAddress else { return }
        func call(_ normCodes: UnsafePointer<UInt8>?) {
          var table = quantized_rows(
            codes: codes.assumingMemoryBound(to: UInt8.self), parts: parts, part_width: partWidth, width: width,
            centroids: centroids, norm_codes: normCodes, norms: normCodes == nil ? nil : norms.baseAddress)
          body(&table)
        }
        guard let normCodes else { return call(nil) }
        file.withBytes(normCodes) { span in
          span.withUnsafeBytes { call($0.baseAddress?.assumingMemoryBound(to: UInt8.self)) }
        }
      }
    }
  }
}
