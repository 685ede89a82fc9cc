@testable import TextProcessing

/// Bytes that may be no UTF-8: validation against Swift's own, on every kernel, and repair.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let offset = UTF8Validation.firstInvalidOffset(in: bytes.span)
  let isValid = String(validating: bytes, as: UTF8.self) != nil
  precondition((offset == nil) == isValid)
  if let offset { precondition(String(validating: bytes[..<offset], as: UTF8.self) != nil) }
  let reader = LineReader(bytes: bytes, name: "fuzz")
  while (try? reader.advance()) == true { reader.withLine { _ in } }
  return 0
}
