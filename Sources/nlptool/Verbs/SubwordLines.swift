import TextProcessing

/// Divides lines into the subwords of a tokenizer.
final class SubwordLines: LineDivider {
  private let tokenizer: SubwordTokenizer
  private let format: Tokenize.Format
  private let addsSpecialTokens: Bool
  private let converter: OffsetConverter
  var block: LineBlock?
  private(set) var output: [UInt8] = []
  private(set) var failure: (any Error)?

  init(
    tokenizer: SubwordTokenizer, format: Tokenize.Format, addsSpecialTokens: Bool, offsets: OffsetUnit
  ) throws {
    converter = try OffsetConverter(to: offsets)
    self.tokenizer = tokenizer
    self.format = format
    self.addsSpecialTokens = addsSpecialTokens
  }

  func run() {
    output.removeAll(keepingCapacity: true)
    failure = nil
    guard let block else { return }
    do {
      try block.forEachLine { number, line in
        do throws(SubwordTokenizerError) {
          try append(line)
        } catch {
          switch error {
          case .invalidUTF8(let error):
            throw CorpusError.invalidUTF8(path: block.path, line: number, offset: error.offset)
          default: throw CommandFailure(.content, "\(block.path), line \(number): \(error)")
          }
        }
      }
    } catch {
      failure = error
    }
  }

  private func append(_ line: Span<UInt8>) throws(SubwordTokenizerError) {
    let newline = UInt8(ascii: "\n")
    if format == .ids, !addsSpecialTokens || tokenizer.addsNothing {
      // In a variable of its own, since each access to an object's is checked.
      var line = try Self.decimals(tokenizer.ids(of: line))
      line.append(newline)
      output += line
      return
    }
    let encoding = try tokenizer.encode(line, addsSpecialTokens: addsSpecialTokens)
    let ranges = format == .offsets || format == .jsonl ? converter.convert(encoding.ranges, in: line) : []
    switch format {
    case .ids: output += Self.decimals(encoding.ids)
    case .text: output += encoding.tokens.joined(separator: " ").utf8
    case .offsets:
      for (token, range) in zip(encoding.tokens, ranges) {
        output += "\(range.lowerBound)\t\(range.upperBound)\tsubword\t\(token)\n".utf8
      }
    case .jsonl: appendObject(encoding, ranges)
    }
    output.append(newline)
  }

  private static func decimals(_ ids: [Int32]) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(6 * ids.count + 1)
    for (index, id) in ids.enumerated() {
      if index > 0 { line.append(UInt8(ascii: " ")) }
      line.append(decimal: UInt32(bitPattern: id))
    }
    return line
  }

  private func appendObject(_ encoding: SubwordEncoding, _ ranges: [Range<Int>]) {
    output += "{\"ids\":[".utf8
    appendList(encoding.ids)
    output += "],\"tokens\":[".utf8
    for (index, token) in encoding.tokens.enumerated() {
      output += (index > 0 ? ",\"" : "\"").utf8
      output.appendJSON(token.utf8)
      output.append(UInt8(ascii: "\""))
    }
    output += "],\"offsets\":[".utf8
    appendList(ranges.map { "[\($0.lowerBound),\($0.upperBound)]" })
    output += "],\"type_ids\":[".utf8
    appendList(encoding.typeIDs)
    output += "],\"word_ids\":[".utf8
    appendList(encoding.wordIDs.map { $0.map(String.init) ?? "null" })
    output += "],\"special_tokens_mask\":[".utf8
    appendList(encoding.specialTokensMask.map { $0 ? 1 : 0 })
    output += "],\"attention_mask\":[".utf8
    appendList(encoding.attentionMask.map { $0 ? 1 : 0 })
    output += "]}".utf8
  }

  private func appendList(_ values: [some CustomStringConvertible], separator: String = ",") {
    for (index, value) in values.enumerated() {
      if index > 0 { output += separator.utf8 }
      output += value.description.utf8
    }
  }
}
