import BagModels
import Foundation
import TextProcessing

/// Files of word vectors in each of their forms: an error, or vectors that can be asked. The file lies in memory.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let path = "/dev/shm/nlptool-fuzz-\(getpid())"
  guard let file = fopen(path, "wb") else { return 0 }
  fwrite(start + 1, 1, count - 1, file)
  fclose(file)
  let vectors: WordVectors?
  switch start[0] % 3 {
  case 0: vectors = try? WordVectors(text: path)
  case 1: vectors = try? WordVectors(word2vecBinary: path)
  default:
    let words = "\(path).words"
    if access(words, F_OK) != 0, let list = fopen(words, "wb") {
      fputs("film\ngood\nbad\nthe\t0\n", list)
      fclose(list)
    }
    vectors = try? WordVectors(numPy: path, words: words)
  }
  if let vectors, let word = vectors.words.first {
    _ = vectors.nearest(to: word, count: 3)
    _ = vectors.vector(tokens: vectors.words.prefix(4) + ["unknown"])
  }
  return 0
}
