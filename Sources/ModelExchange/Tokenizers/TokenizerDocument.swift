import ModelFiles
import TextProcessing
import VocabularyStore

/// A model's tokenizer as a folder for Python: `vocab.txt`, a token a line, whose number from 0 is its id; `tokenizer.py`,
/// which gives the ids of a text by PyICU; `tokenizer.json` of Hugging Face's `tokenizers` where that can express it; and
/// `README.md`, which says how to use them and what cannot be had.
public struct TokenizerDocument: Sendable {
  static let files: Set = ["vocab.txt", "tokenizer.py", "tokenizer.json", "README.md"]

  private let vocabulary: Vocabulary
  private let settings: TokenizerSettings
  /// Tokens that a model reads of a text.
  private let maximumLength: Int?

  /// The tokenizer of a model for texts.
  ///
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)`` for a model of images, and for one whose ids are no ids of
  ///   tokens alone.
  public init(_ stored: StoredModel) throws(ExchangeError) {
    switch stored {
    case .text(let model):
      (vocabulary, maximumLength) = (model.encoder.vocabulary, model.encoder.maximumLength)
    case .language(let model): (vocabulary, maximumLength) = (model.vocabulary, nil)
    case .bag:
      throw .inexpressible(
        format: "a tokenizer", reason: "its ids are rows of words and n-grams; nlptool predict --logits gives them")
    case .image: throw .inexpressible(format: "a tokenizer", reason: "it reads images")
    }
    settings = vocabulary.settings
    for entry in vocabulary.entries where entry.token.contains(UInt8(ascii: "\n")) {
      throw .inexpressible(format: "vocab.txt", reason: "the token \(Self.text(entry).debugDescription) breaks a line")
    }
  }

  /// What keeps the ids from being found in Python, if anything does.
  public var limitation: String? {
    if settings.unit == .sentence || settings.unit == .line { return "tokens are \(settings.unit.rawValue)s" }
    if !settings.skippedKinds.subtracting([.space]).isEmpty {
      let names = settings.skippedKinds.subtracting([.space]).map(\.name).sorted().joined(separator: ", ")
      return "tokens of the kinds \(names) are left out"
    }
    if !settings.wholeTokens.isEmpty { return "addresses, mentions and the like are kept whole" }
    if !settings.dictionary.isEmpty { return "a dictionary divides Chinese, Japanese or Thai" }
    return settings.foldsNumbers ? "digits of numbers are folded" : nil
  }

  /// Whether `tokenizers` can express it.
  public var hasTokenizerJSON: Bool { json != nil }

  /// Whether the folder could be written there; for asking before the model is written.
  ///
  /// - Throws: what ``write(to:replacing:)`` would throw.
  public static func checkWritable(to path: String, replacing: Bool) throws(ExchangeError) {
    do { try FolderReplacement.check(path, files: files, replacing: replacing) } catch { throw .file(error) }
  }

  /// Writes the folder, whole or not at all.
  ///
  /// - Throws: ``ExchangeError/file(_:)``.
  public func write(to path: String, replacing: Bool = false) throws(ExchangeError) {
    do throws(FileError) {
      let folder = try FolderReplacement(path: path, files: Self.files, replacing: replacing)
      do throws(FileError) {
        func write(_ name: String, _ text: String) throws(FileError) {
          try writeAtomically(Array(text.utf8), to: "\(folder.temporaryPath)/\(name)")
        }
        try write("vocab.txt", vocabulary.entries.map { "\(Self.text($0))\n" }.joined())
        if limitation == nil { try write("tokenizer.py", python) }
        if let json { try write("tokenizer.json", json) }
        try write("README.md", page)
      } catch {
        folder.abandon()
        throw error
      }
      try folder.commit()
    } catch {
      throw .file(error)
    }
  }

  // MARK: Files

  private static func text(_ entry: VocabularyEntry) -> String { String(decoding: entry.token, as: UTF8.self) }

  private var unknownID: Int32 { vocabulary.unknownID }

  private var page: String {
    var text = """
      # Tokenizer

      `vocab.txt` has a token a line; its number from 0 is its id. Tokens that it lacks have the id \(unknownID), and so has a
      text without any token.

      """
    if let limitation {
      text +=
        "\nThe ids cannot be found in Python: \(limitation). `nlptool predict MODEL --format jsonl --logits` gives "
      text += "them.\n"
    } else {
      text += """

        With `pip install PyICU`, `tokenizer.py` gives the ids that nlptool gives, where both use the same version of ICU:

            from tokenizer import ids
            print(ids("What a film!"))

        """
    }
    if hasTokenizerJSON {
      text += """

        `tokenizer.json` gives the same ids by `pip install tokenizers`, but for texts longer than the model reads and for
        those without any token:

            from tokenizers import Tokenizer
            print(Tokenizer.from_file("tokenizer.json").encode("What a film!").ids)

        """
    } else {
      text += "\nThere is no `tokenizer.json`: the package `tokenizers` does not divide texts as ICU does.\n"
    }
    return text
  }

  private var python: String {
    let iterator: String
    switch settings.unit {
    case .word: iterator = "icu.BreakIterator.createWordInstance(LOCALE)"
    case .character: iterator = "icu.BreakIterator.createCharacterInstance(LOCALE)"
    default: iterator = "None"
    }
    let forms: [NormalizationForm: String] = [
      .nfc: "icu.Normalizer2.getNFCInstance()", .nfd: "icu.Normalizer2.getNFDInstance()",
      .nfkc: "icu.Normalizer2.getNFKCInstance()", .nfkd: "icu.Normalizer2.getNFKDInstance()",
    ]
    let normalizer = settings.normalization.flatMap { forms[$0] } ?? "None"
    let transliterator = settings.transliteration.map { "icu.Transliterator.createInstance(\(Self.quoted($0)))" }
    let stopWords = ((try? Tokenizer(settings))?.stopWords ?? []).map(Self.quoted).joined(separator: ", ")
    return """
      \"\"\"The ids of texts, as nlptool gives them to a model. Needs PyICU.\"\"\"
      import pathlib

      import icu

      LOCALE = icu.Locale(\(Self.quoted(settings.locale)))
      BREAKS = \(iterator)
      NORMALIZER = \(normalizer)
      TRANSLITERATOR = \(transliterator ?? "None")
      STOP_WORDS = {\(stopWords.isEmpty ? "*()" : stopWords)}
      UNKNOWN, MAXIMUM_LENGTH = \(unknownID), \(maximumLength.map(String.init) ?? "None")
      VOCABULARY = {
          token: number
          for number, token in enumerate((pathlib.Path(__file__).parent / "vocab.txt").read_bytes().decode().split("\\n")[:-1])}


      def is_space(token):
          # A cluster is what its first character is, whatever marks stand behind it.
          return not token or icu.Char.isUWhiteSpace(token[0])


      def pieces(text):
          if BREAKS is None:
              piece = ""
              for character in text:
                  if icu.Char.isUWhiteSpace(character) == is_space(piece):
                      piece += character
                  else:
                      yield piece
                      piece = character
              yield piece
              return
          text = icu.UnicodeString(text)
          BREAKS.setText(text)
          start = 0
          for end in BREAKS:
              yield str(text[start:end])
              start = end


      def tokens(text):
          text = text.removeprefix("\\ufeff")
          if NORMALIZER is not None:
              text = str(NORMALIZER.normalize(icu.UnicodeString(text)))
          if TRANSLITERATOR is not None:
              text = TRANSLITERATOR.transliterate(text)
          for piece in pieces(text):
              if not piece\(settings.skippedKinds.contains(.space) ? " or is_space(piece)" : ""):
                  continue
              \(settings.lowercase ? "piece = str(icu.UnicodeString(piece).toLower(LOCALE))" : "# Case is kept.")
              if piece not in STOP_WORDS:
                  yield piece


      def ids(text):
          found = [VOCABULARY.get(token, UNKNOWN) for token in tokens(text)] or [UNKNOWN]
          if MAXIMUM_LENGTH is not None and len(found) > MAXIMUM_LENGTH:
              found = found[: (MAXIMUM_LENGTH + 1) // 2] + found[len(found) - MAXIMUM_LENGTH // 2 :]
          return found

      """
  }

  /// `tokenizer.json`, where white space alone divides texts.
  private var json: String? {
    let hasOwnCase = ["tr", "az", "lt"].contains { settings.locale.hasPrefix($0) }
    guard limitation == nil, settings.unit == .whitespace, settings.skippedKinds.contains(.space),
      settings.transliteration == nil, settings.stopWords.isEmpty, !(settings.lowercase && hasOwnCase),
      vocabulary.entries.indices.contains(Int(unknownID))
    else { return nil }
    let names: [NormalizationForm: String] = [.nfc: "NFC", .nfd: "NFD", .nfkc: "NFKC", .nfkd: "NFKD"]
    var steps = settings.normalization.flatMap { names[$0] }.map { ["{\"type\":\"\($0)\"}"] } ?? []
    if settings.lowercase { steps.append("{\"type\":\"Lowercase\"}") }
    let normalizer =
      steps.isEmpty ? "null" : "{\"type\":\"Sequence\",\"normalizers\":[\(steps.joined(separator: ","))]}"
    let entries = vocabulary.entries.enumerated().map { "\(Self.quoted(Self.text($1))):\($0)" }
    return """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":\(normalizer),\
      "pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,\
      "model":{"type":"WordLevel","vocab":{\(entries.joined(separator: ","))},\
      "unk_token":\(Self.quoted(Self.text(vocabulary.entries[Int(unknownID)])))}}

      """
  }

  /// A string of JSON, which is one of Python too.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
