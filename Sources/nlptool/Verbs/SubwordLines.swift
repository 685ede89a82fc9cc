import TextProcessing

/// Divides lines into the subwords of a tokenizer.
final class SubwordLines: LineDivider {
  private var tokenizer: SubwordTokenizer
  private let format: Tokenize.Format
  private let addsSpecialTokens: Bool
  private let converter: OffsetConverter
  private let arguments: SubwordArguments?
  /// What was mended of the line.
  private var repairs = TextRepairs()
  var block: LineBlock?
  private(set) var output: [UInt8] = []
  private(set) var failure: (any Error)?

  init(
    tokenizer: SubwordTokenizer, format: Tokenize.Format, addsSpecialTokens: Bool, offsets: OffsetUnit,
    arguments: SubwordArguments? = nil
  ) throws {
    converter = try OffsetConverter(to: offsets)
    self.tokenizer = tokenizer
    self.format = format
    self.addsSpecialTokens = addsSpecialTokens
    self.arguments = arguments
    // Nobody looks at it.
    if arguments == nil { self.tokenizer.truncation?.keepsOverflow = false }
  }

  func run() {
    output.removeAll(keepingCapacity: true)
    failure = nil
    guard let block else { return }
    do {
      try block.forEachLine { number, line in
        repairs = block.repairs(inLine: number)
        if let arguments { tokenizer.dropoutSeed = arguments.seed(ofLine: number) }
        do throws(SubwordTokenizerError) {
          if arguments?.pair ?? false { try appendPair(line) } else { try append(line) }
        } catch {
          switch error {
          case .invalidUTF8(let error):
            throw CorpusError.invalidUTF8(path: block.path, line: number, offset: error.offset)
          default: throw CommandFailure(.content, "\(shownName(block.path)), line \(number): \(error)")
          }
        }
      }
    } catch {
      failure = error
    }
  }

  private func append(_ line: Span<UInt8>) throws(SubwordTokenizerError) {
    let isWhole = tokenizer.truncation == nil && tokenizer.padding == nil
    if format == .ids, !addsSpecialTokens && isWhole || tokenizer.addsNothing {
      // In a variable of its own, since each access to an object's is checked.
      var line = try Self.decimals(tokenizer.ids(of: line))
      line.append(UInt8(ascii: "\n"))
      output += line
      return
    }
    append(try tokenizer.encode(line, addsSpecialTokens: addsSpecialTokens), of: line, nil)
  }

  private func appendPair(_ line: Span<UInt8>) throws(SubwordTokenizerError) {
    if let offset = UTF8Validation.firstInvalidOffset(in: line) { throw .invalidUTF8(InvalidUTF8(offset: offset)) }
    let texts = line.withUnsafeBufferPointer { bytes in
      bytes.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map { Array($0) }
    }
    guard texts.count == 2 else {
      throw .notEncodable(reason: "a pair is two texts with one tab between; there are \(texts.count - 1)")
    }
    let (first, second) = (texts[0], texts[1])
    let encoding = try tokenizer.encode(
      String(decoding: first, as: UTF8.self), pair: String(decoding: second, as: UTF8.self),
      addsSpecialTokens: addsSpecialTokens)
    append(encoding, of: first.span, second)
  }

  private func append(_ encoding: SubwordEncoding, of line: Span<UInt8>, _ second: [UInt8]?) {
    switch format {
    case .ids: output += Self.decimals(encoding.ids)
    case .text: output += encoding.tokens.joined(separator: " ").utf8
    case .offsets:
      for (token, range) in zip(encoding.tokens, ranges(of: encoding, in: line, second)) {
        output += "\(range.lowerBound)\t\(range.upperBound)\tsubword\t\(token)\n".utf8
      }
    case .jsonl: appendObject(encoding, of: line, second)
    }
    output.append(UInt8(ascii: "\n"))
  }

  /// Where the tokens stand in their texts, in the unit that is asked for.
  private func ranges(of encoding: SubwordEncoding, in line: Span<UInt8>, _ second: [UInt8]?) -> [Range<Int>] {
    guard let second else { return converter.convert(encoding.ranges, in: line, repairs: repairs) }
    var result = encoding.ranges
    func convert(_ sequence: Int, _ text: Span<UInt8>, _ repairs: TextRepairs) {
      let places = encoding.ranges.indices.filter { (encoding.sequenceIDs[$0] ?? 0) == sequence }
      let ranges = converter.convert(places.map { encoding.ranges[$0] }, in: text, repairs: repairs)
      for (place, range) in zip(places, ranges) { result[place] = range }
    }
    // The first of a pair comes alone; one tab is between them.
    convert(0, line, repairs.within(0..<line.count))
    convert(1, second.span, repairs.within(line.count + 1..<line.count + 1 + second.count))
    return result
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

  private func appendObject(_ encoding: SubwordEncoding, of line: Span<UInt8>, _ second: [UInt8]?) {
    output += "{\"ids\":[".utf8
    appendList(encoding.ids)
    output += "],\"tokens\":[".utf8
    for (index, token) in encoding.tokens.enumerated() {
      output += (index > 0 ? ",\"" : "\"").utf8
      output.appendJSON(token.utf8)
      output.append(UInt8(ascii: "\""))
    }
    output += "],\"offsets\":[".utf8
    appendList(ranges(of: encoding, in: line, second).map { "[\($0.lowerBound),\($0.upperBound)]" })
    output += "],\"type_ids\":[".utf8
    appendList(encoding.typeIDs)
    output += "],\"word_ids\":[".utf8
    appendList(encoding.wordIDs.map { $0.map(String.init) ?? "null" })
    output += "],\"special_tokens_mask\":[".utf8
    appendList(encoding.specialTokensMask.map { $0 ? 1 : 0 })
    output += "],\"attention_mask\":[".utf8
    appendList(encoding.attentionMask.map { $0 ? 1 : 0 })
    output.append(UInt8(ascii: "]"))
    if second != nil {
      output += ",\"sequence_ids\":[".utf8
      appendList(encoding.sequenceIDs.map { $0.map(String.init) ?? "null" })
      output.append(UInt8(ascii: "]"))
    }
    if !encoding.overflowing.isEmpty {
      output += ",\"overflow\":[".utf8
      for (index, part) in encoding.overflowing.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        appendObject(part, of: line, second)
      }
      output.append(UInt8(ascii: "]"))
    }
    output.append(UInt8(ascii: "}"))
  }

  private func appendList(_ values: [some CustomStringConvertible], separator: String = ",") {
    for (index, value) in values.enumerated() {
      if index > 0 { output += separator.utf8 }
      output += value.description.utf8
    }
  }
}
