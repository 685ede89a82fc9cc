extension SubwordModel {
  /// The member `model` of a `tokenizer.json`. Very old files have no type; what they are shows by their members.
  init(_ value: JSONValue, isByteLevel: Bool) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "model")
    let type =
      try fields.string("type")
      ?? (value["merges"] != nil
        ? "BPE"
        : value["max_input_chars_per_word"] != nil ? "WordPiece" : value["unk_id"] != nil ? "Unigram" : "WordLevel")
    switch type {
    case "BPE": self = .bytePair(try Self.bytePair(&fields, isByteLevel))
    case "WordPiece":
      let limit = try fields.size("max_input_chars_per_word") ?? 100
      self = .wordPiece(
        try WordPieceModel(
          vocabulary: try Self.vocabulary(&fields), unknownToken: try fields.string("unk_token", default: "[UNK]"),
          continuingSubwordPrefix: try fields.string("continuing_subword_prefix", default: "##"),
          maximumScalars: limit))
    case "Unigram": self = .unigram(try Self.unigram(&fields))
    case "WordLevel":
      let vocabulary = try Self.vocabulary(&fields)
      let unknown = try fields.string("unk_token")
      self = .wordLevel(WordLevelModel(vocabulary: vocabulary, unknownID: unknown.flatMap { vocabulary.id(of: $0) }))
    default: throw .unsupported(part: "model", value: type)
    }
    try fields.finish()
  }

  private static func vocabulary(_ fields: inout JSONFields) throws(SubwordTokenizerError) -> SubwordVocabulary {
    guard let members = try fields.required(fields.take("vocab"), "vocab").object else {
      throw .invalid(part: "vocab", reason: "it should be an object")
    }
    var entries: [(token: String, id: Int)] = []
    entries.reserveCapacity(members.count)
    for (token, value) in members {
      guard let id = value.int else { throw .invalid(part: "vocab", reason: "the id of '\(token)' is no whole number") }
      entries.append((token, id))
    }
    return try SubwordVocabulary(entries)
  }

  private static func bytePair(
    _ fields: inout JSONFields, _ isByteLevel: Bool
  ) throws(SubwordTokenizerError) -> BytePairModel {
    var options = BytePairOptions()
    options.unknownToken = try fields.string("unk_token")
    options.continuingSubwordPrefix = try fields.string("continuing_subword_prefix", default: "")
    options.endOfWordSuffix = try fields.string("end_of_word_suffix", default: "")
    options.fusesUnknown = try fields.bool("fuse_unk", default: false)
    options.byteFallback = try fields.bool("byte_fallback", default: false)
    options.ignoresMerges = try fields.bool("ignore_merges", default: false)
    options.dropout = Float(try fields.number("dropout") ?? 0)
    guard (0...1).contains(options.dropout) else {
      throw .invalid(part: "model", reason: "a dropout of \(options.dropout); it must be from 0 to 1")
    }
    var merges: [(left: String, right: String)] = []
    for value in try fields.array("merges") ?? [] {
      if let pair = value.array, pair.count == 2, let left = pair[0].string, let right = pair[1].string {
        merges.append((left, right))
      } else if let line = value.string, let pair = mergeParts(line) {
        merges.append(pair)
      } else {
        throw .invalid(part: "merges", reason: "number \(merges.count + 1) is no pair of tokens")
      }
    }
    return try BytePairModel(
      vocabulary: try vocabulary(&fields), merges: merges, options: options, isByteLevel: isByteLevel)
  }

  /// The two tokens of a merge that is written as one line.
  static func mergeParts(_ line: String) -> (left: String, right: String)? {
    let parts = line.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    return (String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self))
  }

  private static func unigram(_ fields: inout JSONFields) throws(SubwordTokenizerError) -> UnigramModel {
    var entries: [(token: String, id: Int)] = []
    var scores: [Double] = []
    for value in try fields.required(fields.array("vocab"), "vocab") {
      guard let pair = value.array, pair.count == 2, let token = pair[0].string, let score = pair[1].number else {
        throw .invalid(part: "vocab", reason: "number \(entries.count + 1) is no token with its score")
      }
      entries.append((token, entries.count))
      scores.append(score)
    }
    return try UnigramModel(
      vocabulary: try SubwordVocabulary(entries), scores: scores,
      unknownID: try fields.int("unk_id").map { Int32(clamping: $0) },
      byteFallback: try fields.bool("byte_fallback", default: false))
  }
}
