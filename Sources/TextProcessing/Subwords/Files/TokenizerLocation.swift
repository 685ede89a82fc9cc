extension SubwordTokenizer {
  /// Reads a tokenizer of whatever form a path leads to: a `tokenizer.json`, a `.model` of SentencePiece, GPT-2's `vocab.json`
  /// with `merges.txt` beside it, BERT's `vocab.txt`, or a folder with one of these.
  ///
  /// - Throws: ``SubwordTokenizerError``; a setting that nlptool does not have is refused by its name.
  public init(at path: String) throws(SubwordTokenizerError) {
    if FileSystem.isDirectory(path) {
      try self.init(at: try Self.file(in: path))
      return
    }
    if path.hasSuffix(".model") {
      try self.init(sentencePiece: path)
      return
    }
    let bytes = try Self.bytes(of: path)
    if Self.areWordPieces(bytes) {
      try self.init(wordPieces: bytes, name: path, lowercases: Self.lowercases(beside: path))
      return
    }
    let document = try Self.parse(bytes)
    // Any member may be a token, also "version" and "model".
    guard let members = document.object, !members.isEmpty, members.allSatisfy({ $0.value.number != nil }) else {
      try self.init(document: document)
      return
    }
    guard let merges = Self.merges(beside: path) else {
      throw .invalid(
        part: path, reason: "tokens with ids alone, as in GPT-2's vocab.json; its merges.txt should stand beside it")
    }
    try self.init(document: document, vocabulary: path, merges: merges)
  }

  /// The file of a folder that a tokenizer is read from; the whole ones first.
  private static func file(in folder: String) throws(SubwordTokenizerError) -> String {
    let names = [
      "tokenizer.json", "vocab.json", "encoder.json", "vocab.txt", "tokenizer.model", "spiece.model",
      "sentencepiece.bpe.model",
    ]
    for name in names where FileSystem.isFile("\(folder)/\(name)") { return "\(folder)/\(name)" }
    throw .file(
      .unreadable(
        path: folder, reason: "a folder without tokenizer.json, vocab.json with merges.txt, vocab.txt or a .model"))
  }

  /// Where the merges of GPT-2's tokens stand.
  private static func merges(beside path: String) -> String? {
    for (own, other) in [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")] where path.hasSuffix(own) {
      let candidate = String(path.dropLast(own.count)) + other
      if FileSystem.isFile(candidate) { return candidate }
    }
    let candidate = folder(of: path) + "merges.txt"
    return FileSystem.isFile(candidate) ? candidate : nil
  }

  /// What a `tokenizer_config.json` says of lower-casing; nil where there is none.
  private static func lowercases(beside path: String) -> Bool? {
    let config = folder(of: path) + "tokenizer_config.json"
    guard FileSystem.isFile(config), let bytes = try? bytes(of: config) else { return nil }
    return (try? parse(bytes))?["do_lower_case"]?.bool
  }

  /// With its slash; empty for a name alone.
  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }
}
