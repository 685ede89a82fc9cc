import TextProcessing
import VocabularyStore

/// Divides lines into words.
final class WordLines: LineDivider {
  private let tokenizer: Tokenizer
  private let workspace: TokenizerWorkspace
  private let format: Tokenize.Format
  private let vocabulary: Vocabulary?
  /// nil where the format has no offsets.
  private let converter: OffsetConverter?
  /// The ranges of the line's tokens where they are others than the workspace's; nil where they are those.
  private var ranges: [Range<Int>]?
  var block: LineBlock?
  private(set) var output: [UInt8] = []
  private(set) var failure: (any Error)?

  init(tokenizer: Tokenizer, format: Tokenize.Format, vocabulary: Vocabulary?, offsets: OffsetUnit) throws {
    converter = format == .offsets || format == .jsonl ? try OffsetConverter(to: offsets) : nil
    self.tokenizer = tokenizer
    workspace = tokenizer.makeWorkspace()
    self.format = format
    self.vocabulary = vocabulary
  }

  var hasOffsets: Bool { converter != nil }

  func run() {
    output.removeAll(keepingCapacity: true)
    failure = nil
    guard let block else { return }
    do throws(CorpusError) {
      try block.forEachLine { number, line, repairs throws(CorpusError) in
        do throws(InvalidUTF8) {
          try tokenizer.tokenize(line, with: workspace)
        } catch {
          throw .invalidUTF8(path: block.path, line: number, offset: error.offset)
        }
        if let converter {
          ranges = nil
          if converter.unit != .bytes || !repairs.isEmpty {
            let ofTokens = (0..<workspace.count).map { workspace.range(at: $0) }
            ranges = converter.convert(ofTokens, in: line, repairs: repairs)
          }
        }
        appendLine()
      }
    } catch {
      failure = error
    }
  }

  private func appendLine() {
    let newline = UInt8(ascii: "\n")
    switch format {
    case .text:
      for index in 0..<workspace.count {
        if index > 0 { output.append(UInt8(ascii: " ")) }
        appendText(index)
      }
    case .ids:
      for index in 0..<workspace.count {
        if index > 0 { output.append(UInt8(ascii: " ")) }
        guard let vocabulary else { continue }
        append(Int(workspace.withUTF8(at: index) { vocabulary.id(of: $0) ?? vocabulary.unknownID }))
      }
    case .offsets:
      for index in 0..<workspace.count {
        let range = ranges?[index] ?? workspace.range(at: index)
        append(range.lowerBound)
        output.append(UInt8(ascii: "\t"))
        append(range.upperBound)
        output.append(UInt8(ascii: "\t"))
        output += workspace.kind(at: index).name.utf8
        output.append(UInt8(ascii: "\t"))
        appendText(index)
        output.append(newline)
      }
    case .jsonl:
      output += "{\"tokens\":[".utf8
      for index in 0..<workspace.count {
        let range = ranges?[index] ?? workspace.range(at: index)
        output += (index > 0 ? ",{\"text\":\"" : "{\"text\":\"").utf8
        appendJSON(index)
        output += "\",\"kind\":\"".utf8
        output += workspace.kind(at: index).name.utf8
        output += "\",\"start\":".utf8
        append(range.lowerBound)
        output += ",\"end\":".utf8
        append(range.upperBound)
        output.append(UInt8(ascii: "}"))
      }
      output += "]}".utf8
    }
    output.append(newline)
  }

  private func appendText(_ index: Int) {
    workspace.withUTF8(at: index) { text in text.withUnsafeBufferPointer { output += $0 } }
  }

  private func append(_ number: Int) {
    if number < 10 { return output.append(UInt8(ascii: "0") + UInt8(number)) }
    output += String(number).utf8
  }

  private func appendJSON(_ index: Int) {
    workspace.withUTF8(at: index) { text in text.withUnsafeBufferPointer { output.appendJSON($0) } }
  }
}

extension [UInt8] {
  /// Appends a number in decimal digits.
  mutating func append(decimal number: UInt32) {
    var digits = InlineArray<10, UInt8>(repeating: 0)
    var (rest, first) = (number, 10)
    repeat {
      first -= 1
      digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    for index in first..<10 { append(digits[index]) }
  }

  /// Appends text as it stands between the quotes of a JSON string.
  mutating func appendJSON(_ text: some Collection<UInt8>) {
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""): self += "\\\"".utf8
      case UInt8(ascii: "\\"): self += "\\\\".utf8
      case UInt8(ascii: "\t"): self += "\\t".utf8
      case UInt8(ascii: "\r"): self += "\\r".utf8
      case UInt8(ascii: "\n"): self += "\\n".utf8
      case 0..<0x10: self += "\\u000\(String(byte, radix: 16))".utf8
      case 0x10..<0x20: self += "\\u00\(String(byte, radix: 16))".utf8
      default: append(byte)
      }
    }
  }
}
