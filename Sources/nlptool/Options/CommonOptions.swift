import ArgumentParser
import Tensors
import TextModels
import TextProcessing

/// Options that every verb has that computes.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Threads to compute with; results do not depend on it. (default: all processors)")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads takes a number from 1 to 256") }
  }

  func apply() {
    if let threads { Parallelism.threads = threads }
  }
}

extension TextUnit: ExpressibleByArgument {}
extension NormalizationForm: ExpressibleByArgument {}
extension CorpusFormat: ExpressibleByArgument {}
extension HeaderMode: ExpressibleByArgument {}

/// How a corpus is to be read.
struct CorpusArguments: ParsableArguments {
  @Option(help: "Format of the data. (default: guessed and said)")
  var inputFormat: CorpusFormat?

  @Option(help: ArgumentHelp("Column of the text: its name, or its number from 1.", valueName: "column"))
  var textColumn: String?

  @Option(help: ArgumentHelp("Column of the label: its name, or its number from 1.", valueName: "column"))
  var labelColumn: String?

  @Option(help: "Whether the first line names the columns.")
  var header: HeaderMode = .auto

  @Option(
    help: ArgumentHelp(
      "Labels are numbers (stars); from this one on they count as positive, below as negative.", valueName: "number"))
  var positiveFrom: Double?

  @Option(
    help: ArgumentHelp(
      "What stands between the labels of a text that may have several; fastText's lines and JSON's arrays need none.",
      valueName: "characters"))
  var labelSeparator = ","

  @OptionGroup var input: InputArguments

  func validate() throws {
    if labelSeparator.isEmpty { throw ValidationError("--label-separator takes at least one character") }
    if let positiveFrom, !positiveFrom.isFinite { throw ValidationError("--positive-from takes a number") }
  }

  /// How a corpus is to be read for a model of some task.
  func options(for task: TextTask) -> CorpusOptions {
    var options = CorpusOptions()
    if task == .multiLabel { options.labelCount = .several(separator: labelSeparator) }
    options.format = inputFormat
    options.textColumn = textColumn.map { ColumnSelector($0) }
    options.labelColumn = labelColumn.map { ColumnSelector($0) }
    options.header = header
    options.requiresLabel = true
    options.encoding = input.textEncoding
    if let positiveFrom { options.labelRule = .positiveFrom(positiveFrom) }
    return options
  }
}

/// How texts are divided into tokens.
struct TokenizerArguments: ParsableArguments {
  @Option(help: "What a token is. (default: word)")
  var unit: TextUnit?

  @Option(help: "Language whose rules apply, such as en, zh, th or fi.")
  var locale = "en"

  @Option(help: "Unicode normalisation of the text first. (default: none)")
  var normalize: NormalizationForm?

  @Option(
    help: ArgumentHelp(
      "Kinds of token to leave out, separated by commas, or none: word, number, punctuation, symbol, emoji, cjk, kana, space, other. (default: space)",
      valueName: "kinds"))
  var skip: String?

  @Option(
    help: ArgumentHelp(
      "Tokens to keep whole, separated by commas, or all: url, email, mention, hashtag, emoticon, punctuation (!!!). (default: none)",
      valueName: "tokens"))
  var keep: String?

  @Flag(help: "Make all digits of numbers 0.")
  var foldNumbers = false

  @Flag(help: "Take accents off.")
  var stripAccents = false

  @Flag(help: "Make full-width letters and half-width kana plain ones.")
  var foldWidth = false

  @Flag(help: "Make traditional Chinese characters simplified ones.")
  var simplify = false

  @Option(
    help: ArgumentHelp(
      "Transliterate the text first, by an id of ICU such as 'Any-Latin; Latin-ASCII'. (default: none)", valueName: "id"
    ))
  var transliterate: String?

  @Option(help: ArgumentHelp("File of words to leave out, one a line.", valueName: "file"))
  var stopWords: String?

  @Option(
    help: ArgumentHelp(
      "Words for Chinese, Japanese, Thai and others without spaces, one a line, with a tab and a frequency behind where that is known.",
      valueName: "file"))
  var dictionary: String?

  /// Whether any of them was given.
  var isGiven: Bool {
    unit != nil || locale != "en" || normalize != nil || skip != nil || keep != nil || foldNumbers
      || transliteration != nil || stopWords != nil || dictionary != nil
  }

