import ArgumentParser
import TextProcessing
import VocabularyStore

extension Vocab {
  /// `nlptool vocab export`
  struct Export: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
      case tsv, jsonl
      case tokenizer = "tokenizer-json"
    }

    static let configuration = CommandConfiguration(
      abstract: "Write a vocabulary as text.",
      discussion: """
        Columns of tsv: id, count, kind, token (tab, line end, backslash and NUL escaped). A tokenizer of subwords is written \
        as tokenizer-json, which the package tokenizers reads.

        Examples:
          nlptool vocab export words.sqlite --format jsonl --output words.jsonl
          nlptool vocab export words.sqlite --name subwords --output tokenizer.json
        """)

    @OptionGroup var source: VocabularySource

    @Option(help: "Form. (default: tsv, of subwords tokenizer-json)")
    var format: Format?

    @Option(help: ArgumentHelp("File to write; \"-\" is standard output.", valueName: "file"))
    var output = "-"

    @Flag(help: "Replace a file that is there already.")
    var force = false

    func run() throws {
      switch try source.loadEither() {
      case .words(let vocabulary):
        if format == .tokenizer {
          throw CommandFailure(.usage, "words are written as tsv or jsonl, not tokenizer-json")
        }
        let form: VocabularyTextFormat = format == .jsonl ? .jsonLines : .tsv
        if output == "-" {
          try vocabulary.export(as: form) { piece throws(CommandFailure) in
            try StandardOutput.shared.write(utf8: piece)
          }
        } else {
          try vocabulary.export(as: form, to: output, overwrite: force)
        }
      case .subwords(let tokenizer):
        guard format == nil || format == .tokenizer else {
          throw CommandFailure(.usage, "a tokenizer of subwords is written as tokenizer-json")
        }
        if output == "-" {
          try StandardOutput.shared.write(utf8: tokenizer.json())
        } else {
          try checkNew(output, force: force)
          try tokenizer.write(to: output)
        }
      }
    }
  }

  /// `nlptool vocab import`
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a vocabulary of text: an exported one, a list of words, one a line, or a tokenizer of subwords.",
      discussion: """
        A tokenizer of subwords is a file tokenizer.json, a .model of SentencePiece, GPT-2's vocab.json with merges.txt \
        beside it, BERT's vocab.txt (a list with [UNK] and ## pieces), or a folder with one of these.

        Examples:
          nlptool vocab import words.tsv --output words.sqlite
          nlptool vocab import tokenizer.json --output words.sqlite --name subwords
        """)

    @Argument(help: ArgumentHelp("File or folder to read; \"-\" is standard input.", valueName: "file"))
    var file: String

    @OptionGroup var destination: VocabularyDestination

    @OptionGroup(title: "Tokens (for a list of words)") var tokenizer: TokenizerArguments

    @Flag(inversion: .prefixedNo, help: "Texts are lower-cased before words are looked up (for a list of words).")
    var lowercase = false

    func run() throws {
      if file.hasSuffix(".json") || file.hasSuffix(".model") || isFolder(file) {
        return try write(try loadSubwordTokenizer(file))
      }
      let settings = try tokenizer.settings(lowercase: lowercase)
      let vocabulary: Vocabulary
      if file == "-" {
        let reader = try LineReader(path: "-")
        var text: [UInt8] = []
        while let block = try reader.nextBlock() { text += block.bytes }
        if SubwordTokenizer.areWordPieces(text) {
          return try write(try SubwordTokenizer(wordPieces: text, name: "standard input"))
        }
        vocabulary = try Vocabulary.imported(text, name: "standard input", settings: settings)
      } else if SubwordTokenizer.isWordPieceList(at: file) {
        return try write(try loadSubwordTokenizer(file))
      } else {
        vocabulary = try Vocabulary.imported(from: file, settings: settings)
      }
      try destination.write(vocabulary)
      StandardError.write("\(vocabulary.count) tokens; \(destination.hint)\n")
    }

    private func write(_ tokenizer: SubwordTokenizer) throws {
      try destination.write(tokenizer)
      StandardError.write("\(tokenizer.vocabularySize) subwords; \(destination.hint)\n")
    }
  }
}
