import ArgumentParser
import TextProcessing
import VocabularyStore

extension Vocab {
  /// `nlptool vocab show`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a vocabulary holds.",
      discussion: """
        Of a file with several vocabularies the list of them, unless --name says one.

        Examples:
          nlptool vocab show words.sqlite --limit 20
          nlptool vocab show words.sqlite --name tweets
        """)

    @OptionGroup var source: VocabularySource

    @Option(help: ArgumentHelp("Entries to print, from the lowest id on.", valueName: "number"))
    var limit = 10

    @Flag(help: "One JSON object with the figures, no entries; of a file with several a line for each.")
    var json = false

    func validate() throws {
      if limit < 0 { throw ValidationError("--limit takes a number from 0 on") }
    }

    func run() throws {
      let store = try source.open()
      let contents = try store.contents()
      if source.name == nil, contents.count > 1 { return try show(contents) }
      let item = try store.item(named: source.name)
      guard item.kind == .words else { return try show(try store.subwordTokenizer(named: item.name), item) }
      let vocabulary = try store.vocabulary(named: item.name)
      let summary = vocabulary.summary
      if json { return try StandardOutput.shared.write(encodedJSON(summary, pretty: false)) }
      var figures = TextTable()
      figures.add("tokens", "\(summary.count)")
      figures.add("reserved", "\(summary.reservedCount)")
      figures.add("occurrences", "\(summary.totalCount)")
      figures.add("unit", summary.settings.unit.rawValue)
      figures.add("locale", summary.settings.locale)
      figures.add("lower case", summary.settings.lowercase ? "yes" : "no")
      if let vectors = try store.vectors(named: item.name) {
        figures.add("vectors", "\(vectors.ids.count) of \(vectors.dimensions) numbers")
      }
      figures.add("fingerprint", String(summary.fingerprint.prefix(16)))
      var entries = TextTable()
      entries.add("token", "id", "count")
      for entry in vocabulary.entries.prefix(limit) {
        entries.add(String(entry.text.asJSON.dropFirst().dropLast()), "\(entry.id)", "\(entry.count)")
      }
      try StandardOutput.shared.write(figures.text + (limit > 0 ? "\n" + entries.text : ""))
    }

    private func show(_ contents: [StoredVocabulary]) throws {
      if json {
        for item in contents { try StandardOutput.shared.write(encodedJSON(item, pretty: false)) }
        return
      }
      var table = TextTable()
      table.add("name", "tokens", "kind")
      for item in contents {
        let vectors = item.dimensions.map { ", vectors of \($0) numbers" } ?? ""
        table.add(item.name, "\(item.count)", item.kind.rawValue + vectors)
      }
      try StandardOutput.shared.write(table.text)
    }

    private func show(_ tokenizer: SubwordTokenizer, _ item: StoredVocabulary) throws {
      if json { return try StandardOutput.shared.write(encodedJSON(item, pretty: false)) }
      var figures = TextTable()
      figures.add("tokens", "\(tokenizer.vocabularySize)")
      figures.add("kind", "subwords")
      figures.add("added", "\(tokenizer.addedTokens.count)")
      var entries = TextTable()
      entries.add("token", "id")
      for id in tokenizer.ids.prefix(limit) {
        entries.add(String((tokenizer.token(of: id) ?? "").asJSON.dropFirst().dropLast()), "\(id)")
      }
      try StandardOutput.shared.write(figures.text + (limit > 0 ? "\n" + entries.text : ""))
    }
  }

  /// `nlptool vocab remove`
  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a vocabulary out of a file that holds several.",
      discussion: """
        Example:
          nlptool vocab remove words.sqlite --name tweets
        """)

    @Argument(help: ArgumentHelp("File of the vocabularies.", valueName: "vocabulary"))
    var vocabulary: String

    @Option(help: ArgumentHelp("Name of the vocabulary in the file.", valueName: "name"))
    var name: String

    func run() throws { try VocabularyStore.remove(name, from: vocabulary) }
  }
}
