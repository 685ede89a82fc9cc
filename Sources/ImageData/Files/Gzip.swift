import CCompression

/// The bytes of a file, decompressed where it is a gzip file.
///
/// - Parameter limit: bytes above which it is refused, so that a small file cannot fill the memory.
func readMaybeCompressed(_ path: String, limit: Int = 4 << 30) throws(ImageError) -> [UInt8] {
  let bytes = try readFile(path)
  guard bytes.starts(with: [0x1F, 0x8B]) else { return bytes }
  guard let decoder = ccompression_open(ccompression_gzip) else {
    throw .unreadable(path: path, reason: "zlib is not installed")
  }
  defer { ccompression_close(decoder) }
  var result: [UInt8] = []
  var used = 0
  var produced = 0
  while true {
    guard produced < limit else { throw .damagedData(path: path, reason: "more than \(limit) bytes when decompressed") }
    if result.count - produced < 1 << 16 {
      result.append(contentsOf: repeatElement(0, count: max(4 * bytes.count, 1 << 17)))
    }
    var (inputLeft, outputLeft) = (bytes.count - used, result.count - produced)
    let status = bytes.withUnsafeBufferPointer { input in
      result.withUnsafeMutableBufferPointer { output -> Int32 in
        guard let from = input.baseAddress, let to = output.baseAddress else { return -1 }
        var next: UnsafePointer<UInt8>? = from + used
        var place = to + produced
        return ccompression_run(decoder, &next, &inputLeft, &place, &outputLeft)
      }
    }
    let isStuck = bytes.count - inputLeft == used && result.count - outputLeft == produced
    used = bytes.count - inputLeft
    produced = result.count - outputLeft
    if status == 1, used == bytes.count { break }
    guard status >= 0, !(isStuck && status == 0) else {
      throw .damagedData(path: path, reason: "the gzip data are damaged or cut short")
    }
  }
  result.removeLast(result.count - produced)
  return result
}
