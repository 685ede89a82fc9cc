/// The rows of a CSV or TSV file. Fields of CSV may stand in quotation marks, with a mark doubled inside, and may then hold
/// commas and line ends; in TSV marks mean nothing.
struct TableRows {
  /// The fields of the first row.
  private(set) var header: [String] = []
  private let path: String
  private let bytes: [UInt8]
  private let separator: UInt8
  private var place = 0
  /// The line that the next row begins in, from 1.
  private(set) var line = 1

  private static let (quote, feed, return_) = (UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"))

  /// Reads a file whole. A header with a tab is TSV, one with a semicolon and no comma is separated by these.
  init(path: String) throws(ImageError) {
    let bytes = try readMaybeCompressed(path)
    guard !bytes.isEmpty else { throw .empty(name: path) }
    let firstLine = bytes.prefix { $0 != Self.feed }
    separator =
      if firstLine.contains(UInt8(ascii: "\t")) {
        UInt8(ascii: "\t")
      } else if !firstLine.contains(UInt8(ascii: ",")),
        firstLine.contains(UInt8(ascii: ";"))
      { UInt8(ascii: ";") } else { UInt8(ascii: ",") }
    (self.path, self.bytes) = (path, bytes)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    header = try next()?.fields.map { String($0.drop { $0 == " " }) } ?? []
  }

  /// The next row that is not empty, and the line that it begins in.
  mutating func next() throws(ImageError) -> (fields: [String], line: Int)? {
    while place < bytes.count {
      let first = line
      let fields = try readRow()
      if fields.count > 1 || fields.first?.isEmpty == false { return (fields, first) }
    }
    return nil
  }

  private mutating func readRow() throws(ImageError) -> [String] {
    var fields: [String] = []
    while true {
      fields.append(try readField())
      guard place < bytes.count, bytes[place] == separator else { break }
      place += 1
    }
    if place < bytes.count, bytes[place] == Self.return_ { place += 1 }
    if place < bytes.count, bytes[place] == Self.feed {
      place += 1
      line += 1
    }
    return fields
  }

  private mutating func readField() throws(ImageError) -> String {
    let isTSV = separator == UInt8(ascii: "\t")
    if !isTSV, place < bytes.count, bytes[place] == Self.quote { return try readQuotedField() }
    let start = place
    while place < bytes.count, bytes[place] != separator, bytes[place] != Self.feed, !isLineEnd { place += 1 }
    return try text(Array(bytes[start..<place]))
  }

  /// A return counts only before a line feed, or alone at the end.
  private var isLineEnd: Bool {
    bytes[place] == Self.return_ && (place + 1 == bytes.count || bytes[place + 1] == Self.feed)
  }

  private mutating func readQuotedField() throws(ImageError) -> String {
    let first = line
    var field: [UInt8] = []
    place += 1
    while true {
      guard place < bytes.count else {
        throw .badRow(path: path, line: first, reason: "the quoted field that begins here never ends")
      }
      let byte = bytes[place]
      place += 1
      if byte == Self.feed { line += 1 }
      guard byte == Self.quote else {
        field.append(byte)
        continue
      }
      guard place < bytes.count, bytes[place] == Self.quote else { break }
      field.append(Self.quote)
      place += 1
    }
    guard place == bytes.count || bytes[place] == separator || bytes[place] == Self.feed || isLineEnd else {
      throw .badRow(path: path, line: first, reason: "something follows a quoted field")
    }
    return try text(field)
  }

  private func text(_ bytes: [UInt8]) throws(ImageError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .badRow(path: path, line: line, reason: "bytes that are no UTF-8")
    }
    return text
  }
}
