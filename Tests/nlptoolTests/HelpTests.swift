import Foundation
import Testing

/// The help texts are part of the product: each is compared with a file that a person has read.
///
/// After a change run `NLPTOOL_RECORD_HELP=1 swift test -c release --filter HelpTests`, and read what changed.
@Suite("Help texts")
struct HelpTests {
  static let verbs: [[String]] = [
    [], ["tokenize"], ["vocab"], ["vocab", "build"], ["vocab", "show"], ["vocab", "stats"], ["vocab", "merge"],
    ["vocab", "prune"], ["vocab", "diff"], ["vocab", "encode"], ["vocab", "decode"], ["vocab", "export"],
    ["vocab", "import"], ["vocab", "vectors"], ["vocab", "neighbours"], ["vocab", "remove"], ["train-tokenizer"],
    ["train"], ["train-sentiment"], ["train-vectors"], ["train-language-model"], ["train-image"], ["import-weights"],
    ["export"], ["quantize"], ["prune"], ["run"], ["predict"], ["evaluate"],
    ["vectors"], ["vectors", "neighbours"], ["vectors", "analogies"], ["vectors", "word"], ["vectors", "sentence"],
    ["vectors", "export"], ["vectors", "import"], ["info"], ["run"], ["bench"],
  ]

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Help")

  @Test("are those that were agreed", arguments: verbs)
  func golden(verb: [String]) throws {
    let result = try Command.run(verb + ["--help"])
    #expect(result.code == 0 && result.errors.isEmpty)
    let file = Self.folder.appendingPathComponent((["nlptool"] + verb).joined(separator: "-") + ".txt")
    if ProcessInfo.processInfo.environment["NLPTOOL_RECORD_HELP"] != nil {
      try Data(result.output.utf8).write(to: file)
    }
    #expect(result.output == String(decoding: try Data(contentsOf: file), as: UTF8.self))
  }

  @Test("have an example", arguments: verbs)
  func example(verb: [String]) throws {
    let output = try Command.run(verb + ["--help"]).output
    #expect(output.contains("Example"))
    #expect(output.contains("  nlptool \((verb + [""]).joined(separator: " "))"))
  }
}
