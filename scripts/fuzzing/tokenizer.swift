@testable import TextProcessing

nonisolated(unsafe) private let tokenizers: [(Tokenizer, TokenizerWorkspace)] = {
  var all = TextUnit.allCases.map { TokenizerSettings(unit: $0, skippedKinds: []) }
  var changed = TokenizerSettings(locale: "zh", normalization: .nfkc, lowercase: true)
  changed.wholeTokens = Set(WholeToken.allCases)
  changed.foldsNumbers = true
  changed.dictionary = ["今天": 3, "天气": 2, "ab": 1]
  all.append(changed)
  var transliterated = TokenizerSettings(lowercase: true)
  transliterated.transliteration = "Traditional-Simplified; NFD; [:Mn:] Remove; NFC"
  all.append(transliterated)
  return all.compactMap { settings in
    (try? Tokenizer(settings)).map { ($0, $0.makeWorkspace()) }
  }
}()

/// Texts through every unit and every change: ranges lie in the text, and cover it where nothing is left out.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  for (tokenizer, workspace) in tokenizers {
    guard (try? tokenizer.tokenize(bytes, with: workspace)) != nil else { return 0 }
    var end = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    for index in 0..<workspace.count {
      let range = workspace.range(at: index)
      precondition(range.lowerBound >= 0 && range.upperBound <= count)
      workspace.withUTF8(at: index) { _ in }
      if tokenizer.settings.skippedKinds.isEmpty {
        precondition(range.lowerBound == end)
        end = range.upperBound
      }
    }
    if tokenizer.settings.skippedKinds.isEmpty { precondition(end == count) }
  }
  return 0
}
