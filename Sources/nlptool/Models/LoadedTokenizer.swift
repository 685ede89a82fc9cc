import TextProcessing
import VocabularyStore

/// A tokenizer of subwords of whatever form a path leads to: a `tokenizer.json`, a `.model` of SentencePiece or a file of
/// vocabularies (`.sqlite`).
func loadSubwordTokenizer(_ path: String) throws -> SubwordTokenizer {
  if path.hasSuffix(".sqlite") { return try VocabularyStore.open(path).subwordTokenizer() }
  do throws(SubwordTokenizerError) {
    if path.hasSuffix(".model") { return try SubwordTokenizer(sentencePiece: path) }
    return try SubwordTokenizer(contentsOf: path)
  } catch {
    if case .file = error { throw error }
    throw CommandFailure(.content, "\(path): \(error)")
  }
}
