import Foundation

/// Models of fastText: an error, or a model that can be asked. The file lies in memory.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let path = "/dev/shm/nlptool-fuzz-\(getpid())"
  guard let file = fopen(path, "wb") else { return 0 }
  // The number that they begin with costs the fuzzer too much time to find.
  fwrite([0xBA, 0x16, 0x4F, 0x2F] as [UInt8], 1, 4, file)
  fwrite(start, 1, count, file)
  fclose(file)
  guard let model = try? FastTextModel(contentsOf: path) else { return 0 }
  for text in ["", "the good film", "很 好 naïve 😀 xyzzy"] {
    _ = model.predict(text, top: 3)
    _ = model.predict(text, top: .max, threshold: 0.1)
    _ = model.probabilities([text])
    _ = model.sentenceVector(text)
  }
  for word in ["the", "unbelievably", "</s>", ""] { _ = model.vector(of: word) }
  if let word = model.words.first { _ = model.nearest(to: word, count: 3) }
  return 0
}
