/// Rows of RFC 4180: fields between commas, which may be quoted and then hold commas, line ends and doubled quotes.
struct CSVRows: RowSource {
  private static let quote = UInt8(ascii: "\"")
  private static let comma = UInt8(ascii: ",")
  let reader: LineReader

  mutating func next() throws(CorpusError) -> CorpusRow? {
    while try reader.advance() {
      let firstLine = reader.lineNumber
      var parser = FieldParser()
      parser.feed(Array(try reader.lineText().utf8))
      if parser.isBlank { continue }
      while parser.isInQuotes {
        // The line end belongs to the field.
        parser.append(lineEnding: reader.lineEnding)
        guard try reader.advance() else { throw .unterminatedQuote(path: reader.path, line: firstLine) }
        parser.feed(Array(try reader.lineText().utf8))
      }
      return CorpusRow(line: firstLine, fields: parser.finish())
    }
    return nil
  }

  /// The state between the lines of one row.
  private struct FieldParser {
    private(set) var isInQuotes = false
    private var fields: [String] = []
    private var field: [UInt8] = []

    var isBlank: Bool { fields.isEmpty && !isInQuotes && field.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }

    mutating func feed(_ line: [UInt8]) {
      var index = 0
      // Only at the start of a field does a quote open it; elsewhere it stands for itself.
      var atStart = !isInQuotes
      while index < line.count {
        let byte = line[index]
        index += 1
        if isInQuotes {
          if byte != quote {
            field.append(byte)
          } else if index < line.count, line[index] == quote {
            field.append(quote)
            index += 1
          } else {
            isInQuotes = false
          }
        } else if byte == comma {
          endField()
          atStart = true
          continue
        } else if byte == quote, atStart {
          isInQuotes = true
        } else {
          field.append(byte)
        }
        atStart = false
      }
    }

    mutating func append(lineEnding: LineReader.LineEnding) {
      switch lineEnding {
      case .none: break
      case .lineFeed: field.append(0x0A)
      case .returnAndLineFeed: field += [0x0D, 0x0A]
      }
    }

    mutating func finish() -> [String] {
      endField()
      return fields
    }

    private mutating func endField() {
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
    }
  }
}
