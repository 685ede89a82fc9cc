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
        nlptool vocab import tokenizer.json --output words.sqlite --name subwords

      A file holds one vocabulary, or several under names of their own (--name): words with counts, and perhaps vectors, or \
      tokenizers of subwords with their merges or scores.
      """,
    subcommands: [
      Build.self, Show.self, Stats.self, Merge.self, Prune.self, Diff.self, Encode.self, Decode.self, Export.self,
      Import.self, Vectors.self, Neighbours.self, Remove.self,
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
        tokenizer: try Tokenizer(settings), input: input, memoryLimit: memory << 20,
        output: selection.destination.output,
        reserved: Vocabulary.defaultReservedTokens + reserve)
      let counter = try counting.run(
        files.isEmpty ? ["-"] : files, minimumCount: selection.minimumCount, maximumSize: selection.maximumSize)
      let vocabulary = try counter.build(
        minimumCount: selection.minimumCount, maximumSize: selection.maximumSize,
        reserved: Vocabulary.defaultReservedTokens + reserve, settings: settings)
      try selection.destination.write(vocabulary)
      StandardError.write(
        "\(vocabulary.count) tokens of \(counter.totalCount) in the texts; \(selection.destination.hint)\n"
      )
    }
  }
}
