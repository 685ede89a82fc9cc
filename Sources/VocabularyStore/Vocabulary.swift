import TextProcessing

/// The tokens that a model knows, each with a number: immutable, and free to share between threads.
///
/// Tokens are told apart by their bytes. `"é"` as one scalar and as two are two tokens here, although they are one
/// `String`: bring text into one normal form before looking it up if that is not wanted.
///
/// Ids are dense from 0: reserved tokens first, then by falling count, equal counts in the order of their bytes. The
/// same counts therefore always give the same ids.
///
/// A vocabulary comes from a ``VocabularyCounter``, a list of words, a text form, or a file (``VocabularyStore``).
public struct Vocabulary: Sendable {
  let table: FlatTable

  /// How the texts that the tokens come from were cut.
  public let settings: TokenizerSettings
  /// The id that fills short texts up, 0 by default.
  public let paddingID: Int32
  /// The id of every token that is not in the vocabulary, 1 by default.
  public let unknownID: Int32

  /// The reserved tokens where none are given: padding, then unknown.
  public static let defaultReservedTokens = ["<pad>", "<unk>"]

  init(table: FlatTable, settings: TokenizerSettings) {
    self.table = table
    self.settings = settings
    paddingID = table.paddingID
    unknownID = table.unknownID
  }

  /// The number of tokens, reserved ones included.
  public var count: Int { table.count }

  /// The id of the token with exactly these bytes, or nil. Allocates nothing; tens of nanoseconds.
  public func id(of utf8: Span<UInt8>) -> Int32? { table.id(of: utf8.bytes) }

  /// The id of the token with exactly this text's UTF-8 bytes, or nil.
  public func id(of token: String) -> Int32? { table.id(of: token.utf8.span.bytes) }

  /// The text of a token, or nil for an id that is not in the vocabulary. Bytes that are not UTF-8 show as U+FFFD.
  public func token(_ id: Int32) -> String? {
    guard contains(id) else { return nil }
    return String(decoding: table.bytes[table.range(of: Int(id))], as: UTF8.self)
  }

  /// All that is known about a token, or nil for an id that is not in the vocabulary.
  public func entry(_ id: Int32) -> VocabularyEntry? {
    guard contains(id) else { return nil }
    return VocabularyEntry(
      id: id, token: [UInt8](table.bytes[table.range(of: Int(id))]), count: table.occurrences(of: Int(id)),
      kind: table.kind(of: Int(id)))
  }

  /// The ids of the tokens, ``unknownID`` for those that are not in the vocabulary.
  ///
  /// A token that reads like a reserved one gets the reserved id: a text that says "<pad>" is padding to the model.
  @inlinable
  public func encode(_ tokens: some Sequence<String>) -> [Int32] {
    var ids: [Int32] = []
    ids.reserveCapacity(tokens.underestimatedCount)
    for token in tokens { ids.append(id(of: token) ?? unknownID) }
    return ids
  }

  /// The texts of the ids; an id that is not in the vocabulary gives the unknown token's text.
  @inlinable
  public func decode(_ ids: some Sequence<Int32>) -> [String] {
    var tokens: [String] = []
    tokens.reserveCapacity(ids.underestimatedCount)
    for id in ids { tokens.append(token(id) ?? token(unknownID) ?? "") }
    return tokens
  }

  /// SHA-256, in hex, over which bytes have which id, the padding and unknown ids, and the settings.
  ///
  /// Weights trained with one vocabulary fit any other of the same fingerprint. Counts are not part of it. Costs
  /// nothing much: it was computed when the vocabulary was made.
  public var fingerprint: String {
    let digits = [UInt8]("0123456789abcdef".utf8)
    return String(
      decoding: table.fingerprint.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The bytes that the vocabulary holds in memory, which is also about what its file's table takes.
  public var byteCount: Int { table.bytes.count }

  private func contains(_ id: Int32) -> Bool { id >= 0 && Int(id) < table.count }
}

extension Vocabulary: Equatable {
  /// Equal tokens with equal ids, counts and kinds, and equal settings.
  public static func == (left: Vocabulary, right: Vocabulary) -> Bool { left.table.bytes == right.table.bytes }
}
