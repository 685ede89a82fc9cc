import BagModels
import Glibc
import TextModels
import TextProcessing

/// Word vectors of whatever form a path leads to: a folder of `train-vectors`, or a text file.
func loadVectors(_ path: String, limit: Int = .max, settings: TokenizerSettings? = nil) throws -> WordVectors {
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return try WordVectors(contentsOf: path) }
  return try WordVectors(text: path, limit: limit, tokenizer: settings ?? TokenizerSettings())
}

extension PretrainedVectors {
  /// Vectors for the embedding of a network.
  init(_ vectors: WordVectors, name: String) {
    self.init(size: vectors.dimensions, name: name) { vectors.vector($0) }
  }
}
