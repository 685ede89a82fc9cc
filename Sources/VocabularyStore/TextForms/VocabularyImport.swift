import Foundation
import TextProcessing

extension Vocabulary {
  /// Reads a vocabulary from a text file: a form that was exported, or a plain list of words, one a line.
  ///
  /// The first line tells which. An exported form gives a vocabulary equal to the one exported; a list gives ids in
  /// its order after the reserved tokens, and counts of 0. About half a microsecond for each entry of a TSV file or
  /// list, some ten for JSON Lines; the file is held in memory meanwhile.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - settings: How texts are cut into such words; for a list only.
  ///   - reserved: The complete list of reserved tokens, padding and unknown first; for a list only.
  /// - Throws: ``VocabularyError/missing(path:)``, ``VocabularyError/unreadable(path:reason:)``,
  ///   ``VocabularyError/badLine(path:line:reason:)``, ``VocabularyError/corrupt(path:reason:)`` for an exported file
  ///   that was cut, ``VocabularyError/newerSchema(path:version:)``, ``VocabularyError/empty(reason:)`` or
  ///   ``VocabularyError/invalidOptions(reason:)``.
  public static func imported(
    from path: String, settings: TokenizerSettings = TokenizerSettings(),
    reserved: [String] = Vocabulary.defaultReservedTokens
  ) throws(VocabularyError) -> Vocabulary {
    try imported(InputFile.read(path), name: path, settings: settings, reserved: reserved)
  }

  /// Reads a vocabulary from text in memory, for example from standard input; as `imported(from:settings:reserved:)`.
  ///
  /// - Parameter name: What errors call the text.
  public static func imported(
    _ text: [UInt8], name: String, settings: TokenizerSettings = TokenizerSettings(),
    reserved: [String] = Vocabulary.defaultReservedTokens
  ) throws(VocabularyError) -> Vocabulary {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = text.starts(with: mark) ? text[mark.count...] : text[...]
    if text.starts(with: [UInt8(ascii: "#")] + TextFormHeader.mark) {
      return try TextFormReader(name: name, format: .tsv).read(text)
    }
    if text.starts(with: TextFormHeader.mark) { return try TextFormReader(name: name, format: .jsonLines).read(text) }
    return try readWordList(text, name: name, settings: settings, reserved: reserved)
  }

  private static func readWordList(
    _ text: ArraySlice<UInt8>, name: String, settings: TokenizerSettings, reserved: [String]
  ) throws(VocabularyError) -> Vocabulary {
    var builder = try WordListBuilder(reserved: reserved)
    var lines = TextLines(text)
    while let line = lines.next() {
      func bad(_ reason: String) -> VocabularyError { .badLine(path: name, line: lines.number, reason: reason) }
      guard !line.isEmpty else { continue }
      guard TokenEscaping.isUTF8(line) else { throw bad("the line is not valid UTF-8") }
      guard !line.contains(0) else { throw bad("the line contains a NUL, so this is no list of words") }
      if let reason = builder.append(line.span.bytes) {
        throw bad("the word '\(String(decoding: line, as: UTF8.self))' \(reason)")
      }
    }
    return try builder.finish(settings: settings)
  }
}

/// Lines without their ends, which are LF or CRLF.
struct TextLines {
  private var rest: ArraySlice<UInt8>
  /// The number of the line that was given last, from 1.
  private(set) var number = 0
  /// Whether that line had an end. Only the last one of a text may have none.
  private(set) var hadEnd = true

  init(_ text: ArraySlice<UInt8>) { rest = text }

  mutating func next() -> ArraySlice<UInt8>? {
    guard !rest.isEmpty else { return nil }
    number += 1
    let end = rest.firstIndex(of: UInt8(ascii: "\n"))
    hadEnd = end != nil
    var line = rest[..<(end ?? rest.endIndex)]
    rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
    if hadEnd, line.last == UInt8(ascii: "\r") { line.removeLast() }
    return line
  }
}

/// Reads what `Vocabulary.export` wrote.
struct TextFormReader {
  let name: String
  let format: VocabularyTextFormat

  func read(_ text: ArraySlice<UInt8>) throws(VocabularyError) -> Vocabulary {
    var lines = TextLines(text)
    guard let line = lines.next(), let header = TextFormHeader(line: format == .tsv ? line.dropFirst() : line) else {
      throw .badLine(path: name, line: 1, reason: "the header is not readable")
    }
    guard header.version <= TextFormHeader.version else {
      throw .newerSchema(path: name, version: header.version)
    }
    var writer = FlatTableWriter()
    while let line = lines.next() {
      guard lines.hadEnd else { throw .corrupt(path: name, reason: "its last line has no end, so it may be cut") }
      if let reason = append(line, to: &writer) {
        throw .badLine(path: name, line: lines.number, reason: reason)
      }
    }
    guard writer.count == header.count else {
      throw .corrupt(path: name, reason: "it has \(writer.count) entries of \(header.count)")
    }
    guard header.count > 0 else { throw .empty(reason: "\(name) has no entries") }
    return try writer.finish(
      paddingID: header.padding, unknownID: header.unknown, settings: SettingsForm(header.settings))
  }

  /// Adds the entry of a line, or says what is wrong with it.
  private func append(_ line: ArraySlice<UInt8>, to writer: inout FlatTableWriter) -> String? {
    let parsed = format == .tsv ? Self.entry(fromTSV: line) : Self.entry(fromJSON: line)
    guard let entry = parsed else {
      return format == .tsv
        ? #"expected 'id TAB count TAB kind TAB token' with \t \n \r \0 \\ \xHH as the only escapes"#
        : #"expected {"id":…,"count":…,"kind":…,"token":…}"#
    }
    guard Int(entry.id) == writer.count else { return "the id is \(entry.id) where \(writer.count) comes next" }
    guard entry.count >= 0 else { return "the count is negative" }
    switch writer.append(entry.token.span.bytes, count: entry.count, kind: entry.kind) {
    case .appended: return nil
    case .duplicate(let id): return "the token has the id \(id) already"
    case .noRoom: return "the token does not fit: a vocabulary holds 4 GiB of them"
    }
  }

  private static func entry(fromTSV line: ArraySlice<UInt8>) -> VocabularyEntry? {
    let fields = line.split(separator: UInt8(ascii: "\t"), maxSplits: 3, omittingEmptySubsequences: false)
    guard fields.count == 4, let id = Int32(String(decoding: fields[0], as: UTF8.self)),
      let count = Int64(String(decoding: fields[1], as: UTF8.self)),
      let kind = VocabularyEntry.Kind(name: String(decoding: fields[2], as: UTF8.self)),
      !fields[3].contains(UInt8(ascii: "\t")), let token = TokenEscaping.token(fromTSV: fields[3])
    else { return nil }
    return VocabularyEntry(id: id, token: token, count: count, kind: kind)
  }

  private struct JSONEntry: Decodable {
    let id: Int32
    let count: Int64
    let kind: String
    let token: String?
    let bytes: String?
  }

  private static func entry(fromJSON line: ArraySlice<UInt8>) -> VocabularyEntry? {
    guard let entry = try? JSONDecoder().decode(JSONEntry.self, from: Data(line)),
      let kind = VocabularyEntry.Kind(name: entry.kind),
      let token = entry.token.map({ [UInt8]($0.utf8) })
        ?? entry.bytes.flatMap({ TokenEscaping.bytes(fromHex: $0.utf8) })
    else { return nil }
    return VocabularyEntry(id: entry.id, token: token, count: entry.count, kind: kind)
  }
}
