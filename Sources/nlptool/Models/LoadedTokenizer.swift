import TextProcessing
import VocabularyStore

/// A tokenizer of subwords of whatever form a path leads to: a `tokenizer.json`, a `.model` of SentencePiece or a file of
/// vocabularies (`.sqlite`), of which `name` says the one that is meant.
func loadSubwordTokenizer(_ path: String, named name: String? = nil) throws -> SubwordTokenizer {
  if path.hasSuffix(".sqlite") { return try VocabularyStore.open(path).subwordTokenizer(named: name) }
  try checkNoName(name, path)
  do throws(SubwordTokenizerError) {
    if path.hasSuffix(".model") { return try SubwordTokenizer(sentencePiece: path) }
    return try SubwordTokenizer(contentsOf: path)
  } catch {
    if case .file = error { throw error }
    throw CommandFailure(.content, "\(path): \(error)")
  }
}

/// Refuses a name for a file that holds one thing only.
func checkNoName(_ name: String?, _ path: String) throws(CommandFailure) {
  if name != nil {
    throw CommandFailure(.usage, "\(path) holds one thing only: a name is for a file of vocabularies (.sqlite)")
  }
}
