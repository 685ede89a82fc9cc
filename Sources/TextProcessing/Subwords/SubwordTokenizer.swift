import Synchronization

/// A tokenizer of Hugging Face's kind: texts to the ids of a vocabulary of subwords, and back.
///
/// ```swift
/// let tokenizer = try SubwordTokenizer(contentsOf: "tokenizer.json")
/// let encoding = try tokenizer.encode("What a film!")
/// print(encoding.ids, encoding.tokens, encoding.ranges)
/// print(try tokenizer.decode(encoding.ids))
/// ```
///
/// It gives the ids that the package `tokenizers` gives with the same file. May be used from many threads at the same time.
public struct SubwordTokenizer: Sendable {
  /// Tokens beside those of the model.
  public var addedTokens: [AddedToken] { added.tokens }
  /// How long encodings may be; nil for any length.
  public var truncation: Truncation?
  /// How encodings are brought to one length; nil for not at all.
  public var padding: Padding?
  /// What decides which merges a model with dropout passes over in a text: with the same seed a text has the same tokens each
  /// time. nil for others each time.
  public var dropoutSeed: UInt64?

  let parts: Parts

  /// What never changes, in one object, so that a copy of a tokenizer costs nothing.
  final class Parts: Sendable {
    let model: SubwordModel
    let added: AddedTokens
    let normalizer: SubwordNormalizer?
    let preTokenizer: PreTokenizer?
    let postProcessor: PostProcessor?
    let decoder: SubwordDecoder?
    let quick: QuickWords?
    let workspaces: SubwordWorkspacePool
    /// The `.model` that it was read from; nil for others.
    let sentencePiece: [UInt8]?

    init(
      _ model: SubwordModel, _ added: AddedTokens, _ normalizer: SubwordNormalizer?, _ preTokenizer: PreTokenizer?,
      _ postProcessor: PostProcessor?, _ decoder: SubwordDecoder?, _ sentencePiece: [UInt8]?
    ) {
      self.sentencePiece = sentencePiece
      self.model = model
      self.added = added
      self.normalizer = normalizer
      self.preTokenizer = preTokenizer
      self.postProcessor = postProcessor
      self.decoder = decoder
      // The quick way looks for added tokens in the text as written.
      quick = normalizer != nil && added.needsNormalizedText ? nil : QuickWords(normalizer, preTokenizer)
      workspaces = SubwordWorkspacePool(model)
    }
  }

  private var model: SubwordModel { parts.model }
  private var added: AddedTokens { parts.added }
  private var workspaces: SubwordWorkspacePool { parts.workspaces }

  init(
    model: SubwordModel, addedTokens: [AddedToken], normalizer: SubwordNormalizer?, preTokenizer: PreTokenizer?,
    postProcessor: PostProcessor?, decoder: SubwordDecoder?, sentencePiece: [UInt8]? = nil
  ) throws(SubwordTokenizerError) {
    parts = Parts(
      model, try AddedTokens(addedTokens, normalizer: normalizer), normalizer, preTokenizer, postProcessor, decoder,
      sentencePiece)
  }

  /// Tokens of the model and added ones.
  public var vocabularySize: Int {
    model.vocabulary.count + added.tokens.count { model.vocabulary.token(of: $0.id) != $0.content }
  }

  /// The ids of all tokens, rising; there may be gaps. O(V log V) for V tokens.
  public var ids: [Int] {
    Set(model.vocabulary.entries.map(\.id) + added.tokens.map { Int($0.id) }).sorted()
  }

  /// The token of an id; nil where there is none.
  public func token(of id: Int) -> String? {
    Int32(exactly: id).flatMap { added.token(of: $0)?.content } ?? model.vocabulary.token(of: id)
  }

  /// The id of a token; nil where there is none.
  public func id(of token: String) -> Int? {
    added.tokens.last { $0.content.utf8.elementsEqual(token.utf8) }?.id ?? model.vocabulary.id(of: token).map(Int.init)
  }

  /// The tokens of a text, in the template of the tokenizer.
  ///
  /// - Parameter addsSpecialTokens: whether the template's own tokens, such as [CLS], are put in.
  /// - Throws: ``SubwordTokenizerError/notEncodable(reason:)``: truncation that leaves no room for the template, makes no
  ///   progress or overflows too much, a pattern that takes too long, a text of 2 GiB or one that the normaliser makes far
  ///   larger, padding to more than a million tokens.
  public func encode(_ text: String, addsSpecialTokens: Bool = true) throws(SubwordTokenizerError) -> SubwordEncoding {
    try encode(Array(text.utf8), nil, addsSpecialTokens)
  }

