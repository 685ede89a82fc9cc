import Testing

@testable import TextProcessing

@Suite("Words of a user")
struct WordDictionaryTests {
  private func tokens(_ text: String, _ words: [String: Int], locale: String = "zh") throws -> [Token] {
    var settings = TokenizerSettings(locale: locale)
    settings.dictionary = words
    return try Tokenizer(settings).tokens(in: text)
  }

  @Test("a term that ICU cuts stays whole, and nothing else changes")
  func terms() throws {
    let text = "我在使用机器学习模型, with a 机器学习 demo."
    let plain = try tokens(text, [:])
    let own = try tokens(text, ["机器学习": 1])
    #expect(!plain.map(\.text).contains("机器学习"))
    #expect(own.count { $0.text == "机器学习" } == 2)
    let changed = Set(own.map(\.text)).subtracting(["机器学习"])
    #expect(changed.isSubset(of: Set(plain.map(\.text))))
    #expect(own.allSatisfy { Array(text.utf8)[$0.range].elementsEqual($0.text.utf8) && $0.kind != .other })
    #expect(try tokens("plain text, naïve 한국어", ["plain": 5]) == tokens("plain text, naïve 한국어", [:]))
  }

  @Test("frequencies decide between ways to cut")
  func frequencies() throws {
    #expect(try tokens("研究生命", ["研究": 50, "生命": 50, "研究生": 1]).map(\.text) == ["研究", "生命"])
    #expect(try tokens("研究生命", ["研究": 1, "生命": 1, "研究生": 5000]).map(\.text) == ["研究生", "命"])
  }

  @Test(
    "Thai and Japanese, marks staying with their letters",
    arguments: [("th", "กินข้าวผัดกุ้ง", "ข้าวผัดกุ้ง"), ("ja", "深層学習入門", "深層学習")])
  func otherScripts(locale: String, text: String, word: String) throws {
    #expect(try !tokens(text, [:], locale: locale).map(\.text).contains(word))
    let own = try tokens(text, [word: 3], locale: locale)
    #expect(own.map(\.text).contains(word) && own.map(\.text).joined() == text)
    // A word that ends before a mark is none.
    #expect(try tokens("กุ้ง", ["ก": 1000], locale: "th").map(\.text).joined() == "กุ้ง")
    #expect(try !tokens("กุ้ง", ["ก": 1000], locale: "th").map(\.text).contains("ก"))
  }

  @Test("segments cover random texts as before")
  func cover() throws {
    var settings = TokenizerSettings(skippedKinds: [])
    settings.dictionary = ["的一": 3, "不了人": 1, "大中": 9, "キャ": 2]
    let tokenizer = try Tokenizer(settings)
    let workspace = tokenizer.makeWorkspace()
    var texts = RandomText(seed: 17)
    for _ in 0..<3000 {
      let text = Array(texts.nextChinese(runs: 4).utf8)
      let ends = try tokenizer.ends(of: text, with: workspace)
      var last = 0
      for index in 0..<workspace.count {
        #expect(workspace.range(at: index).lowerBound == last)
        last = workspace.range(at: index).upperBound
      }
      #expect(ends.last == text.count)
    }
  }
}