  func validate() throws {
    _ = try skippedKinds()
    let kept = try wholeTokens()
    if !kept.isEmpty, let unit, unit != .word { throw ValidationError("--keep is for --unit word") }
  }

  private func wholeTokens() throws -> Set<WholeToken> {
    guard let keep, keep != "none" else { return [] }
    if keep == "all" { return Set(WholeToken.allCases) }
    return try Set(
      keep.split(separator: ",").map { name in
        guard let token = WholeToken(rawValue: String(name)) else {
          throw ValidationError(
            "--keep: \"\(name)\" is no token that can be kept whole; there are "
              + WholeToken.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return token
      })
  }

  private static let widthFolding = "[[:ea=F:][:ea=H:]] NFKC"
  /// Marks that belong to no script, but for the voicing marks of kana: the vowel signs of Hindi or Thai are no accents.
  private static let accentStripping = #"NFD; [[:Mn:]&[:script=Inherited:]-[\u3099\u309A]] Remove; NFC"#

  /// All that the text is transliterated by, in the order in which one prepares the other.
  private var transliteration: String? {
    let parts = [
      foldWidth ? Self.widthFolding : nil, simplify ? "Traditional-Simplified" : nil, transliterate,
      stripAccents ? Self.accentStripping : nil,
    ].compactMap { $0 }
    // A filter at the very beginning would be one for all parts.
    return parts.isEmpty ? nil : (["Null"] + parts).joined(separator: "; ")
  }

  /// Refuses an id that ICU does not know by what was typed, not by what it is put together with.
  private func checkTransliteration() throws {
    guard let transliterate else { return }
    var settings = TokenizerSettings()
    settings.transliteration = "Null; \(transliterate)"
    do { _ = try Tokenizer(settings) } catch TokenizerError.unknownTransliteration {
      throw TokenizerError.unknownTransliteration(transliterate)
    }
  }

  private func dictionaryWords() throws -> [String: Int] {
    guard let dictionary else { return [:] }
    let reader = try LineReader(path: dictionary)
    var words: [String: Int] = [:]
    while try reader.advance() {
      let fields = try reader.lineText().split(separator: "\t", omittingEmptySubsequences: false)
      guard let word = fields.first, !word.isEmpty else { continue }
      guard fields.count < 3, let frequency = fields.count < 2 ? 1 : Int(fields[1]), frequency >= 0 else {
        throw CommandFailure(
          .content,
          "\(dictionary), line \(reader.lineNumber): a word, or a word, a tab and its frequency are wanted")
      }
      words[String(word), default: 0] = min(1 << 40, words[String(word), default: 0] + min(1 << 40, max(1, frequency)))
    }
    return words
  }

  private func stopWordList() throws -> Set<String> {
    guard let stopWords else { return [] }
    let reader = try LineReader(path: stopWords)
    var words: Set<String> = []
    while try reader.advance() {
      let word = String(
        try reader.lineText().drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      if !word.isEmpty { words.insert(word) }
    }
    return words
  }

  /// The kinds that were named, or a default.
  private func skippedKinds(_ kinds: Set<TokenKind> = [.space]) throws -> Set<TokenKind> {
    guard let skip else { return kinds }
    if skip == "none" || skip.isEmpty { return [] }
    return try Set(
      skip.split(separator: ",").map { name in
        guard let kind = TokenKind(name: String(name)) else {
          throw ValidationError(
            "--skip: \"\(name)\" is not a kind of token; there are \(TokenKind.allCases.map(\.name).joined(separator: ", "))"
          )
        }
        return kind
      })
  }

  /// - Parameter readsCharacters: whether tokens are all characters, spaces too, unless somebody says otherwise.
  func settings(lowercase: Bool, readsCharacters: Bool = false) throws -> TokenizerSettings {
    var settings = TokenizerSettings()
    settings.unit = unit ?? (readsCharacters ? .character : .word)
    settings.locale = locale
    settings.normalization = normalize
    settings.lowercase = lowercase
    settings.skippedKinds = try skippedKinds(readsCharacters ? [] : [.space])
    settings.wholeTokens = try wholeTokens()
    settings.foldsNumbers = foldNumbers
    settings.transliteration = transliteration
    try checkTransliteration()
    settings.dictionary = try dictionaryWords()
    settings.stopWords = try stopWordList()
    return settings
  }
}
