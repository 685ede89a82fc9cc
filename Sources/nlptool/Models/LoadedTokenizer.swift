import Glibc
import TextProcessing
import VocabularyStore

/// A tokenizer of subwords of whatever form a path leads to: a `tokenizer.json`, a `.model` of SentencePiece, GPT-2's
/// `vocab.json` with `merges.txt`, BERT's `vocab.txt`, a folder with one of these, or a file of vocabularies (`.sqlite`), of
/// which `name` says the one that is meant.
func loadSubwordTokenizer(_ path: String, named name: String? = nil) throws -> SubwordTokenizer {
  if path.hasSuffix(".sqlite") { return try VocabularyStore.open(path).subwordTokenizer(named: name) }
  try checkNoName(name, path)
  do throws(SubwordTokenizerError) {
    return try SubwordTokenizer(at: path)
  } catch {
    if case .file = error { throw error }
    throw CommandFailure(.content, "\(shownName(path)): \(error)")
  }
}

/// What messages call a file.
func shownName(_ path: String) -> String { path == "-" ? "standard input" : path }

/// Refuses a name for a file that holds one thing only.
func checkNoName(_ name: String?, _ path: String) throws(CommandFailure) {
  if name != nil {
    throw CommandFailure(.usage, "\(path) holds one thing only: a name is for a file of vocabularies (.sqlite)")
  }
}

/// Whether a path leads to a folder.
func isFolder(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
