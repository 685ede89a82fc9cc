import ArgumentParser
import Glibc
import TextProcessing
import VocabularyStore

/// `nlptool vocab`
struct Vocab: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Build vocabularies and look into them.",
    discussion: """
      Examples:
        nlptool vocab build reviews.txt --output words.sqlite --lowercase
        nlptool vocab show words.sqlite
        nlptool vocab stats words.sqlite --corpus test.txt
        nlptool vocab prune words.sqlite --output small.sqlite --maximum-size 30000
      """,
    subcommands: [
      Build.self, Show.self, Stats.self, Merge.self, Prune.self, Diff.self, Encode.self, Decode.self, Export.self,
      Import.self,
    ])

  /// `nlptool vocab build`
  struct Build: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Count the tokens of texts and give them ids.",
      discussion: """
        Ids: <pad> is 0, <unk> is 1, further reserved tokens follow; then the tokens by falling count, equal counts in \
        the order of their bytes. The settings of the tokenizer are stored with them.

        Examples:
          nlptool vocab build reviews.txt --output words.sqlite --lowercase
          cut -f2 train.tsv | nlptool vocab build --output words.sqlite
        """)

    @Argument(
      help: ArgumentHelp("Files with one text a line; \"-\" is standard input. (default: -)", valueName: "file"))
    var files: [String] = []

    @OptionGroup var selection: Selection

    @Option(
      help: ArgumentHelp(
        "Megabytes for counting, about; beyond, counts go to a file beside the output for a while.",
        valueName: "number"))
    var memory = 192

    @Option(help: ArgumentHelp("A further reserved token; may be given several times.", valueName: "token"))
    var reserve: [String] = []

    @OptionGroup(title: "Input") var input: InputArguments

    @OptionGroup(title: "Tokens") var tokenizer: TokenizerArguments

    @Flag(inversion: .prefixedNo, help: "Lower-case the tokens.")
    var lowercase = false

    @OptionGroup(title: "General") var compute: ComputeOptions

    func validate() throws {
      if !(1...1 << 20).contains(memory) { throw ValidationError("--memory takes a number from 1 to 1048576") }
    }

    func run() throws {
      compute.apply()
      try selection.prepare()
      let settings = try tokenizer.settings(lowercase: lowercase)
      let counting = TokenCounting(
        tokenizer: try Tokenizer(settings), input: input, memoryLimit: memory << 20, output: selection.output,
        reserved: Vocabulary.defaultReservedTokens + reserve)
      let counter = try counting.run(files.isEmpty ? ["-"] : files, minimumCount: selection.minimumCount)
      let vocabulary = try counter.build(
        minimumCount: selection.minimumCount, maximumSize: selection.maximumSize,
        reserved: Vocabulary.defaultReservedTokens + reserve, settings: settings)
      try VocabularyStore.create(at: selection.output, with: vocabulary, overwrite: selection.force)
      StandardError.write(
        "\(vocabulary.count) tokens of \(counter.totalCount) in the texts; see: nlptool vocab show \(selection.output)\n"
      )
    }
  }

  /// `nlptool vocab show`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a vocabulary holds.",
      discussion: """
        Example:
          nlptool vocab show words.sqlite --limit 20
        """)

    @Argument(help: ArgumentHelp("File of the vocabulary.", valueName: "vocabulary"))
    var vocabulary: String

    @Option(help: ArgumentHelp("Entries to print, from the lowest id on.", valueName: "number"))
    var limit = 10

    @Flag(help: "One JSON object with the figures, no entries.")
    var json = false

    func validate() throws {
      if limit < 0 { throw ValidationError("--limit takes a number from 0 on") }
    }

    func run() throws {
      let store = try VocabularyStore.open(vocabulary)
      let summary = try store.summary()
      if json { return try StandardOutput.shared.write(encodedJSON(summary, pretty: false)) }
      var figures = TextTable()
      figures.add("tokens", "\(summary.count)")
      figures.add("reserved", "\(summary.reservedCount)")
      figures.add("occurrences", "\(summary.totalCount)")
      figures.add("unit", summary.settings.unit.rawValue)
      figures.add("locale", summary.settings.locale)
      figures.add("lower case", summary.settings.lowercase ? "yes" : "no")
      figures.add("fingerprint", String(summary.fingerprint.prefix(16)))
      var entries = TextTable()
      entries.add("token", "id", "count")
      for entry in try store.entries(limit: limit) {
        entries.add(String(entry.text.asJSON.dropFirst().dropLast()), "\(entry.id)", "\(entry.count)")
      }
      try StandardOutput.shared.write(figures.text + (limit > 0 ? "\n" + entries.text : ""))
    }
  }

  /// `nlptool vocab export`
  struct Export: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case tsv, jsonl }

    static let configuration = CommandConfiguration(
      abstract: "Write a vocabulary as text.",
      discussion: """
        Columns of tsv: id, count, kind, token (tab, line end, backslash and NUL escaped).

        Example:
          nlptool vocab export words.sqlite --format jsonl --output words.jsonl
        """)

    @Argument(help: ArgumentHelp("File of the vocabulary.", valueName: "vocabulary"))
    var vocabulary: String

    @Option(help: "Form: tsv or jsonl.")
    var format: Format = .tsv

    @Option(help: ArgumentHelp("File to write; \"-\" is standard output.", valueName: "file"))
    var output = "-"

    @Flag(help: "Replace a file that is there already.")
    var force = false

    func run() throws {
      let contents = try VocabularyStore.open(vocabulary).vocabulary()
      let form: VocabularyTextFormat = format == .tsv ? .tsv : .jsonLines
      if output == "-" {
        try contents.export(as: form) { piece throws(CommandFailure) in try StandardOutput.shared.write(utf8: piece) }
      } else {
        try contents.export(as: form, to: output, overwrite: force)
      }
    }
  }

  /// `nlptool vocab import`
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a vocabulary of text: an exported one, or a list of words, one a line.",
      discussion: """
        Example:
          nlptool vocab import words.tsv --output words.sqlite
        """)

    @Argument(help: ArgumentHelp("File to read; \"-\" is standard input.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("File of the vocabulary.", valueName: "file"))
    var output: String

    @Flag(help: "Replace a file that is there already.")
    var force = false

    @OptionGroup(title: "Tokens (for a list of words)") var tokenizer: TokenizerArguments

    @Flag(inversion: .prefixedNo, help: "Texts are lower-cased before words are looked up (for a list of words).")
    var lowercase = false

    func run() throws {
      let settings = try tokenizer.settings(lowercase: lowercase)
      let vocabulary: Vocabulary
      if file == "-" {
        let reader = try LineReader(path: "-")
        var text: [UInt8] = []
        while let block = try reader.nextBlock() { text += block.bytes }
        vocabulary = try Vocabulary.imported(text, name: "standard input", settings: settings)
      } else {
        vocabulary = try Vocabulary.imported(from: file, settings: settings)
      }
      try VocabularyStore.create(at: output, with: vocabulary, overwrite: force)
      StandardError.write("\(vocabulary.count) tokens; see: nlptool vocab show \(output)\n")
    }
  }
}
