import TextProcessing

/// Models of SentencePiece: an error, or a tokenizer that encodes and decodes.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let tokenizer = try? SubwordTokenizer(sentencePieceModel: bytes) else { return 0 }
  for text in ["", "the  film was good ", "今天 naïve 😀 <sep>##"] {
    if let encoding = try? tokenizer.encode(text) { _ = try? tokenizer.decode(encoding.ids) }
  }
  return 0
}
