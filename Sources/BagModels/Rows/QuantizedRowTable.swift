import CKernels
import Tensors

/// A table of product-quantised rows: a byte for some elements, which stands for one of 256 centroids, and maybe one for
/// the length of the row.
struct QuantizedRowTable: Sendable {
  let count: Int
  let quantizer: ProductQuantizer
  /// R × parts
  let codes: [UInt8]
  /// Of each row, where rows were brought to length 1 before; otherwise empty.
  let normCodes: [UInt8]
  /// The 256 lengths that these stand for.
  let norms: [Float]

  var dimensions: Int { quantizer.dimensions }

  /// Rows of codes; the caller has checked the sizes.
  init(quantizer: ProductQuantizer, codes: [UInt8], normCodes: [UInt8] = [], norms: [Float] = []) {
    count = codes.count / quantizer.parts
    self.quantizer = quantizer
    self.codes = codes
    self.normCodes = normCodes
    self.norms = norms
  }

  /// The nearest codes to some rows, one behind the other.
  ///
  /// - Parameter normalizes: whether directions and lengths are rounded apart.
  init(_ rows: [Float], dimensions: Int, partWidth: Int, normalizes: Bool, random: RandomStream) {
    var rows = rows
    var lengths: [Float] = []
    if normalizes {
      for row in 0..<rows.count / dimensions {
        let range = row * dimensions..<(row + 1) * dimensions
        let length = rows[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
        lengths.append(length)
        if length > 0 { for index in range { rows[index] /= length } }
      }
    }
    let (quantizer, codes) = ProductQuantizer.fit(
      rows, dimensions: dimensions, partWidth: partWidth, random: random.split("rows"))
    guard normalizes else {
      self.init(quantizer: quantizer, codes: codes)
      return
    }
    let norms = ProductQuantizer.fit(lengths, dimensions: 1, partWidth: 1, random: random.split("norms"))
    self.init(quantizer: quantizer, codes: codes, normCodes: norms.codes, norms: norms.quantizer.centroids)
  }

  /// The sum of some rows; `out` gets D elements.
  func sum(_ rows: [Int32], into out: UnsafeMutablePointer<Float>) {
    codes.withUnsafeBufferPointer { codes in
      quantizer.centroids.withUnsafeBufferPointer { centroids in
        normCodes.withUnsafeBufferPointer { normCodes in
          norms.withUnsafeBufferPointer { norms in
            guard let codes = codes.baseAddress, let centroids = centroids.baseAddress else { return }
            let hasNorms = !normCodes.isEmpty
            var table = quantized_rows(
              codes: codes, parts: quantizer.parts, part_width: quantizer.partWidth, width: dimensions,
              centroids: centroids, norm_codes: hasNorms ? normCodes.baseAddress : nil,
              norms: hasNorms ? norms.baseAddress : nil)
            kernels.sum_quantized_rows(&table, rows, rows.count, out)
          }
        }
      }
    }
  }

  /// A row's D elements.
  func vector(_ row: Int) -> [Float] {
    var vector = [Float](repeating: 0, count: dimensions)
    sum([Int32(truncatingIfNeeded: row)], into: &vector)
    return vector
  }
}
