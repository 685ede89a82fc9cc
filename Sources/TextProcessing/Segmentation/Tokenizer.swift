/// Cuts texts into words, characters, sentences, pieces of lines or what stands between white space.
///
/// ```swift
/// let tokenizer = try Tokenizer()
/// for token in tokenizer.tokens(in: "It's 3.5 stars 👍") {
///   print(token.kind.name, token.text, token.range)
/// }
/// ```
///
/// A tokenizer is immutable and may be shared between threads. Each thread that tokenizes much makes a workspace of its
/// own, once:
///
/// ```swift
/// let workspace = tokenizer.makeWorkspace()
/// try tokenizer.tokenize(bytes, with: workspace)
/// for index in 0..<workspace.count { … workspace.range(at: index) … }
/// ```
public struct Tokenizer: Sendable {
  private let rules: TokenizerRules

  /// How texts are cut.
  public var settings: TokenizerSettings { rules.settings }

  /// The settings' stop words as tokens are written, with their composed and decomposed spellings where texts are not
  /// normalised; in the order of their bytes.
  public var stopWords: [String] {
    guard let table = rules.stopWords else { return [] }
    return (0..<table.count).map { table.withBytes(of: $0) { String(decoding: $0, as: UTF8.self) } }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes a tokenizer. Fails for a locale that ICU does not know.
  public init(_ settings: TokenizerSettings = .init()) throws(TokenizerError) {
    rules = try TokenizerRules(settings)
  }

  /// The tokens of a text.
  public func tokens(in text: String) -> [Token] {
    let workspace = makeWorkspace()
    let utf8 = Array(text.utf8)
    // A string is well-formed UTF-8, so that this does not throw.
    guard (try? tokenize(utf8, with: workspace)) != nil else { return [] }
    return (0..<workspace.count).map {
      Token(text: workspace.text(at: $0), kind: workspace.kind(at: $0), range: workspace.range(at: $0))
    }
  }

  /// Memory for one thread to tokenize in.
  public func makeWorkspace() -> TokenizerWorkspace {
    TokenizerWorkspace(rules)
  }

  /// Finds the tokens of a text and leaves them in the workspace, which then has no others.
  public func tokenize(_ utf8: Span<UInt8>, with workspace: TokenizerWorkspace) throws(InvalidUTF8) {
    workspace.adopt(rules)
    try utf8.withUnsafeBufferPointer { bytes throws(InvalidUTF8) in try workspace.run(bytes) }
  }

  /// Finds the tokens of a text and leaves them in the workspace, which then has no others.
  public func tokenize(_ utf8: [UInt8], with workspace: TokenizerWorkspace) throws(InvalidUTF8) {
    try tokenize(utf8.span, with: workspace)
  }
}
