import Testing

@testable import TextProcessing

extension Tokenizer {
  /// Ends of all segments of a text, none skipped.
  func ends(of text: [UInt8], with workspace: TokenizerWorkspace) throws -> [Int] {
    try tokenize(text, with: workspace)
    return (0..<workspace.count).map { workspace.range(at: $0).upperBound }
  }
}

/// Settings that skip nothing.
func everything(
  _ unit: TextUnit = .word, locale: String = "en", normalization: NormalizationForm? = nil
)
  -> TokenizerSettings
{
  TokenizerSettings(unit: unit, locale: locale, normalization: normalization, skippedKinds: [])
}

/// Ends of ICU's sentences or pieces of lines, and within each where the white space at its end begins, which is a segment of
/// its own.
func endsWithoutSpace(_ ends: [Int], in text: [UInt8]) -> [Int] {
  var result: [Int] = []
  var start = 0
  for end in ends {
    var size = 0
    for scalar in String(decoding: text[start..<end], as: UTF8.self).unicodeScalars.reversed() {
      guard scalar.properties.isWhitespace else { break }
      size += UTF8.width(scalar)
    }
    if size > 0, end - size > start { result.append(end - size) }
    result.append(end)
    start = end
  }
  return result
}

/// Whether a word segment may be of a kind by ICU's rule status alone. Without a status any kind may be: what ends in a
/// joined pictograph has none, whatever it begins with.
func status(_ status: Int32, allows kind: TokenKind) -> Bool {
  switch status {
  case 100..<200: kind == .number || kind == .emoji
  case 200..<400: kind == .word
  case 400..<500: kind == .cjk || kind == .kana
  default: true
  }
}

/// Compares a tokenizer of all words with ICU: the same boundaries, and kinds that the rule status allows.
func expectSameWords(
  _ tokenizer: Tokenizer, _ workspace: TokenizerWorkspace, _ reference: ICUReference, _ text: [UInt8],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let expected = reference.segments(of: text)
  try tokenizer.tokenize(text, with: workspace)
  var start = 0
  var same = workspace.count == expected.count
  for index in 0..<workspace.count where same {
    let segment = expected[index]
    same =
      workspace.range(at: index) == start..<segment.end
      && status(segment.status, allows: workspace.kind(at: index))
    start = segment.end
  }
  guard !same else { return }
  let found = (0..<workspace.count).map { "\(workspace.range(at: $0).upperBound)\(workspace.kind(at: $0).name)" }
  Issue.record(
    "\(String(decoding: text.prefix(400), as: UTF8.self).debugDescription): \(found.prefix(60)) is not \(expected.prefix(60))",
    sourceLocation: sourceLocation)
}
