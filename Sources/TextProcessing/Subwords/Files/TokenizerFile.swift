import FoundationEssentials

extension SubwordTokenizer {
  /// Reads a `tokenizer.json` of the package `tokenizers`.
  ///
  /// - Throws: ``SubwordTokenizerError``; a setting that nlptool does not have is refused by its name.
  public init(contentsOf path: String) throws(SubwordTokenizerError) {
    try self.init(json: try Self.bytes(of: path))
  }

  /// Reads the bytes of a `tokenizer.json`.
  public init(json bytes: [UInt8]) throws(SubwordTokenizerError) {
    try self.init(document: try Self.parse(bytes))
  }

  static func parse(_ bytes: [UInt8]) throws(SubwordTokenizerError) -> JSONValue {
    do { return try JSONParser.parse(bytes) } catch {
      throw .malformedJSON(offset: error.offset, reason: error.reason)
    }
  }

  init(document: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(document, "tokenizer")
    // "1.0" is all that there is.
    let version = try fields.string("version", default: "1.0")
    guard version == "1.0" else { throw .unsupported(part: "version", value: version) }
    let normalizer = try fields.take("normalizer").map { value throws(SubwordTokenizerError) in
      try SubwordNormalizer(value)
    }
    let preTokenizer = try fields.take("pre_tokenizer").map { value throws(SubwordTokenizerError) in
      try PreTokenizer(value)
    }
    let postProcessor = try fields.take("post_processor").map { value throws(SubwordTokenizerError) in
      try PostProcessor(value)
    }
    let decoder = try fields.take("decoder").map { value throws(SubwordTokenizerError) in try SubwordDecoder(value) }
    let added = try (try fields.array("added_tokens") ?? []).map { value throws(SubwordTokenizerError) in
      try AddedToken(value)
    }
    let model = try SubwordModel(
      try fields.required(fields.take("model"), "model"), isByteLevel: preTokenizer?.isByteLevel ?? false)
    if preTokenizer?.isByteLevel ?? false {
      guard case .bytePair = model else {
        throw .unsupported(part: "pre_tokenizer", value: "ByteLevel before a model that is not BPE")
      }
    }
    try self.init(
      model: model, addedTokens: added, normalizer: normalizer, preTokenizer: preTokenizer,
      postProcessor: postProcessor, decoder: decoder)
    truncation = try fields.take("truncation").map { value throws(SubwordTokenizerError) in try Truncation(value) }
    padding = try fields.take("padding").map { value throws(SubwordTokenizerError) in try Padding(value) }
    try fields.finish()
  }

  /// The bytes of a file.
  static func bytes(of path: String) throws(SubwordTokenizerError) -> [UInt8] {
    do { return try ByteSource(path: path).readAll() } catch {
      // What that says of folders is about labelled texts.
      if case .isDirectory = error { throw .file(.unreadable(path: path, reason: "it is a folder")) }
      throw .file(error)
    }
  }
}

extension AddedToken {
  init(_ value: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "added token")
    let content = try fields.required(fields.string("content"), "content")
    let id = try fields.required(fields.int("id"), "id")
    guard (0...Int(Int32.max)).contains(id) else {
      throw .invalid(part: "added token", reason: "id \(id) of '\(content)'")
    }
    self.init(content, id: id)
    isSingleWord = try fields.bool("single_word", default: false)
    stripsLeft = try fields.bool("lstrip", default: false)
    stripsRight = try fields.bool("rstrip", default: false)
    isSpecial = try fields.bool("special", default: false)
    isNormalized = try fields.bool("normalized", default: !isSpecial)
    try fields.finish()
  }
}

extension TextPattern {
  /// `{"String": …}` or `{"Regex": …}`; older files write the string alone.
  init(_ value: JSONValue, _ part: String) throws(SubwordTokenizerError) {
    if let string = value.string {
      self.init(string: string)
    } else if let string = value["String"]?.string {
      self.init(string: string)
    } else if let expression = value["Regex"]?.string {
      try self.init(regularExpression: expression)
    } else {
      throw .invalid(part: part, reason: "a pattern should be a String or a Regex")
    }
  }
}

extension SubwordNormalizer {
  init(_ value: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "normalizer")
    let type = try fields.required(fields.string("type"), "type")
    switch type {
    case "BertNormalizer":
      self = .bert(
        cleansText: try fields.bool("clean_text", default: true),
        spacesIdeographs: try fields.bool("handle_chinese_chars", default: true),
        stripsAccents: try fields.bool("strip_accents"), lowercases: try fields.bool("lowercase", default: true))
    case "NFC": self = .form(.nfc)
    case "NFD": self = .form(.nfd)
    case "NFKC": self = .form(.nfkc)
    case "NFKD": self = .form(.nfkd)
    case "Lowercase": self = .lowercase
    case "StripAccents": self = .stripAccents
    case "Strip":
      self = .strip(
        left: try fields.bool("strip_left", default: true), right: try fields.bool("strip_right", default: true))
    case "Replace":
      self = .replace(
        try TextPattern(try fields.required(fields.take("pattern"), "pattern"), "normalizer"),
        content: try fields.required(fields.string("content"), "content"))
    case "Prepend": self = .prepend(try fields.required(fields.string("prepend"), "prepend"))
    case "Nmt": self = .nmt
    case "Precompiled":
      let text = try fields.required(fields.string("precompiled_charsmap"), "precompiled_charsmap")
      guard let bytes = Data(base64Encoded: text) else {
        throw .invalid(part: "precompiled_charsmap", reason: "it is not base64")
      }
      self = .precompiled(try PrecompiledCharacterMap(Array(bytes)))
    case "Sequence":
      let parts = try fields.required(fields.array("normalizers"), "normalizers")
      self = .sequence(try parts.map { part throws(SubwordTokenizerError) in try SubwordNormalizer(part) })
    default: throw .unsupported(part: "normalizer", value: type)
    }
    try fields.finish()
  }
}

