extension SubwordTokenizer {
  /// GPT-2's byte-level tokenizer from its two files: tokens with their ids, and merges, one a line.
  ///
  /// - Parameters:
  ///   - vocabulary: a `vocab.json` or `encoder.json`.
  ///   - merges: a `merges.txt` or `vocab.bpe`, whose first line may be a comment that begins with `#version`.
  public init(vocabulary: String, merges: String) throws(SubwordTokenizerError) {
    try self.init(document: try Self.parse(try Self.bytes(of: vocabulary)), vocabulary: vocabulary, merges: merges)
  }

  init(document: JSONValue, vocabulary: String, merges: String) throws(SubwordTokenizerError) {
    var entries: [(token: String, id: Int)] = []
    guard let members = document.object else { throw .invalid(part: vocabulary, reason: "it should be an object") }
    for (token, value) in members {
      guard let id = value.int else { throw .invalid(part: vocabulary, reason: "the id of '\(token)' is no number") }
      entries.append((token, id))
    }
    var pairs: [(left: String, right: String)] = []
    for (index, line) in try Self.lines(try Self.bytes(of: merges), name: merges).enumerated() where !line.isEmpty {
      if index == 0, line.utf8.starts(with: "#version".utf8) { continue }
      guard let pair = SubwordModel.mergeParts(line) else {
        throw .invalid(part: merges, reason: "line \(index + 1) is no pair of tokens with a space between")
      }
      pairs.append(pair)
    }
    let model = try BytePairModel(
      vocabulary: try SubwordVocabulary(entries), merges: pairs, options: BytePairOptions(), isByteLevel: true)
    var added: [AddedToken] = []
    if let id = model.vocabulary.id(of: "<|endoftext|>") {
      var token = AddedToken("<|endoftext|>", id: Int(id))
      (token.isSpecial, token.isNormalized) = (true, false)
      added.append(token)
    }
    try self.init(
      model: .bytePair(model), addedTokens: added, normalizer: nil,
      preTokenizer: .byteLevel(addsPrefixSpace: false, usesWords: true),
      postProcessor: .byteLevel(trimsRanges: false, addsPrefixSpace: false), decoder: .byteLevel)
  }

  /// BERT's tokenizer from its `vocab.txt`, one token a line in the order of the ids, with [CLS] and [SEP] around texts.
  ///
  /// - Parameter lowercases: whether it is an uncased model, which also takes accents off.
  public init(bertVocabulary path: String, lowercases: Bool = true) throws(SubwordTokenizerError) {
    try self.init(wordPieces: try Self.bytes(of: path), name: path, lowercases: lowercases)
  }

  /// BERT's tokenizer from the bytes of a `vocab.txt`.
  ///
  /// - Parameters:
  ///   - name: what errors call it.
  ///   - lowercases: whether it is an uncased model; nil for one that has no capitals but in brackets.
  public init(wordPieces bytes: [UInt8], name: String, lowercases: Bool? = nil) throws(SubwordTokenizerError) {
    var lines = try Self.lines(bytes, name: name)
    let lowercases = lowercases ?? !lines.contains { !$0.hasPrefix("[") && $0.contains(where: \.isUppercase) }
    if lines.last == "" { lines.removeLast() }
    let vocabulary = try SubwordVocabulary(lines.enumerated().map { ($1, $0) })
    let model = try WordPieceModel(
      vocabulary: vocabulary, unknownToken: "[UNK]", continuingSubwordPrefix: "##", maximumScalars: 100)
    var added: [AddedToken] = []
    for content in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] {
      guard let id = vocabulary.id(of: content) else { continue }
      var token = AddedToken(content, id: Int(id))
      (token.isSpecial, token.isNormalized) = (true, false)
      added.append(token)
    }
    var template: PostProcessor?
    if let cls = vocabulary.id(of: "[CLS]"), let sep = vocabulary.id(of: "[SEP]") {
      func special(_ name: String, _ id: Int32, _ type: Int32) -> TemplatePiece {
        .special(name: name, ids: [id], tokens: [name], typeID: type)
      }
      let single = [special("[CLS]", cls, 0), .sequence(0, typeID: 0), special("[SEP]", sep, 0)]
      template = .template(single: single, pair: single + [.sequence(1, typeID: 1), special("[SEP]", sep, 1)])
    }
    try self.init(
      model: .wordPiece(model), addedTokens: added,
      normalizer: .bert(cleansText: true, spacesIdeographs: true, stripsAccents: nil, lowercases: lowercases),
      preTokenizer: .bert, postProcessor: template, decoder: .wordPiece(prefix: "##", cleansUp: true))
  }

  /// Whether some bytes are a `vocab.txt` of BERT's kind: a list with [UNK] and pieces that begin with ##.
  public static func areWordPieces(_ bytes: [UInt8]) -> Bool {
    var (hasUnknown, hasPiece) = (false, false)
    for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      hasUnknown = hasUnknown || line.elementsEqual("[UNK]".utf8)
      hasPiece = hasPiece || line.count > 2 && line.starts(with: "##".utf8) && !line.contains(0x09)
      if hasUnknown, hasPiece { return true }
    }
    return false
  }

  /// Whether a file is such a list; not one that cannot be read.
  public static func isWordPieceList(at path: String) -> Bool {
    guard FileSystem.isFile(path), let bytes = try? bytes(of: path) else { return false }
    return areWordPieces(bytes)
  }

  /// The lines of some UTF-8, with an empty one where it ends in a line feed.
  private static func lines(_ bytes: [UInt8], name path: String) throws(SubwordTokenizerError) -> [String] {
    var lines: [String] = []
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      let own = line.last == 0x0D ? line.dropLast() : line
      guard let text = String(validating: own, as: UTF8.self) else {
        throw .invalid(part: path, reason: "line \(lines.count + 1) is not UTF-8")
      }
      lines.append(text)
    }
    return lines
  }
}
