import FoundationEssentials

extension SubwordTokenizer {
  /// The bytes of a `tokenizer.json`, which the package `tokenizers` reads too.
  ///
  /// - Throws: ``SubwordTokenizerError/unsupported(part:value:)`` for a tokenizer that was read from a `.model` of
  ///   SentencePiece: the form has no place for how that breaks ties and finds its symbols, so that ids would differ.
  public func json() throws(SubwordTokenizerError) -> [UInt8] { JSONWriter.write(try document()) }

  /// What a `tokenizer.json` says.
  func document() throws(SubwordTokenizerError) -> JSONValue {
    if addedTokens.contains(where: { $0.search != .asDescribed }) {
      throw .unsupported(part: "writing as tokenizer.json", value: "a model of SentencePiece")
    }
    let members: [(name: String, value: JSONValue)] = [
      ("version", .string("1.0")),
      ("truncation", truncation?.json ?? .null),
      ("padding", padding?.json ?? .null),
      ("added_tokens", .array(addedTokens.map(\.json))),
      ("normalizer", parts.normalizer?.json ?? .null),
      ("pre_tokenizer", parts.preTokenizer?.json ?? .null),
      ("post_processor", parts.postProcessor?.json ?? .null),
      ("decoder", parts.decoder?.json ?? .null),
      ("model", parts.model.json),
    ]
    return .object(members)
  }

  /// Writes a `tokenizer.json`. Its name shows the old file, or none, until the new one is whole.
  ///
  /// - Throws: As ``json()``, and ``SubwordTokenizerError/cannotWrite(path:reason:)``.
  public func write(to path: String) throws(SubwordTokenizerError) {
    try WholeFile.write(try json(), to: path)
  }
}

/// `{"type": …}` with members.
private func part(_ type: String, _ members: (String, JSONValue)...) -> JSONValue {
  .object([("type", .string(type))] + members)
}

extension AddedToken {
  fileprivate var json: JSONValue {
    .object([
      ("id", .number(Double(id))), ("content", .string(content)), ("single_word", .bool(isSingleWord)),
      ("lstrip", .bool(stripsLeft)), ("rstrip", .bool(stripsRight)), ("normalized", .bool(isNormalized)),
      ("special", .bool(isSpecial)),
    ])
  }
}

extension TextPattern {
  fileprivate var json: JSONValue { .object([(isRegularExpression ? "Regex" : "String", .string(source))]) }
}

extension SubwordNormalizer {
  fileprivate var json: JSONValue {
    switch self {
    case .bert(let cleansText, let spacesIdeographs, let stripsAccents, let lowercases):
      part(
        "BertNormalizer", ("clean_text", .bool(cleansText)), ("handle_chinese_chars", .bool(spacesIdeographs)),
        ("strip_accents", stripsAccents.map { .bool($0) } ?? .null), ("lowercase", .bool(lowercases)))
    case .form(let form): part(form.rawValue.uppercased())
    case .lowercase: part("Lowercase")
    case .stripAccents: part("StripAccents")
    case .strip(let left, let right): part("Strip", ("strip_left", .bool(left)), ("strip_right", .bool(right)))
    case .replace(let pattern, let content): part("Replace", ("pattern", pattern.json), ("content", .string(content)))
    case .prepend(let string), .prependAlways(let string): part("Prepend", ("prepend", .string(string)))
    case .collapseSpaces:
      part(
        "Sequence",
        (
          "normalizers",
          .array([
            part("Replace", ("pattern", .object([("Regex", .string("^ +| +$"))])), ("content", .string(""))),
            part("Replace", ("pattern", .object([("Regex", .string(" {2,}"))])), ("content", .string(" "))),
          ])
        ))
    case .nmt: part("Nmt")
    case .precompiled(let map):
      part("Precompiled", ("precompiled_charsmap", .string(Data(map.bytes).base64EncodedString())))
    case .sequence(let parts): part("Sequence", ("normalizers", .array(parts.map(\.json))))
    }
  }
}

extension PreTokenizer {
  fileprivate var json: JSONValue {
    switch self {
    case .byteLevel(let addsPrefixSpace, let usesWords):
      part(
        "ByteLevel", ("add_prefix_space", .bool(addsPrefixSpace)), ("trim_offsets", .bool(true)),
        ("use_regex", .bool(usesWords)))
    case .bert: part("BertPreTokenizer")
    case .whitespace: part("Whitespace")
    case .whitespaceSplit: part("WhitespaceSplit")
    case .unicodeScripts: part("UnicodeScripts")
    case .punctuation(let behavior): part("Punctuation", ("behavior", .string(behavior.rawValue)))
    case .digits(let individual): part("Digits", ("individual_digits", .bool(individual)))
    case .delimiter(let delimiter): part("CharDelimiterSplit", ("delimiter", .string(delimiter)))
    case .split(let pattern, let behavior, let inverted):
      part(
        "Split", ("pattern", pattern.json), ("behavior", .string(behavior.rawValue)), ("invert", .bool(inverted)))
    case .metaspace(let mark, let prepend, let splits):
      part(
        "Metaspace", ("replacement", .string(mark)), ("prepend_scheme", .string(prepend.rawValue)),
        ("split", .bool(splits)))
    case .fixedLength(let length): part("FixedLength", ("length", .number(Double(length))))
    case .sequence(let parts): part("Sequence", ("pretokenizers", .array(parts.map(\.json))))
    }
  }
}

