import ArgumentParser
import Glibc
import TextProcessing
import VocabularyStore

/// The vocabulary that a verb reads.
struct VocabularySource: ParsableArguments {
  @Argument(help: ArgumentHelp("File of the vocabulary.", valueName: "vocabulary"))
  var vocabulary: String

  @Option(
    help: ArgumentHelp("Name of the vocabulary in the file. (default: the only one, or 'default')", valueName: "name"))
  var name: String?

  func open() throws -> VocabularyStore { try VocabularyStore.open(vocabulary) }

  /// The words that are meant.
  func load() throws -> Vocabulary { try open().vocabulary(named: name) }

  /// What is meant: a vocabulary of words, or a tokenizer of subwords.
  func loadEither() throws -> StoredTokens {
    let store = try open()
    let item = try store.item(named: name)
    return item.kind == .words
      ? .words(try store.vocabulary(named: item.name)) : .subwords(try store.subwordTokenizer(named: item.name))
  }
}

/// What a name of a file leads to.
enum StoredTokens {
  case words(Vocabulary)
  case subwords(SubwordTokenizer)
}

/// Where a vocabulary goes.
struct VocabularyDestination: ParsableArguments {
  @Option(help: ArgumentHelp("File of the vocabulary.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Add it under this name to a file, which may hold others. (default: a file with it alone)", valueName: "name"))
  var name: String?

  @Flag(help: "Replace a file, or with --name a vocabulary, that is there already.")
  var force = false

  /// Finds out before the work what would stop the writing after it.
  func prepare() throws {
    if let name { try VocabularyStore.checked(name) }
    try checkWritable(output)
    guard access(output, F_OK) == 0 else { return }
    guard let name else {
      if !force { throw VocabularyError.alreadyExists(path: output) }
      return
    }
    let contents = try VocabularyStore.open(output).contents()
    if !force, contents.contains(where: { $0.name == name }) {
      throw VocabularyError.nameIsTaken(path: output, name: name)
    }
    if access(output, W_OK) != 0 {
      throw VocabularyError.cannotChange(path: output, reason: String(cString: strerror(errno)).lowercased())
    }
  }

  func write(_ vocabulary: Vocabulary) throws {
    if let name {
      try VocabularyStore.add(vocabulary, named: name, to: output, replacing: force)
    } else {
      try VocabularyStore.create(at: output, with: vocabulary, overwrite: force)
    }
  }

  func write(_ tokenizer: SubwordTokenizer) throws {
    if name == nil, access(output, F_OK) == 0 {
      if !force { throw VocabularyError.alreadyExists(path: output) }
      try VocabularyStore.replace(output, with: tokenizer)
    } else {
      try VocabularyStore.add(
        tokenizer, named: name ?? VocabularyStore.defaultName, to: output, replacing: force)
    }
  }

  /// How to look at what was written.
  var hint: String { "see: nlptool vocab show \(output)" + (name.map { " --name \($0)" } ?? "") }
}
