import ArgumentParser
import TextProcessing

extension TextEncoding.InvalidBytes: ExpressibleByArgument {}

/// How the bytes of texts are read. Files that gzip, xz or Zstandard has compressed are decompressed by themselves.
struct InputArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Character set of the texts: a name such as GB18030, Shift_JIS or windows-1252, or auto to find out. (default: UTF-8, or what a byte order mark says)",
      valueName: "name"))
  var encoding: String?

  @Option(help: "What becomes of bytes that mean nothing in it.")
  var invalid = TextEncoding.InvalidBytes.error

  var textEncoding: TextEncoding {
    let set: TextEncoding.CharacterSet =
      switch encoding {
      case nil: .unicode
      case "auto": .detected
      case let name?: .named(name)
      }
    return TextEncoding(set, invalidBytes: invalid)
  }

  /// Opens a file of texts; `-` is standard input.
  func open(_ path: String) throws(CorpusError) -> LineReader { try LineReader(path: path, encoding: textEncoding) }

  /// Says what is worth telling of how a file was read.
  func report(_ reader: LineReader) {
    guard let summary = reader.encodingReport.summary else { return }
    StandardError.write("\(reader.path == "-" ? "standard input" : reader.path): \(summary)\n")
  }
}
