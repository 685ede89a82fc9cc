import Foundation
import TextProcessing
import VocabularyStore

/// Files of vocabularies: an error, or vocabularies that can be used. The file lies in memory.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let path = "/dev/shm/nlptool-fuzz-\(getpid()).sqlite"
  guard let file = fopen(path, "wb") else { return 0 }
  fwrite(start, 1, count, file)
  fclose(file)
  guard let store = try? VocabularyStore.open(path), let contents = try? store.contents() else { return 0 }
  for stored in contents.prefix(8) {
    if let vocabulary = try? store.vocabulary(named: stored.name) {
      _ = vocabulary.encode(["film", "", "a long token that is none"])
      _ = vocabulary.decode([0, 1, 2, Int32(vocabulary.count - 1), -1, .max])
      _ = vocabulary.summary
    }
    if let tokenizer = try? store.subwordTokenizer(named: stored.name) { _ = try? tokenizer.encode("the film was good") }
    _ = try? store.vectors(named: stored.name)
  }
  try? store.verify()
  return 0
}
