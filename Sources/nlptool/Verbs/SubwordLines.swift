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

  var hasOffsets: Bool { format == .offsets || format == .jsonl }

  func run() {
    output.removeAll(keepingCapacity: true)
    failure = nil
    guard let block else { return }
    do {
      try block.forEachLine { number, line, repairs in
        self.repairs = repairs
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
      for (token, range) in zip(encoding.tokens, ranges(of: [encoding], in: line, second)[0]) {
        output += "\(range.lowerBound)\t\(range.upperBound)\tsubword\t\(token)\n".utf8
      }
    case .jsonl:
      let parts = [encoding] + encoding.overflowing
      appendObject(parts[...], ranges(of: parts, in: line, second)[...], isPair: second != nil)
    }
    output.append(UInt8(ascii: "\n"))
  }

  /// Where the tokens of a text's parts stand, in the unit that is asked for. All at once, since each conversion passes over the
  /// text.
  private func ranges(of parts: [SubwordEncoding], in line: Span<UInt8>, _ second: [UInt8]?) -> [[Range<Int>]] {
    var result = parts.map(\.ranges)
    func convert(_ text: Span<UInt8>, _ repairs: TextRepairs, where isOfText: (Int?) -> Bool) {
      var places: [(part: Int, token: Int)] = []
      for (part, encoding) in parts.enumerated() {
        for token in encoding.ranges.indices where isOfText(encoding.sequenceIDs[token]) {
          places.append((part, token))
        }
      }
      let ranges = converter.convert(places.map { parts[$0.part].ranges[$0.token] }, in: text, repairs: repairs)
      for (place, range) in zip(places, ranges) { result[place.part][place.token] = range }
    }
    guard let second else {
      if converter.unit != .bytes || !repairs.isEmpty { convert(line, repairs) { _ in true } }
      return result
    }
    // The first of a pair comes alone; one tab is between them.
    convert(line, repairs.within(0..<line.count)) { $0 != 1 }
    convert(second.span, repairs.within(line.count + 1..<line.count + 1 + second.count)) { $0 == 1 }
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

  /// Appends the first of the parts of a text; the others are what was cut off of it.
  private func appendObject(_ parts: ArraySlice<SubwordEncoding>, _ ranges: ArraySlice<[Range<Int>]>, isPair: Bool) {
    guard let encoding = parts.first, let offsets = ranges.first else { return }
    output += "{\"ids\":[".utf8
    appendList(encoding.ids)
    output += "],\"tokens\":[".utf8
    for (index, token) in encoding.tokens.enumerated() {
      output += (index > 0 ? ",\"" : "\"").utf8
      output.appendJSON(token.utf8)
      output.append(UInt8(ascii: "\""))
    }
    output += "],\"offsets\":[".utf8
    appendList(offsets.map { "[\($0.lowerBound),\($0.upperBound)]" })
    output += "],\"type_ids\":[".utf8
    appendList(encoding.typeIDs)
    output += "],\"word_ids\":[".utf8
    appendList(encoding.wordIDs.map { $0.map(String.init) ?? "null" })
    output += "],\"special_tokens_mask\":[".utf8
    appendList(encoding.specialTokensMask.map { $0 ? 1 : 0 })
    output += "],\"attention_mask\":[".utf8
    appendList(encoding.attentionMask.map { $0 ? 1 : 0 })
    output.append(UInt8(ascii: "]"))
    if isPair {
      output += ",\"sequence_ids\":[".utf8
      appendList(encoding.sequenceIDs.map { $0.map(String.init) ?? "null" })
      output.append(UInt8(ascii: "]"))
    }
    if parts.count > 1 {
      output += ",\"overflow\":[".utf8
      for index in parts.indices.dropFirst() {
        if index > parts.startIndex + 1 { output.append(UInt8(ascii: ",")) }
        appendObject(parts[index...index], ranges[index...index], isPair: isPair)
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
