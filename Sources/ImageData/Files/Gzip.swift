import CCompression

/// The bytes of a file, decompressed where it is a gzip file.
///
/// - Parameter limit: bytes above which it is refused, so that a small file cannot fill the memory.
func readMaybeCompressed(_ path: String, limit: Int = 1 << 30) throws(ImageError) -> [UInt8] {
  let bytes = try readFile(path)
  guard bytes.starts(with: [0x1F, 0x8B]) else { return bytes }
  let (result, isWhole) = try decompressed(bytes, path: path, upTo: limit)
  guard isWhole else { throw .damagedData(path: path, reason: "more than \(limit) bytes when decompressed") }
  return result
}

/// The first bytes of a file as ``readMaybeCompressed(_:limit:)`` gives them, and whether it is compressed.
func firstMaybeCompressedBytes(of path: String, _ count: Int) throws(ImageError) -> (bytes: [UInt8], isCompressed: Bool)
{
  let head = try firstBytes(of: path, count)
  guard head.starts(with: [0x1F, 0x8B]) else { return (head, false) }
  // What so many bytes become at most is shorter than the file by far: a part of it is enough.
  let bytes = try firstBytes(of: path, 1 << 16)
  return (Array(try decompressed(bytes, path: path, upTo: count).bytes.prefix(count)), true)
}

/// Decompresses bytes until they end, or some more than `limit` of them are there.
private func decompressed(
  _ bytes: [UInt8], path: String, upTo limit: Int
) throws(ImageError) -> (bytes: [UInt8], isWhole: Bool) {
  guard let decoder = ccompression_open(ccompression_gzip) else {
    throw .unreadable(path: path, reason: "zlib is not installed")
  }
  defer { ccompression_close(decoder) }
  var result: [UInt8] = []
  var used = 0
  var produced = 0
  while produced <= limit {
    if result.count - produced < 1 << 16 {
      result.append(contentsOf: repeatElement(0, count: max(min(4 * bytes.count, limit), 1 << 17)))
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
    if status == 1, used == bytes.count {
      result.removeLast(result.count - produced)
      return (result, true)
    }
    guard status >= 0, !(isStuck && status == 0) else {
      throw .damagedData(path: path, reason: "the gzip data are damaged or cut short")
    }
  }
  result.removeLast(result.count - produced)
  return (result, false)
}