extension PostProcessor {
  fileprivate var json: JSONValue {
    switch self {
    case .template(let single, let pair):
      part(
        "TemplateProcessing", ("single", .array(single.map(\.json))), ("pair", .array(pair.map(\.json))),
        ("special_tokens", Self.specialTokens(single + pair)))
    case .byteLevel(let trims, let addsPrefixSpace):
      part(
        "ByteLevel", ("add_prefix_space", .bool(addsPrefixSpace)), ("trim_offsets", .bool(trims)),
        ("use_regex", .bool(true)))
    case .sequence(let parts): part("Sequence", ("processors", .array(parts.map(\.json))))
    }
  }

  private static func specialTokens(_ pieces: [TemplatePiece]) -> JSONValue {
    var members: [(name: String, value: JSONValue)] = []
    for piece in pieces {
      guard case .special(let name, let ids, let tokens, _) = piece, !members.contains(where: { $0.name == name })
      else { continue }
      members.append(
        (
          name,
          .object([
            ("id", .string(name)), ("ids", .array(ids.map { .number(Double($0)) })),
            ("tokens", .array(tokens.map { .string($0) })),
          ])
        ))
    }
    return .object(members)
  }
}

extension TemplatePiece {
  fileprivate var json: JSONValue {
    switch self {
    case .sequence(let index, let typeID):
      .object([
        (
          "Sequence", .object([("id", .string(index == 0 ? "A" : "B")), ("type_id", .number(Double(typeID)))])
        )
      ])
    case .special(let name, _, _, let typeID):
      .object([("SpecialToken", .object([("id", .string(name)), ("type_id", .number(Double(typeID)))]))])
    }
  }
}

extension SubwordDecoder {
  fileprivate var json: JSONValue {
    switch self {
    case .byteLevel:
      part(
        "ByteLevel", ("add_prefix_space", .bool(true)), ("trim_offsets", .bool(true)), ("use_regex", .bool(true)))
    case .wordPiece(let prefix, let cleansUp):
      part("WordPiece", ("prefix", .string(prefix)), ("cleanup", .bool(cleansUp)))
    case .bytePair(let suffix): part("BPEDecoder", ("suffix", .string(suffix)))
    case .metaspace(let mark, let prepend):
      part(
        "Metaspace", ("replacement", .string(mark)), ("prepend_scheme", .string(prepend.rawValue)),
        ("split", .bool(true)))
    case .byteFallback: part("ByteFallback")
    case .fuse: part("Fuse")
    case .strip(let content, let start, let stop):
      part(
        "Strip", ("content", .string(String(content))), ("start", .number(Double(start))),
        ("stop", .number(Double(stop))))
    case .replace(let pattern, let content): part("Replace", ("pattern", pattern.json), ("content", .string(content)))
    case .ctc(let padToken, let wordDelimiter, let cleansUp):
      part(
        "CTC", ("pad_token", .string(padToken)), ("word_delimiter_token", .string(wordDelimiter)),
        ("cleanup", .bool(cleansUp)))
    case .sequence(let parts): part("Sequence", ("decoders", .array(parts.map(\.json))))
    }
  }
}

extension SubwordModel {
  fileprivate var json: JSONValue {
    switch self {
    case .bytePair(let model):
      let options = model.options
      func orNull(_ string: String) -> JSONValue { string.isEmpty ? .null : .string(string) }
      return part(
        "BPE", ("dropout", options.dropout > 0 ? .number(Double(options.dropout)) : .null),
        ("unk_token", options.unknownToken.map { .string($0) } ?? .null),
        ("continuing_subword_prefix", orNull(options.continuingSubwordPrefix)),
        ("end_of_word_suffix", orNull(options.endOfWordSuffix)), ("fuse_unk", .bool(options.fusesUnknown)),
        ("byte_fallback", .bool(options.byteFallback)), ("ignore_merges", .bool(options.ignoresMerges)),
        ("vocab", model.vocabulary.json),
        ("merges", .array(model.merges.map { .array([.string($0.left), .string($0.right)]) })))
    case .wordPiece(let model):
      return part(
        "WordPiece", ("unk_token", .string(model.unknownToken)),
        ("continuing_subword_prefix", .string(model.continuingSubwordPrefix)),
        ("max_input_chars_per_word", .number(Double(model.maximumScalars))), ("vocab", model.vocabulary.json))
    case .unigram(let model):
      return part(
        "Unigram", ("unk_id", model.unknownID.map { .number(Double($0)) } ?? .null),
        (
          "vocab",
          .array(model.vocabulary.entries.map { .array([.string($0.token), .number(model.scores[$0.id])]) })
        ), ("byte_fallback", .bool(model.byteFallback)))
    case .wordLevel(let model):
      let unknown = model.unknownID.flatMap { model.vocabulary.token(of: Int($0)) }
      return part("WordLevel", ("vocab", model.vocabulary.json), ("unk_token", .string(unknown ?? "<unk>")))
    }
  }
}

extension SubwordVocabulary {
  fileprivate var json: JSONValue { .object(entries.map { ($0.token, .number(Double($0.id))) }) }
}

extension Truncation {
  fileprivate var json: JSONValue {
    .object([
      ("direction", .string(direction.rawValue)), ("max_length", .number(Double(maximumLength))),
      ("strategy", .string(strategy.rawValue)), ("stride", .number(Double(stride))),
    ])
  }
}

extension Padding {
  fileprivate var json: JSONValue {
    .object([
      ("strategy", length.map { .object([("Fixed", .number(Double($0)))]) } ?? .string("BatchLongest")),
      ("direction", .string(direction.rawValue)), ("pad_to_multiple_of", multiple.map { .number(Double($0)) } ?? .null),
      ("pad_id", .number(Double(id))), ("pad_type_id", .number(Double(typeID))), ("pad_token", .string(token)),
    ])
  }
}
