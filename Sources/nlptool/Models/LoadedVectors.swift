import BagModels
import Glibc
import TextModels
import TextProcessing
import VocabularyStore

/// Word vectors of whatever form a path leads to: a folder of `train-vectors`, a text file, the binary form of word2vec
/// (`.bin`), a file of vocabularies with vectors (`.sqlite`), of which `name` says the one that is meant, or, with a list
/// of its words, a matrix of NumPy (`.npy`).
func loadVectors(
  _ path: String, named name: String? = nil, limit: Int = .max, settings: TokenizerSettings? = nil, words: String? = nil
) throws -> WordVectors {
  if path.hasSuffix(".sqlite") {
    return try WordVectors(of: try VocabularyStore.open(path), named: name, limit: limit)
  }
  try checkNoName(name, path)
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return try WordVectors(contentsOf: path) }
  let settings = settings ?? TokenizerSettings()
  if let words { return try WordVectors(numPy: path, words: words, limit: limit, tokenizer: settings) }
  if path.hasSuffix(".npy") {
    throw CommandFailure(.usage, "\(path) has no words; import it with --words FILE: nlptool vectors import")
  }
  if path.hasSuffix(".bin") { return try WordVectors(word2vecBinary: path, limit: limit, tokenizer: settings) }
  return try WordVectors(text: path, limit: limit, tokenizer: settings)
}

extension PretrainedVectors {
  /// Vectors for the embedding of a network.
  init(_ vectors: WordVectors, name: String) {
    self.init(size: vectors.dimensions, name: name) { vectors.vector($0) }
  }
}
