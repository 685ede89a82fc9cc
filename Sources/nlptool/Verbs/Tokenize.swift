import ArgumentParser
import Tensors
import TextProcessing
import VocabularyStore

/// `nlptool tokenize`
struct Tokenize: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, jsonl, offsets, ids }

  static let configuration = CommandConfiguration(
    abstract: "Divide texts into tokens.",
    discussion: """
      Reads UTF-8, one text a line, and writes one line for each. Words are those of Unicode's UAX #29 with ICU's \
      dictionaries for Chinese, Japanese, Thai and others. Offsets count bytes of the line as it was read.

      Formats: text, tokens with a space between; jsonl, one object {"tokens":[{"text","kind","start","end"}]}; \
      offsets, a line "start TAB end TAB kind TAB token" for each token and an empty line after each text; ids, \
      numbers of --vocabulary, whose own settings then divide the text.

      Examples:
        nlptool tokenize reviews.txt --lowercase
        echo "今天天气真好" | nlptool tokenize --locale zh --format jsonl
        nlptool tokenize reviews.txt --skip space,punctuation --format offsets
        nlptool tokenize reviews.txt --format ids --vocabulary words.sqlite
      """)

  @Argument(help: ArgumentHelp("Files with one text a line; \"-\" is standard input. (default: -)", valueName: "file"))
  var files: [String] = []

  @OptionGroup(title: "Tokens") var tokenizer: TokenizerArguments

  @Flag(inversion: .prefixedNo, help: "Lower-case the tokens.")
  var lowercase = false

  @Option(help: "Form of the result.")
  var format: Format = .text

  @Option(help: ArgumentHelp("Vocabulary for --format ids.", valueName: "file"))
  var vocabulary: String?

  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if format == .ids, vocabulary == nil { throw ValidationError("--format ids needs --vocabulary FILE") }
    if format != .ids, vocabulary != nil { throw ValidationError("--vocabulary is for --format ids") }
  }

  func run() throws {
    compute.apply()
    let known = try vocabulary.map { try VocabularyStore.open($0).vocabulary() }
    let tokenizer = try Tokenizer(known?.settings ?? tokenizer.settings(lowercase: lowercase))
    let slots = (0..<Parallelism.threads).map { _ in
      BlockTokenizer(tokenizer: tokenizer, format: format, vocabulary: known)
    }
    for file in files.isEmpty ? ["-"] : files {
      let reader = try LineReader(path: file)
      var readFailure: CorpusError?
      while readFailure == nil {
        // One block for each thread, written in their order; what is there does not wait for what is not.
        var count = 0
        do throws(CorpusError) {
          while count < slots.count, count == 0 || reader.nextLineIsReady, let block = try reader.nextBlock() {
            slots[count].block = block
            count += 1
          }
        } catch {
          readFailure = error
        }
        if count == 0 { break }
        parallelFor(count) { slots[$0].run() }
        for slot in slots[..<count] {
          try StandardOutput.shared.write(utf8: slot.output)
          if let failure = slot.failure { throw failure }
        }
        if !reader.nextLineIsReady { try StandardOutput.shared.flush() }
      }
      if let readFailure { throw readFailure }
    }
  }
}

/// Tokenizes one block of lines into the bytes of the result. Used by one thread at a time.
private final class BlockTokenizer {
  private let tokenizer: Tokenizer
  private let workspace: TokenizerWorkspace
  private let format: Tokenize.Format
  private let vocabulary: Vocabulary?
  var block: LineBlock?
  private(set) var output: [UInt8] = []
  /// The first line that is not UTF-8; the lines before it are in the output.
  private(set) var failure: CorpusError?

  init(tokenizer: Tokenizer, format: Tokenize.Format, vocabulary: Vocabulary?) {
    self.tokenizer = tokenizer
    workspace = tokenizer.makeWorkspace()
    self.format = format
    self.vocabulary = vocabulary
  }

  func run() {
    output.removeAll(keepingCapacity: true)
    failure = nil
    guard let block else { return }
    do throws(CorpusError) {
      try block.forEachLine { number, line throws(CorpusError) in
        do throws(InvalidUTF8) {
          try tokenizer.tokenize(line, with: workspace)
        } catch {
          throw .invalidUTF8(path: block.path, line: number, offset: error.offset)
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
        let range = workspace.range(at: index)
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
        let range = workspace.range(at: index)
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
    workspace.withUTF8(at: index) { text in
      for position in text.indices {
        switch text[position] {
        case UInt8(ascii: "\""): output += "\\\"".utf8
        case UInt8(ascii: "\\"): output += "\\\\".utf8
        case UInt8(ascii: "\t"): output += "\\t".utf8
        case UInt8(ascii: "\r"): output += "\\r".utf8
        case 0..<0x10: output += "\\u000\(String(text[position], radix: 16))".utf8
        case 0x10..<0x20: output += "\\u00\(String(text[position], radix: 16))".utf8
        default: output.append(text[position])
        }
      }
    }
  }
}
