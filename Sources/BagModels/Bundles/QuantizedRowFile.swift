import ModelFiles
import Tensors

extension RowStorage {
  static let normCodesName = "row_norm_codes"
  static let normsName = "norms"
  static let codebookName = "codebook"
}

/// Product-quantised rows in a file: the codes [R, parts] as `rows`, the centroids as `codebook` [parts, 256, elements of a
/// part] with zeros where the last part has fewer, and maybe `row_norm_codes` [R] and `norms` [256].
extension QuantizedRowTable {
  /// The tensors as a file has them. Centroids have two bytes a number, which rounds them less than the codes do the rows.
  var storedTensors: (stored: [String: StoredTensor], tensors: [String: Tensor]) {
    let (parts, size) = (quantizer.parts, quantizer.partWidth)
    var book: [Float16] = []
    var place = 0
    for part in 0..<parts {
      let own = min(size, dimensions - part * size)
      for _ in 0..<ProductQuantizer.centroidCount {
        for k in 0..<size { book.append(k < own ? Float16(quantizer.centroids[place + k]) : 0) }
        place += own
      }
    }
    var stored = [
      RowStorage.rowsName: StoredTensor(codes, type: .uint8, shape: [count, parts]),
      RowStorage.codebookName: StoredTensor(
        book.withUnsafeBytes { Array($0) }, type: .float16, shape: [parts, ProductQuantizer.centroidCount, size]),
    ]
    guard !normCodes.isEmpty else { return (stored, [:]) }
    stored[RowStorage.normCodesName] = StoredTensor(normCodes, type: .uint8, shape: [count])
    return (stored, [RowStorage.normsName: Tensor(norms)])
  }

  /// Reads rows of a known number and size; nil when the file has others.
  init?(_ weights: SafeTensors, codes: StoredTensor, count: Int, dimensions: Int) {
    guard let book = weights.stored[RowStorage.codebookName], book.type == .float16, book.shape.count == 3
    else { return nil }
    let (parts, size) = (book.shape[0], book.shape[2])
    guard book.shape[1] == ProductQuantizer.centroidCount, (1...dimensions).contains(size),
      parts == (dimensions + size - 1) / size, codes.shape == [count, parts]
    else { return nil }
    let numbers = book.withBytes { bytes in
      (0..<bytes.byteCount / 2).map { Float(bytes.unsafeLoadUnaligned(fromByteOffset: 2 * $0, as: Float16.self)) }
    }
    var centroids: [Float] = []
    centroids.reserveCapacity(ProductQuantizer.centroidCount * dimensions)
    for part in 0..<parts {
      let own = min(size, dimensions - part * size)
      for centroid in 0..<ProductQuantizer.centroidCount {
        let first = (part * ProductQuantizer.centroidCount + centroid) * size
        centroids += numbers[first..<first + own]
      }
    }
    func bytes(_ tensor: StoredTensor) -> [UInt8] {
      tensor.withBytes { span in span.withUnsafeBytes { Array($0) } }
    }
    let quantizer = ProductQuantizer(dimensions: dimensions, partWidth: size, centroids: centroids)
    guard let normCodes = weights.stored[RowStorage.normCodesName] else {
      self.init(quantizer: quantizer, codes: bytes(codes))
      return
    }
    guard normCodes.type == .uint8, normCodes.shape == [count], let norms = weights.tensors[RowStorage.normsName],
      norms.shape == [ProductQuantizer.centroidCount]
    else { return nil }
    self.init(quantizer: quantizer, codes: bytes(codes), normCodes: bytes(normCodes), norms: norms.scalars)
  }
}