  /// The tokens of two texts, in the template of the tokenizer. Ranges are those of the text that
  /// ``SubwordEncoding/sequenceIDs`` names.
  ///
  /// - Throws: as for one text, and where only one of the texts may become shorter and is too short for it.
  public func encode(
    _ first: String, pair second: String, addsSpecialTokens: Bool = true
  ) throws(SubwordTokenizerError) -> SubwordEncoding {
    try encode(Array(first.utf8), Array(second.utf8), addsSpecialTokens)
  }

  /// Whether the ids of a whole encoding of one text are those of ``ids(of:)``: nothing is put around it, cut or
  /// padded.
  public var addsNothing: Bool { truncation == nil && padding == nil && parts.postProcessor?.changesIDs != true }

  /// The ids of a text without template, truncation and padding: the fast way.
  public func ids(of text: String) throws(SubwordTokenizerError) -> [Int32] {
    var text = text
    let quick = text.withUTF8 { quickIDs(of: $0) }
    if let quick { return quick }
    return try plainIDs(Array(text.utf8))
  }

  /// The ids of a text of UTF-8 without template, truncation and padding: the fast way.
  ///
  /// - Throws: ``SubwordTokenizerError/invalidUTF8(_:)`` with the offset of the first bad byte, and as for whole encodings.
  public func ids(of utf8: Span<UInt8>) throws(SubwordTokenizerError) -> [Int32] {
    if let offset = UTF8Validation.firstInvalidOffset(in: utf8) { throw .invalidUTF8(InvalidUTF8(offset: offset)) }
    let quick = utf8.withUnsafeBufferPointer { quickIDs(of: $0) }
    if let quick { return quick }
    return try plainIDs(utf8.withUnsafeBufferPointer { Array($0) })
  }

  /// The ids of a text without added tokens that can be cut word by word; nil for others.
  private func quickIDs(of text: UnsafeBufferPointer<UInt8>) -> [Int32]? {
    guard let quick = parts.quick, !added.mayBegin(in: text) else { return nil }
    return workspaces.withWorkspace { workspace in
      workspace.beginText(dropoutSeed, sequence: 0)
      return workspace.ids(of: text, quick)
    }
  }

  /// The tokens of a text of UTF-8, in the template of the tokenizer.
  public func encode(
    _ utf8: Span<UInt8>, addsSpecialTokens: Bool = true
  ) throws(SubwordTokenizerError) -> SubwordEncoding {
    try encode(Self.validated(utf8), nil, addsSpecialTokens)
  }

  private static func validated(_ utf8: Span<UInt8>) throws(SubwordTokenizerError) -> [UInt8] {
    if let offset = UTF8Validation.firstInvalidOffset(in: utf8) { throw .invalidUTF8(InvalidUTF8(offset: offset)) }
    return utf8.withUnsafeBufferPointer { Array($0) }
  }

  private func plainIDs(_ text: [UInt8]) throws(SubwordTokenizerError) -> [Int32] {
    var ids: [Int32] = []
    let pieces = try preTokenized(text)
    workspaces.withWorkspace { workspace in
      workspace.beginText(dropoutSeed, sequence: 0)
      for piece in pieces.pieces {
        if let token = piece.token {
          ids.append(token)
        } else {
          pieces.texts[piece.text].bytes.withUnsafeBufferPointer { bytes in
            workspace.appendIDs(UnsafeBufferPointer(rebasing: bytes[piece.range]), to: &ids)
          }
        }
      }
    }
    return ids
  }

  private func encode(
    _ text: [UInt8], _ second: [UInt8]?, _ addsSpecialTokens: Bool
  ) throws(SubwordTokenizerError) -> SubwordEncoding {
    var first = try plainEncoding(text, sequence: 0)
    var other: SubwordEncoding?
    if let second { other = try plainEncoding(second, sequence: 1) }
    if let truncation {
      let count = addsSpecialTokens ? parts.postProcessor?.templateCount(isPair: second != nil) ?? 0 : 0
      try truncation.apply(to: &first, &other, templateCount: count)
    }
    var encodings = [first] + (other.map { [$0] } ?? [])
    parts.postProcessor?.apply(to: &encodings, addsSpecialTokens: addsSpecialTokens)
    var result = encodings.isEmpty ? SubwordEncoding() : encodings.removeFirst()
    for encoding in encodings { result.append(encoding) }
    if let padding {
      var batch = [result]
      try padding.apply(to: &batch)
      result = batch[0]
    }
    return result
  }