extension PreTokenizer {
  init(_ value: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "pre_tokenizer")
    let type = try fields.required(fields.string("type"), "type")
    switch type {
    case "ByteLevel":
      // Ranges are trimmed by the post-processor.
      _ = fields.take("trim_offsets")
      self = .byteLevel(
        addsPrefixSpace: try fields.bool("add_prefix_space", default: true),
        usesWords: try fields.bool("use_regex", default: true))
    case "BertPreTokenizer": self = .bert
    case "Whitespace": self = .whitespace
    case "WhitespaceSplit": self = .whitespaceSplit
    case "Punctuation":
      self = .punctuation(try SplitBehavior(fields.string("behavior", default: "Isolated"), "pre_tokenizer"))
    case "UnicodeScripts": self = .unicodeScripts
    case "Digits": self = .digits(individual: try fields.bool("individual_digits", default: false))
    case "CharDelimiterSplit": self = .delimiter(try fields.required(fields.string("delimiter"), "delimiter"))
    case "Split":
      self = .split(
        try TextPattern(try fields.required(fields.take("pattern"), "pattern"), "pre_tokenizer"),
        try SplitBehavior(try fields.required(fields.string("behavior"), "behavior"), "pre_tokenizer"),
        inverted: try fields.bool("invert", default: false))
    case "Metaspace":
      let (mark, prepend) = try Self.metaspaceSettings(&fields)
      self = .metaspace(mark: mark, prepend: prepend, splits: try fields.bool("split", default: true))
    case "FixedLength":
      let length = try fields.required(fields.int("length"), "length")
      guard length > 0 else { throw .invalid(part: "pre_tokenizer", reason: "a length of \(length)") }
      self = .fixedLength(length)
    case "Sequence":
      let parts = try fields.required(fields.array("pretokenizers"), "pretokenizers").map {
        part throws(SubwordTokenizerError) in try PreTokenizer(part)
      }
      if parts.dropLast().contains(where: \.isByteLevel) {
        throw .unsupported(part: "pre_tokenizer", value: "ByteLevel before another one")
      }
      self = .sequence(parts)
    default: throw .unsupported(part: "pre_tokenizer", value: type)
    }
    try fields.finish()
  }

  /// The mark and where it is put; older files say `add_prefix_space` in place of a scheme.
  static func metaspaceSettings(
    _ fields: inout JSONFields
  ) throws(SubwordTokenizerError) -> (mark: String, prepend: PrependScheme) {
    let mark = try fields.string("replacement", default: "▁")
    let addsSpace = try fields.bool("add_prefix_space")
    _ = fields.take("str_rep")
    let name = try fields.string("prepend_scheme") ?? (addsSpace ?? true ? "always" : "never")
    guard let prepend = PrependScheme(rawValue: name) else { throw .unsupported(part: "prepend_scheme", value: name) }
    guard mark.unicodeScalars.count == 1 else {
      throw .invalid(part: fields.part, reason: "'\(mark)' should be one character")
    }
    return (mark, prepend)
  }
}

extension SplitBehavior {
  init(_ name: String, _ part: String) throws(SubwordTokenizerError) {
    guard let behavior = Self(rawValue: name) else { throw .unsupported(part: "behavior of \(part)", value: name) }
    self = behavior
  }
}

extension SubwordDecoder {
  init(_ value: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "decoder")
    let type = try fields.required(fields.string("type"), "type")
    switch type {
    case "ByteLevel":
      for name in ["add_prefix_space", "trim_offsets", "use_regex"] { _ = fields.take(name) }
      self = .byteLevel
    case "WordPiece":
      self = .wordPiece(
        prefix: try fields.string("prefix", default: "##"), cleansUp: try fields.bool("cleanup", default: true))
    case "BPEDecoder": self = .bytePair(suffix: try fields.string("suffix", default: "</w>"))
    case "Metaspace":
      let (mark, prepend) = try PreTokenizer.metaspaceSettings(&fields)
      _ = fields.take("split")
      self = .metaspace(mark: mark, prepend: prepend)
    case "ByteFallback": self = .byteFallback
    case "Fuse": self = .fuse
    case "Strip":
      let content = try fields.string("content", default: " ")
      guard content.unicodeScalars.count == 1, let character = content.first else {
        throw .invalid(part: "decoder", reason: "'\(content)' should be one character")
      }
      self = .strip(
        content: character, start: max(0, try fields.int("start") ?? 0), stop: max(0, try fields.int("stop") ?? 0))
    case "Replace":
      self = .replace(
        try TextPattern(try fields.required(fields.take("pattern"), "pattern"), "decoder"),
        content: try fields.required(fields.string("content"), "content"))
    case "CTC":
      self = .ctc(
        padToken: try fields.string("pad_token", default: "<pad>"),
        wordDelimiter: try fields.string("word_delimiter_token", default: "|"),
        cleansUp: try fields.bool("cleanup", default: true))
    case "Sequence":
      let parts = try fields.required(fields.array("decoders"), "decoders")
      self = .sequence(try parts.map { part throws(SubwordTokenizerError) in try SubwordDecoder(part) })
    default: throw .unsupported(part: "decoder", value: type)
    }
    try fields.finish()
  }
}
