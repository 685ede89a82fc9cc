import ArgumentParser
import Tensors
import TextProcessing
import VocabularyStore

extension OffsetUnit: ExpressibleByArgument {}

/// `nlptool tokenize`
struct Tokenize: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, jsonl, offsets, ids }

  static let configuration = CommandConfiguration(
    abstract: "Divide texts into tokens.",
    discussion: """
      Reads UTF-8, one text a line, and writes one line for each. Words are those of Unicode's UAX #29 with ICU's \
      dictionaries for Chinese, Japanese, Thai and others. Offsets count bytes of the line as it was before any change \
      (of its UTF-8 where --encoding converts it), or what --offset-unit says.

      Formats: text, tokens with a space between; jsonl, one object {"tokens":[{"text","kind","start","end"}]}; \
      offsets, a line "start TAB end TAB kind TAB token" for each token and an empty line after each text; ids, \
      numbers of --vocabulary, whose own settings then divide the text.

      With --tokenizer, a file tokenizer.json of Hugging Face, a .model of SentencePiece, GPT-2's vocab.json with merges.txt beside it, BERT's vocab.txt, \
      a folder with one of these or a vocabulary of subwords (.sqlite), tokens are its subwords, with \
      the same ids as there; jsonl is then one object {"ids","tokens","offsets","type_ids","word_ids","special_tokens_mask","attention_mask"}, \
      with --pair also "sequence_ids", which say the text that offsets are of, and with --max-tokens also "overflow", objects of what was cut off.

      Examples:
        nlptool tokenize reviews.txt --lowercase
        echo "今天天气真好" | nlptool tokenize --locale zh --format jsonl
        nlptool tokenize reviews.txt --skip space,punctuation --format offsets
        nlptool tokenize reviews.txt --format ids --vocabulary words.sqlite
        nlptool tokenize reviews.txt --tokenizer tokenizer.json --format ids
        nlptool tokenize pairs.tsv --tokenizer bert/vocab.txt --pair --pad-to 128
        nlptool tokenize posts.txt --keep url,mention,hashtag,emoticon --fold-numbers
        echo "漢字 naïve" | nlptool tokenize --simplify --strip-accents --explain
      """)

  @Argument(help: ArgumentHelp("Files with one text a line; \"-\" is standard input. (default: -)", valueName: "file"))
  var files: [String] = []

  @OptionGroup(title: "Tokens") var tokens: TokenizerArguments

  @Flag(inversion: .prefixedNo, help: "Lower-case the tokens.")
  var lowercase = false

  @Option(help: "Form of the result.")
  var format: Format = .text

  @Option(help: ArgumentHelp("Vocabulary for --format ids.", valueName: "file"))
  var vocabulary: String?

  @Option(
    help: ArgumentHelp(
      "Subword tokenizer: a tokenizer.json, a .model of SentencePiece, vocab.json with merges.txt, vocab.txt, a folder with one, or a vocabulary of subwords (.sqlite).",
      valueName: "path"))
  var tokenizer: String?

  @Option(
    help: ArgumentHelp(
      "Name of the vocabulary in a file of several. (default: the only one, or 'default')", valueName: "name"))
  var name: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Put in the tokens of the tokenizer's template, such as [CLS], and cut and pad as it says.")
  var specialTokens = true

  @OptionGroup(title: "Subwords (for --tokenizer)") var subwords: SubwordArguments

  @Option(help: "What offsets count.")
  var offsetUnit = OffsetUnit.bytes

  @Flag(help: "Show how each text is divided, in columns that a person reads.")
  var explain = false

  @OptionGroup(title: "Input") var input: InputArguments

  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if format == .ids, vocabulary == nil, tokenizer == nil {
      throw ValidationError("--format ids needs --vocabulary FILE or --tokenizer FILE")
    }
    if !specialTokens, tokenizer == nil { throw ValidationError("--no-special-tokens needs --tokenizer FILE") }
    if let option = subwords.given, tokenizer == nil { throw ValidationError("\(option) needs --tokenizer FILE") }
    if subwords.pair, explain { throw ValidationError("--explain is for single texts, not for --pair") }
    if vocabulary != nil, tokenizer != nil { throw ValidationError("--vocabulary and --tokenizer exclude each other") }
    if tokenizer != nil, lowercase || tokens.isGiven {
      throw ValidationError("--tokenizer says itself how texts are divided: leave out the other options of tokens")
    }
    if name != nil, vocabulary == nil, tokenizer == nil {
      throw ValidationError("--name needs --vocabulary FILE or --tokenizer FILE")
    }
    if format != .ids, vocabulary != nil { throw ValidationError("--vocabulary is for --format ids") }
  }

  func run() throws {
    compute.apply()
    try LineDivision(input: input).run(files.isEmpty ? ["-"] : files, dividers: try makeSlots())
  }

  /// What divides the lines, one for each thread.
  private func makeSlots() throws -> [any LineDivider] {
    if let path = tokenizer {
      var own = try loadSubwordTokenizer(path, named: name)
      if !specialTokens { (own.truncation, own.padding) = (nil, nil) }
      try subwords.apply(to: &own, printsOverflow: format == .jsonl && !explain)
      let tokenizer = own
      if explain { return [try ExplainLines(.subwords(tokenizer, addsSpecialTokens: specialTokens))] }
      return try (0..<Parallelism.threads).map { _ in
        try SubwordLines(
          tokenizer: tokenizer, format: format, addsSpecialTokens: specialTokens, offsets: offsetUnit,
          arguments: subwords)
      }
    }
    let known = try vocabulary.map { try VocabularyStore.open($0).vocabulary(named: name) }
    let tokenizer = try Tokenizer(known?.settings ?? tokens.settings(lowercase: lowercase))
    if explain { return [try ExplainLines(.words(tokenizer))] }
    return try (0..<Parallelism.threads).map { _ in
      try WordLines(tokenizer: tokenizer, format: format, vocabulary: known, offsets: offsetUnit)
    }
  }
}