  private func plainEncoding(_ text: [UInt8], sequence: Int) throws(SubwordTokenizerError) -> SubwordEncoding {
    let text = try preTokenized(text)
    var encoding = SubwordEncoding()
    let skipsUnknown = model.skipsUnknown
    workspaces.withWorkspace { workspace in
      workspace.beginText(dropoutSeed, sequence: sequence)
      for (word, piece) in text.pieces.enumerated() {
        func append(_ id: Int32, _ range: Range<Int>, asWritten: Bool) {
          encoding.append(
            id: id,
            token: asWritten
              ? String(decoding: text.texts[piece.text].bytes[range], as: UTF8.self) : token(of: Int(id)) ?? "",
            typeID: Int32(sequence), range: text.source(of: range, in: piece.text), wordID: word, sequenceID: sequence,
            isSpecial: false)
        }
        if let token = piece.token {
          append(token, piece.range, asWritten: true)
          continue
        }
        let pieces = text.texts[piece.text].bytes.withUnsafeBufferPointer { bytes in
          workspace.pieces(of: UnsafeBufferPointer(rebasing: bytes[piece.range]))
        }
        var done = 0
        for part in pieces {
          var from = done
          if skipsUnknown {
            from = text.texts[piece.text].bytes.withUnsafeBufferPointer { bytes in
              model.start(of: part, in: UnsafeBufferPointer(rebasing: bytes[piece.range]), after: done)
            }
          }
          done = Int(part.end)
          // Bytes of one scalar are tokens of their own now and then: each of them has the whole scalar.
          let (start, end) = (piece.range.lowerBound + from, piece.range.lowerBound + done)
          append(
            part.id, Self.wholeScalars(text.texts[piece.text].bytes, min(start, end)..<end),
            asWritten: part.id == model.unknownIDAsWritten)
        }
      }
    }
    return encoding
  }

  /// A range widened to the scalars that it touches.
  private static func wholeScalars(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    if start == end, start > 0 { start -= 1 }
    while start > 0, start < bytes.count, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    return start..<end
  }

  /// The text cut into added tokens and words.
  private func preTokenized(_ bytes: [UInt8]) throws(SubwordTokenizerError) -> PreTokenizedText {
    guard bytes.count <= Int(Int32.max) else {
      throw .notEncodable(reason: "a text of \(bytes.count) bytes; 2 GiB are possible")
    }
    var result = PreTokenizedText()
    result.append(AlignedText(bytes, base: 0))
    result.splitTokens { bytes, range in added.split(bytes, range, normalized: false) }
    if let normalizer = parts.normalizer {
      try result.change { piece throws(SubwordTokenizerError) in try normalizer.apply(to: &piece) }
    }
    result.splitTokens { bytes, range in added.split(bytes, range, normalized: true) }
    try parts.preTokenizer?.apply(to: &result)
    return result
  }
}

extension SubwordTokenizer {
  /// The encodings of several texts, padded to one length where the tokenizer pads.
  public func encode(
    _ texts: [String], addsSpecialTokens: Bool = true
  ) throws(SubwordTokenizerError) -> [SubwordEncoding] {
    var single = self
    single.padding = nil
    var encodings: [SubwordEncoding] = []
    for text in texts { encodings.append(try single.encode(text, addsSpecialTokens: addsSpecialTokens)) }
    try padding?.apply(to: &encodings)
    return encodings
  }

  /// The text of some ids. Ids that are no token are passed over.
  ///
  /// - Parameter skipsSpecialTokens: whether tokens such as [CLS] are left out.
  public func decode(
    _ ids: some Sequence<Int32>, skipsSpecialTokens: Bool = true
  ) throws(SubwordTokenizerError) -> String {
    var tokens: [String] = []
    for id in ids {
      if let token = added.token(of: id) {
        if !(token.isSpecial && skipsSpecialTokens) { tokens.append(token.content) }
      } else if let token = model.vocabulary.token(of: Int(id)) {
        tokens.append(token)
      }
    }
    guard let decoder = parts.decoder else { return tokens.joined(separator: " ") }
    return try decoder.apply(to: tokens).joined()
  }

  /// Decodes token by token.
  public func makeStream(skipsSpecialTokens: Bool = true) -> DecodingStream {
    DecodingStream(self, skipsSpecialTokens: skipsSpecialTokens)
  }
}

/// Makes a text of ids that come one by one: what is final is given as soon as it is, whole scalars at a time.
public struct DecodingStream: Sendable {
  private let tokenizer: SubwordTokenizer
  private let skipsSpecialTokens: Bool
  private var ids: [Int32] = []
  private var prefix = ""
  private var prefixCount = 0

  init(_ tokenizer: SubwordTokenizer, skipsSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.skipsSpecialTokens = skipsSpecialTokens
  }

  /// Takes an id and returns the text that it completes; nil while a scalar is unfinished.
  public mutating func append(_ id: Int32) throws(SubwordTokenizerError) -> String? {
    ids.append(id)
    let text = try tokenizer.decode(ids, skipsSpecialTokens: skipsSpecialTokens)
    guard text.utf8.count > prefix.utf8.count, text.unicodeScalars.last != "\u{FFFD}" else { return nil }
    let new = String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    let kept = ids.count - prefixCount
    ids.removeFirst(prefixCount)
    prefix = try tokenizer.decode(ids, skipsSpecialTokens: skipsSpecialTokens)
    prefixCount = kept
    return new
  }
}
