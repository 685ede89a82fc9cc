/// A piece of a template: one of the texts, or tokens that no text has.
enum TemplatePiece: Sendable, Hashable {
  case sequence(Int, typeID: Int32)
  case special(name: String, ids: [Int32], tokens: [String], typeID: Int32)
}

/// What is done to encodings before they leave.
indirect enum PostProcessor: Sendable {
  /// Puts tokens around one text and around two.
  case template(single: [TemplatePiece], pair: [TemplatePiece])
  /// Takes the spaces that belong to GPT-2's words off the ranges.
  case byteLevel(trimsRanges: Bool, addsPrefixSpace: Bool)
  case sequence([PostProcessor])

  /// Tokens that are put around one text or two.
  func templateCount(isPair: Bool) -> Int {
    switch self {
    case .template(let single, let pair):
      (isPair ? pair : single).reduce(0) { count, piece in
        if case .special(_, let ids, _, _) = piece { count + ids.count } else { count }
      }
    case .byteLevel: 0
    case .sequence(let parts): parts.reduce(0) { $0 + $1.templateCount(isPair: isPair) }
    }
  }

  /// Whether the ids of one text may become others.
  var changesIDs: Bool {
    switch self {
    case .template(let single, _):
      if single.count == 1, case .special = single[0] { true } else { single.count != 1 }
    case .byteLevel: false
    case .sequence(let parts): parts.contains(where: \.changesIDs)
    }
  }

  /// Changes the encodings of one text or of two; a template makes one of them.
  func apply(to encodings: inout [SubwordEncoding], addsSpecialTokens: Bool) {
    switch self {
    case .sequence(let parts):
      for part in parts { part.apply(to: &encodings, addsSpecialTokens: addsSpecialTokens) }
    case .byteLevel(let trims, let addsPrefixSpace):
      guard trims else { return }
      for index in encodings.indices { Self.trim(&encodings[index], addsPrefixSpace) }
    case .template(let single, let pair):
      var result: [SubwordEncoding] = []
      for piece in encodings.count > 1 ? pair : single {
        switch piece {
        case .sequence(let index, let typeID):
          guard encodings.indices.contains(index) else { continue }
          var own = encodings[index]
          own.setType(typeID)
          result.append(own)
        case .special(_, let ids, let tokens, let typeID):
          guard addsSpecialTokens else { continue }
          var own = SubwordEncoding()
          for (id, token) in zip(ids, tokens) {
            own.append(
              id: id, token: token, typeID: typeID, range: 0..<0, wordID: nil, sequenceID: nil, isSpecial: true)
          }
          result.append(own)
        }
      }
      encodings = result
    }
  }

  private static func trim(_ encoding: inout SubwordEncoding, _ addsPrefixSpace: Bool) {
    let space = ByteAlphabet.scalar(of: 0x20)
    for index in encoding.ids.indices {
      let scalars = encoding.tokens[index].unicodeScalars
      var leading = scalars.prefix { $0 == space || $0.properties.isWhitespace }.count
      let trailing = scalars.reversed().prefix { $0 == space || $0.properties.isWhitespace }.count
      guard leading > 0 || trailing > 0 else { continue }
      var (start, end) = (encoding.ranges[index].lowerBound, encoding.ranges[index].upperBound)
      // The space that was put before the text is not in it; a token of nothing else comes from nowhere.
      if index == 0 || start == 0, addsPrefixSpace, leading == 1 {
        if scalars.count == 1 { end = start }
        leading = 0
      }
      start = min(start + leading, end)
      if trailing > 0, end >= trailing { end = max(end - trailing, start) }
      encoding.ranges[index] = start..<end
    }
    for index in encoding.overflowing.indices { trim(&encoding.overflowing[index], addsPrefixSpace) }
  }
}
