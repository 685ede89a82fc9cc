import Foundation
import TextProcessing

/// The forms that a vocabulary is written in for people and other programs. Both are read back without loss.
///
/// The first line of both is a JSON object with the number of entries, the padding and unknown ids and the tokenizer's
/// settings; in a TSV file a `#` stands before it. One line for each entry follows, in the order of ids.
public enum VocabularyTextFormat: String, Sendable, CaseIterable, Codable {
  /// `id TAB count TAB kind TAB token`, the token escaped as in `\t \n \r \0 \\ \xHH`.
  case tsv
  /// `{"id":…,"count":…,"kind":…,"token":…}`, or `"bytes"` in hex where the token is not UTF-8.
  case jsonLines = "jsonl"
}

/// The first line of a text form.
struct TextFormHeader: Decodable {
  static let formatName = "nlptool-vocabulary"
  static let version = 1
  /// How the line begins when this module wrote it; what tells a text form from a list of words.
  static let mark = [UInt8](#"{"format":"nlptool-vocabulary""#.utf8)

  let format: String
  let version: Int
  let count: Int
  let padding: Int32
  let unknown: Int32
  let settings: TokenizerSettings

  /// The header of a vocabulary, put together by hand: the mark must come first, and encoders sort keys or shuffle.
  static func line(for vocabulary: Vocabulary) -> [UInt8] {
    let numbers =
      #","version":\#(version),"count":\#(vocabulary.count)"#
      + #","padding":\#(vocabulary.paddingID),"unknown":\#(vocabulary.unknownID),"settings":"#
    return mark + [UInt8](numbers.utf8) + vocabulary.table.settings + [UInt8(ascii: "}")]
  }

  /// Reads the header; nil where it is none.
  init?(line: some Collection<UInt8>) {
    guard let header = try? JSONDecoder().decode(TextFormHeader.self, from: Data(line)),
      header.format == Self.formatName
    else { return nil }
    self = header
  }
}
