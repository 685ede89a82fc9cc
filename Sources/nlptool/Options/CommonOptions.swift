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

  /// Whether any of them was given.
  var isGiven: Bool { unit != nil || locale != "en" || normalize != nil || skip != nil }

  func validate() throws { _ = try skippedKinds() }

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
    return settings
  }
}
