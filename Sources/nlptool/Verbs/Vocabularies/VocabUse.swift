import ArgumentParser
import TextProcessing
import VocabularyStore

extension Vocab {
  /// `nlptool vocab stats`
  struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell how the tokens of a vocabulary are spread, and how much of other texts it covers.",
      discussion: """
        Examples:
          nlptool vocab stats words.sqlite
          nlptool vocab stats words.sqlite --corpus test.txt
        """)

    @OptionGroup var source: VocabularySource

    @Option(help: ArgumentHelp("Texts to hold against it, one a line; \"-\" is standard input.", valueName: "file"))
    var corpus: String?

    @Option(help: ArgumentHelp("Unknown tokens of the corpus to show.", valueName: "number"))
    var limit = 10

    @OptionGroup(title: "Input") var input: InputArguments

    @OptionGroup(title: "General") var compute: ComputeOptions

    func validate() throws {
      if limit < 0 { throw ValidationError("--limit takes a number from 0 on") }
    }

    func run() throws {
      compute.apply()
      let vocabulary = try source.load()
      if let corpus { return try cover(corpus, by: vocabulary) }
      let counts = vocabulary.entries.filter { !$0.isReserved }.map(\.count).sorted(by: >)
      let total = counts.reduce(Int64(0)) { $0.addingReportingOverflow($1).partialValue }
      var table = TextTable()
      table.add("tokens", "\(vocabulary.count)")
      table.add("occurrences", "\(total)")
      table.add("occur once", "\(counts.count { $0 == 1 })")
      var (sum, rank) = (Int64(0), 0)
      for share in [50, 80, 90, 95, 99] {
        while rank < counts.count, Double(sum) < Double(total) * Double(share) / 100 {
          sum += counts[rank]
          rank += 1
        }
        table.add("cover \(share) %", "\(rank)")
      }
      let lengths = vocabulary.entries.filter { !$0.isReserved }.map { $0.text.unicodeScalars.count }
      table.add(
        "characters",
        "\((Double(lengths.reduce(0, +)) / Double(max(lengths.count, 1))).fixed(1)) on average, \(lengths.max() ?? 0) at most"
      )
      try StandardOutput.shared.write(table.text)
    }

    private func cover(_ corpus: String, by vocabulary: Vocabulary) throws {
      let counting = TokenCounting(
        tokenizer: try Tokenizer(vocabulary.settings), input: input, memoryLimit: .max, output: "")
      let counter = try counting.run([corpus], minimumCount: 1)
      guard counter.totalCount > 0 else { throw CommandFailure(.content, "\(shownName(corpus)) has no tokens") }
      let found = try counter.build(reserved: Vocabulary.defaultReservedTokens, settings: vocabulary.settings)
      var (known, distinct) = (Int64(0), 0)
      var unknown: [VocabularyEntry] = []
      for entry in found.entries where !entry.isReserved {
        if vocabulary.id(of: entry.token.span) != nil {
          known += entry.count
          distinct += 1
        } else {
          unknown.append(entry)
        }
      }
      let tokens = distinct + unknown.count
      func percent(_ part: Double, _ whole: Double) -> String { "\((100 * part / max(whole, 1)).fixed(2)) %" }
      var table = TextTable()
      table.add("occurrences", "\(counter.totalCount)", percent(Double(known), Double(counter.totalCount)) + " known")
      table.add("distinct tokens", "\(tokens)", percent(Double(distinct), Double(tokens)) + " known")
      var list = TextTable()
      list.add("unknown", "count")
      for entry in unknown.prefix(limit) {
        list.add(String(entry.text.asJSON.dropFirst().dropLast()), "\(entry.count)")
      }
      try StandardOutput.shared.write(table.text + (unknown.isEmpty || limit < 1 ? "" : "\n" + list.text))
    }
  }

  /// `nlptool vocab encode`
  struct Encode: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make ids of texts: one line of numbers for each line.",
      discussion: """
        The same as tokenize --format ids --vocabulary or --tokenizer: the texts are cut as the vocabulary says.

        Examples:
          nlptool vocab encode words.sqlite reviews.txt
          nlptool vocab encode bpe.sqlite reviews.txt --max-tokens 512 --pad-to 512
        """)

    @OptionGroup var source: VocabularySource

    @Argument(
      help: ArgumentHelp("Files with one text a line; \"-\" is standard input. (default: -)", valueName: "file"))
    var files: [String] = []

    @Flag(
      inversion: .prefixedNo,
      help: "Put in the tokens of the tokenizer's template, such as [CLS], and cut and pad as it says.")
    var specialTokens = true

    @OptionGroup(title: "Subwords") var subwords: SubwordArguments

    @OptionGroup(title: "Input") var input: InputArguments

    @OptionGroup(title: "General") var compute: ComputeOptions

    func run() throws {
      compute.apply()
      let files = files.isEmpty ? ["-"] : files
      switch try source.loadEither() {
      case .words(let known):
        if let option = subwords.given ?? (specialTokens ? nil : "--no-special-tokens") {
          throw CommandFailure(.usage, "\(option) is for vocabularies of subwords; \(source.vocabulary) has words")
        }
        let tokenizer = try Tokenizer(known.settings)
        try LineDivision(input: input).run(files) {
          try WordLines(tokenizer: tokenizer, format: .ids, vocabulary: known, offsets: .bytes)
        }
      case .subwords(var tokenizer):
        if !specialTokens { (tokenizer.truncation, tokenizer.padding) = (nil, nil) }
        try subwords.apply(to: &tokenizer, printsOverflow: false)
        try LineDivision(input: input).run(files) { [tokenizer] in
          try SubwordLines(
            tokenizer: tokenizer, format: .ids, addsSpecialTokens: specialTokens, offsets: .bytes, arguments: subwords)
        }
      }
    }
  }

  /// `nlptool vocab decode`
  struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make tokens of ids: one line with spaces between for each line of numbers; of subwords the text.",
      discussion: """
        Ids stand between white space. Tokens of a template, such as [CLS], are left out of texts of subwords unless \
        --special-tokens is given.

        Example:
          nlptool vocab decode words.sqlite ids.txt
        """)

    @OptionGroup var source: VocabularySource

    @Argument(
      help: ArgumentHelp("File with a line of numbers for each text; \"-\" is standard input.", valueName: "file"))
    var file = "-"

    @Flag(help: "Keep special tokens, such as [CLS], in texts of subwords.")
    var specialTokens = false

    func run() throws {
      let known = try source.loadEither()
      func isKnown(_ id: Int32) -> Bool {
        switch known {
        case .words(let vocabulary): vocabulary.token(id) != nil
        case .subwords(let tokenizer): tokenizer.token(of: Int(id)) != nil
        }
      }
      let reader = try LineReader(path: file)
      while try reader.advance() {
        let ids = try reader.lineText().split(whereSeparator: \.isWhitespace).map { word in
          guard let id = Int32(word), isKnown(id) else {
            throw CommandFailure(
              .content, "\(shownName(file)), line \(reader.lineNumber): '\(word)' is no id of the vocabulary")
          }
          return id
        }
        let text =
          switch known {
          case .words(let vocabulary): vocabulary.decode(ids).joined(separator: " ")
          case .subwords(let tokenizer): try tokenizer.decode(ids, skipsSpecialTokens: !specialTokens)
          }
        try StandardOutput.shared.write(text + "\n")
        if !reader.nextLineIsReady { try StandardOutput.shared.flush() }
      }
    }
  }
}
