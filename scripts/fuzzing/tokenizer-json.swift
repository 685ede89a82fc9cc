import TextProcessing

/// Files tokenizer.json: an error, or a tokenizer that encodes, decodes and writes itself.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let tokenizer = try? SubwordTokenizer(json: bytes) else { return 0 }
  for text in ["", "the film was good", "今天 naïve 😀 [CLS] <s>"] {
    if let encoding = try? tokenizer.encode(text) { _ = try? tokenizer.decode(encoding.ids) }
    _ = try? tokenizer.ids(of: text)
  }
  _ = try? tokenizer.json()
  return 0
}
