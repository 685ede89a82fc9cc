@testable import TextProcessing

/// Bytes that may be no UTF-8: validation against Swift's own, on every kernel, lines, and repair with what it tells of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let offset = UTF8Validation.firstInvalidOffset(in: bytes.span)
  let isValid = String(validating: bytes, as: UTF8.self) != nil
  precondition((offset == nil) == isValid)
  if let offset { precondition(String(validating: bytes[..<offset], as: UTF8.self) != nil) }
  let reader = LineReader(bytes: bytes, name: "fuzz")
  while (try? reader.advance()) == true { reader.withLine { _ in } }
  for replaces in [true, false] { checkRepair(of: bytes, replaces: replaces) }
  return 0
}

/// Bytes that are given a few at a time.
private final class MemoryStage: ByteStage {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var hasBytes: Bool { true }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, rest.count, 1 + rest.count % 7)
    buffer.copyBytes(from: rest.prefix(count))
    rest = rest.dropFirst(count)
    return count
  }
}

/// What is mended must be what Swift makes of the bytes, and each piece of it where the repairs say.
private func checkRepair(of bytes: [UInt8], replaces: Bool) {
  let stage = RepairStage(MemoryStage(bytes), replaces: replaces)
  stage.keepsRepairs = true
  var (mended, repairs) = ([UInt8](), TextRepairs())
  var block = [UInt8](repeating: 0, count: 5)
  while let count = try? block.fill(from: 0, { (bytes) throws(CorpusError) in try stage.read(into: bytes) }), count > 0
  {
    mended += block[..<count]
    repairs.append(stage.takeRepairs())
  }
  repairs.append(stage.takeRepairs())
  precondition(!replaces || mended == Array(String(decoding: bytes, as: UTF8.self).utf8))
  var (original, start) = (0, 0)
  for repair in repairs.repairs {
    let size = repair.offset - start
    precondition(mended[start..<repair.offset] == bytes[original..<original + size])
    original += size
    precondition(String(validating: bytes[original..<original + Int(repair.originalSize)], as: UTF8.self) == nil)
    original += Int(repair.originalSize)
    start = repair.end
  }
  precondition(mended[start...] == bytes[original...])
}
