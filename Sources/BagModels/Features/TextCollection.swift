public import TextProcessing
import VocabularyStore

/// Texts with their labels, cut into tokens when they are added and kept as numbers: four bytes a token, whatever its
/// length, and each distinct token once.
///
///     var texts = try TextCollection(tokenizer: TokenizerSettings(lowercase: true))
///     texts.append("a film to remember", labels: ["positive"])
public struct TextCollection: Sendable {
  /// How texts are cut.
  public let tokenizer: TokenizerSettings
  private let cutter: Tokenizer
  private let workspaces: WorkspacePool

  /// Distinct tokens in the order of their first appearance.
  private(set) var arena = TokenArena()
  /// The tokens of all texts, one text behind the other, as numbers of the arena.
  private(set) var tokens: [Int32] = []
  /// Where each text begins in `tokens`, and where the last one ends.
  private(set) var starts: [Int] = [0]
  /// Names of labels in the order of their first appearance.
  private(set) var labelNames: [String] = []
  private var labelNumbers: [String: Int32] = [:]
  /// Labels of all texts, and where those of each text begin.
  private(set) var labels: [Int32] = []
  private(set) var labelStarts: [Int] = [0]
  /// Set when a distinct token found no room.
  private(set) var overflowed = false

  /// An empty collection.
  ///
  /// - Throws: ``BagModelError/tokenizer(_:)`` for a locale that ICU does not know.
  public init(tokenizer: TokenizerSettings = TokenizerSettings()) throws(BagModelError) {
    self.tokenizer = tokenizer
    do {
      cutter = try Tokenizer(tokenizer)
    } catch {
      throw .tokenizer(error)
    }
    workspaces = WorkspacePool(cutter)
  }

  /// Number of texts.
  public var count: Int { starts.count - 1 }

  /// Number of tokens of all texts.
  public var tokenCount: Int { tokens.count }

  /// Adds a text with any number of labels.
  public mutating func append(_ text: String, labels: [String] = []) {
    workspaces.withWorkspace { workspace in
      // A String is valid UTF-8, so that there is nothing to throw.
      guard (try? cutter.tokenize(text.utf8.span, with: workspace)) != nil else { return }
      for index in 0..<workspace.count { workspace.withUTF8(at: index) { add($0.bytes) } }
    }
    finishText(labels)
  }

  /// Adds a text that is cut already.
  public mutating func append(tokens: some Sequence<String>, labels: [String] = []) {
    for token in tokens { add(token.utf8.span.bytes) }
    finishText(labels)
  }

  private mutating func add(_ token: RawSpan) {
    guard let place = arena.insert(token) else {
      overflowed = true
      return
    }
    tokens.append(Int32(truncatingIfNeeded: place.index))
  }

  private mutating func finishText(_ names: [String]) {
    starts.append(tokens.count)
    for name in names {
      let number = labelNumbers[name] ?? Int32(labelNames.count)
      if Int(number) == labelNames.count {
        labelNames.append(name)
        labelNumbers[name] = number
      }
      // A label that is given twice is one.
      if !labels[labelStarts[labelStarts.count - 1]...].contains(number) { labels.append(number) }
    }
    labelStarts.append(labels.count)
  }

  /// The tokens of a text.
  func tokens(of text: Int) -> ArraySlice<Int32> { tokens[starts[text]..<starts[text + 1]] }

  /// The labels of a text as places in `labelNames`.
  func labels(of text: Int) -> ArraySlice<Int32> { labels[labelStarts[text]..<labelStarts[text + 1]] }

  /// The names of a text's labels.
  public func labelNames(of text: Int) -> [String] { labels(of: text).map { labelNames[Int($0)] } }

  /// Each distinct token as a string.
  var distinctTokens: [String] {
    (0..<arena.count).map { String(decoding: arena.bytes[arena.range(of: $0)], as: UTF8.self) }
  }

  /// The tokens of a text as strings.
  public func tokenTexts(of text: Int) -> [String] {
    tokens(of: text).map { String(decoding: arena.bytes[arena.range(of: Int($0))], as: UTF8.self) }
  }
}
