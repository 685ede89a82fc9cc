/// A text that is being cut: pieces of it, some of them tokens already.
struct PreTokenizedText {
  /// A piece.
  struct Piece {
    /// Which of the texts it is of.
    var text: Int
    /// Its bytes there.
    var range: Range<Int>
    /// The added token that it is; nil for what the model is to read.
    var token: Int32?
  }

  private(set) var texts: [AlignedText] = []
  private(set) var pieces: [Piece] = []
  /// Bytes that all texts may have, and those that they have.
  private var sizeLimit = 0
  private var size = 0

  /// Appends a text as one piece.
  mutating func append(_ text: AlignedText, token: Int32? = nil) {
    guard !text.bytes.isEmpty else { return }
    pieces.append(Piece(text: texts.count, range: 0..<text.bytes.count, token: token))
    texts.append(text)
    sizeLimit = max(sizeLimit, text.sizeLimit)
  }

  /// The bytes of the original that a part of a text comes from.
  func source(of range: Range<Int>, in text: Int) -> Range<Int> { texts[text].source(of: range) }

  /// Cuts each piece that is no token: `body` appends where the parts of it end, empty ones being left out.
  mutating func split(
    _ body: (_ text: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) throws(SubwordTokenizerError) -> Void
  ) throws(SubwordTokenizerError) {
    var result: [Piece] = []
    result.reserveCapacity(2 * pieces.count)
    var parts: [Range<Int>] = []
    for piece in pieces {
      if piece.token != nil {
        result.append(piece)
        continue
      }
      parts.removeAll(keepingCapacity: true)
      try body(texts[piece.text].bytes, piece.range, &parts)
      for part in parts where !part.isEmpty { result.append(Piece(text: piece.text, range: part, token: nil)) }
    }
    pieces = result
  }

  /// Cuts pieces at the added tokens that stand in them.
  mutating func splitTokens(
    _ body: (_ text: [UInt8], _ range: Range<Int>) -> [(range: Range<Int>, token: Int32?)]
  ) {
    var result: [Piece] = []
    for piece in pieces {
      if piece.token != nil {
        result.append(piece)
        continue
      }
      for (range, token) in body(texts[piece.text].bytes, piece.range) where !range.isEmpty {
        result.append(Piece(text: piece.text, range: range, token: token))
      }
    }
    pieces = result
  }

  /// Replaces each piece that is no token by a text of its own, which `body` changes.
  mutating func change(
    _ body: (inout AlignedText) throws(SubwordTokenizerError) -> Void
  ) throws(SubwordTokenizerError) {
    var kept: [Piece] = []
    kept.reserveCapacity(pieces.count)
    for var piece in pieces {
      if piece.token == nil {
        let isWhole = piece.range == 0..<texts[piece.text].bytes.count
        var text = isWhole ? texts[piece.text] : AlignedText(texts[piece.text], piece.range)
        text.sizeLimit = min(text.sizeLimit, sizeLimit - size)
        try body(&text)
        if text.isTooLarge { throw .tooLarge(limit: sizeLimit) }
        size += text.bytes.count
        if text.bytes.isEmpty { continue }
        piece = Piece(text: texts.count, range: 0..<text.bytes.count, token: nil)
        texts.append(text)
      }
      kept.append(piece)
    }
    pieces = kept
  }
}
