/// Why an operator cannot compute; the model's runtime says which one it was.
enum OperatorFault: Error {
  /// Its operands or attributes are not what the operator takes.
  case wrong(String)
  /// They are, and are not computed here.
  case unsupported(String)

  /// A missing operand, by number.
  static func missing(_ index: Int) -> OperatorFault { .wrong("input[\(index)] is missing") }
}

/// How large a value may become: what a shape in a file asks for is checked before there is memory for it.
enum ValueLimit {
  /// Bytes of one value. Elements count as eight, whatever their type, since some operators compute with wider ones than
  /// they are given.
  @TaskLocal static var bytes = 1 << 36

  /// The number of elements of a shape that is about to be made.
  ///
  /// - Parameter size: bytes of an element; 0 where no memory is taken.
  static func count(_ shape: [Int], size: Int = 4) throws(OperatorFault) -> Int {
    guard shape.count <= 64 else { throw .wrong("a value of \(shape.count) dimensions; there may be 64") }
    var count = 1
    for extent in shape {
      guard extent >= 0 else { throw .wrong("a value of the shape \(shape) has a negative extent") }
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard !overflows else { throw .wrong("a value of the shape \(shape) is too large") }
      count = product
    }
    // A zero among large extents must not hide their product, which strides and loops are made of.
    let limit = count == 0 ? 1 << 22 : 1 << 48
    var extents = 1
    for extent in shape where extent > 0 {
      let (product, overflows) = extents.multipliedReportingOverflow(by: extent)
      guard !overflows, product <= limit else { throw .wrong("a value of the shape \(shape) is too large") }
      extents = product
    }
    guard size == 0 || count <= bytes / max(size, 8) else {
      throw .wrong("a value of the shape \(shape) is larger than the \(bytes >> 20) MB that one may have")
    }
    return count
  }
}
