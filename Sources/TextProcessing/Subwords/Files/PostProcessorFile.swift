extension PostProcessor {
  init(_ value: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "post_processor")
    let type = try fields.required(fields.string("type"), "type")
    switch type {
    case "TemplateProcessing":
      let special = try Self.specialTokens(try fields.required(fields.take("special_tokens"), "special_tokens"))
      self = .template(
        single: try Self.pieces(try fields.required(fields.array("single"), "single"), special),
        pair: try Self.pieces(try fields.required(fields.array("pair"), "pair"), special))
    case "BertProcessing":
      let (sep, cls) = (try Self.token(&fields, "sep"), try Self.token(&fields, "cls"))
      self = .template(
        single: [cls(0), .sequence(0, typeID: 0), sep(0)],
        pair: [cls(0), .sequence(0, typeID: 0), sep(0), .sequence(1, typeID: 1), sep(1)])
    case "RobertaProcessing":
      let (sep, cls) = (try Self.token(&fields, "sep"), try Self.token(&fields, "cls"))
      let trims = try fields.bool("trim_offsets", default: true)
      self = .sequence([
        .byteLevel(trimsRanges: trims, addsPrefixSpace: try fields.bool("add_prefix_space", default: true)),
        .template(
          single: [cls(0), .sequence(0, typeID: 0), sep(0)],
          pair: [cls(0), .sequence(0, typeID: 0), sep(0), sep(0), .sequence(1, typeID: 0), sep(0)]),
      ])
    case "ByteLevel":
      _ = fields.take("use_regex")
      self = .byteLevel(
        trimsRanges: try fields.bool("trim_offsets", default: true),
        addsPrefixSpace: try fields.bool("add_prefix_space", default: true))
    case "Sequence":
      let parts = try fields.required(fields.array("processors"), "processors")
      self = .sequence(try parts.map { part throws(SubwordTokenizerError) in try PostProcessor(part) })
    default: throw .unsupported(part: "post_processor", value: type)
    }
    try fields.finish()
  }

  /// `["[SEP]", 102]`, as a piece of any type.
  private static func token(
    _ fields: inout JSONFields, _ name: String
  ) throws(SubwordTokenizerError) -> (Int32) -> TemplatePiece {
    let pair = try fields.required(fields.array(name), name)
    guard pair.count == 2, let token = pair[0].string, let id = pair[1].int, let id = Int32(exactly: id) else {
      throw .invalid(part: "post_processor", reason: "'\(name)' should be a token with its id")
    }
    return { .special(name: token, ids: [id], tokens: [token], typeID: $0) }
  }

  private static func specialTokens(
    _ value: JSONValue
  ) throws(SubwordTokenizerError) -> [String: (ids: [Int32], tokens: [String])] {
    var result: [String: (ids: [Int32], tokens: [String])] = [:]
    for (name, value) in value.object ?? [] {
      let ids = (value["ids"]?.array ?? []).compactMap { $0.int.flatMap { Int32(exactly: $0) } }
      let tokens = (value["tokens"]?.array ?? []).compactMap(\.string)
      guard !ids.isEmpty, ids.count == tokens.count else {
        throw .invalid(part: "post_processor", reason: "special token '\(name)' needs as many ids as tokens")
      }
      result[name] = (ids, tokens)
    }
    return result
  }

  private static func pieces(
    _ values: [JSONValue], _ special: [String: (ids: [Int32], tokens: [String])]
  ) throws(SubwordTokenizerError) -> [TemplatePiece] {
    try values.map { value throws(SubwordTokenizerError) in
      if let piece = value["Sequence"], let id = piece["id"]?.string, let type = piece["type_id"]?.int,
        let type = Int32(exactly: type), id == "A" || id == "B"
      {
        return .sequence(id == "A" ? 0 : 1, typeID: type)
      }
      if let piece = value["SpecialToken"], let id = piece["id"]?.string, let type = piece["type_id"]?.int,
        let type = Int32(exactly: type)
      {
        guard let own = special[id] else {
          throw .invalid(part: "post_processor", reason: "the template's '\(id)' is not among its special tokens")
        }
        return .special(name: id, ids: own.ids, tokens: own.tokens, typeID: type)
      }
      throw .invalid(part: "post_processor", reason: "a piece of a template that is neither a text nor a special token")
    }
  }
}

extension Truncation {
  init(_ value: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "truncation")
    self.init(maximumLength: try fields.required(fields.size("max_length"), "max_length"))
    stride = try fields.size("stride") ?? 0
    let strategy = try fields.string("strategy", default: "LongestFirst")
    guard let known = Strategy(rawValue: strategy) else { throw .unsupported(part: "truncation", value: strategy) }
    self.strategy = known
    direction = try TextEnd(try fields.string("direction", default: "Right"), "truncation")
    try fields.finish()
  }
}

extension Padding {
  init(_ value: JSONValue) throws(SubwordTokenizerError) {
    var fields = try JSONFields(value, "padding")
    self.init()
    if let strategy = fields.take("strategy") {
      if let fixed = strategy["Fixed"]?.int {
        try fields.check(fixed, "Fixed", limit: Self.lengthLimit)
        length = fixed
      } else if let fixed = strategy["Fixed"] {
        let value = String(decoding: JSONWriter.write(fixed), as: UTF8.self)
        throw .invalid(
          part: "padding", reason: "'Fixed' is \(value); it should be a whole number up to \(Self.lengthLimit)")
      } else if strategy.string != "BatchLongest" {
        let value = String(decoding: JSONWriter.write(strategy), as: UTF8.self)
        throw .unsupported(part: "padding", value: strategy.string ?? value)
      }
    }
    multiple = try fields.size("pad_to_multiple_of", limit: Self.lengthLimit)
    direction = try TextEnd(try fields.string("direction", default: "Right"), "padding")
    id = Int32(clamping: try fields.int("pad_id") ?? 0)
    typeID = Int32(clamping: try fields.int("pad_type_id") ?? 0)
    token = try fields.string("pad_token", default: "[PAD]")
    try fields.finish()
  }
}

extension TextEnd {
  init(_ name: String, _ part: String) throws(SubwordTokenizerError) {
    guard let end = Self(rawValue: name) else { throw .unsupported(part: "direction of \(part)", value: name) }
    self = end
  }
}
