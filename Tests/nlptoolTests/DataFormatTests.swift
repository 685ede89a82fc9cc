import Foundation
import Testing

/// The same texts in every form that people keep them in give the same model.
@Suite("Forms of data", .serialized)
struct DataFormatTests {
  private static let rows: [(label: String, text: String)] = (0..<40).map { index in
    (index % 2 == 0 ? "pos" : "neg", "it was \(index % 2 == 0 ? "lovely" : "awful") \(index % 5)")
  }

  private static let forms: [(name: String, content: String, options: [String])] = [
    ("a.tsv", "label\ttext\n" + rows.map { "\($0.label)\t\($0.text)\n" }.joined(), []),
    ("b.tsv", rows.map { "x\t\($0.text)\t\($0.label)\n" }.joined(), ["--text-column", "2", "--label-column", "3"]),
    ("c.csv", "text,label\n" + rows.map { "\"\($0.text)\",\($0.label)\n" }.joined(), []),
    ("d.jsonl", rows.map { "{\"text\":\"\($0.text)\",\"label\":\"\($0.label)\"}\n" }.joined(), []),
    ("e.txt", rows.map { "__label__\($0.label) \($0.text)\n" }.joined(), ["--input-format", "fasttext"]),
    ("f.txt", rows.map { "\($0.label) \($0.text)\n" }.joined(), ["--input-format", "label-first"]),
    (
      "g.csv", "stars,text\n" + rows.map { "\($0.label == "pos" ? 8 : 2),\($0.text)\n" }.joined(),
      ["--label-column", "stars", "--positive-from", "7"]
    ),
  ]

  private func weights(_ model: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(model)/weights.safetensors"))
  }

  @Test("files, standard input, several files, folders")
  func forms() throws {
    try Command.withFolder { folder in
      var first: Data?
      for form in Self.forms {
        let path = "\(folder)/\(form.name)"
        try Data(form.content.utf8).write(to: URL(fileURLWithPath: path))
        let model = "\(path).model"
        let result = try Command.run(["train-sentiment", path, "--output", model] + form.options + Command.quick)
        #expect(result.code == 0, "\(form.name): \(result.errors)")
        // Positive and negative stars, neg and pos: two labels in the same order.
        if let first { #expect(try weights(model) == first, "\(form.name)") }
        first = try first ?? weights(model)
      }
      let input = Data(Self.forms[0].content.utf8)
      let fromInput = try Command.run(
        ["train-sentiment", "-", "--output", "\(folder)/stdin"] + Command.quick, input: input)
      #expect(fromInput.code == 0, "\(fromInput.errors)")
      #expect(try weights("\(folder)/stdin") == first)

      let lines = Self.rows.map { "\($0.label)\t\($0.text)\n" }
      for (name, part) in [("h1.tsv", lines[..<20]), ("h2.tsv", lines[20...])] {
        try Data(("label\ttext\n" + part.joined()).utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      let parts = try Command.run(
        ["train-sentiment", "\(folder)/h1.tsv", "\(folder)/h2.tsv", "--output", "\(folder)/parts"] + Command.quick)
      #expect(parts.code == 0, "\(parts.errors)")
      #expect(try weights("\(folder)/parts") == first)

      for (index, row) in Self.rows.enumerated() {
        let own = "\(folder)/aclImdb/\(row.label)"
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
        try Data(row.text.utf8).write(to: URL(fileURLWithPath: "\(own)/\(index)_1.txt"))
      }
      let texts = try Command.run(
        ["train-sentiment", "\(folder)/aclImdb", "--output", "\(folder)/folders"] + Command.quick)
      #expect(texts.code == 0, "\(texts.errors)")
      #expect(try Command.run(["evaluate", "\(folder)/folders", "\(folder)/aclImdb"]).output.contains("40 texts"))
    }
  }

  @Test("validation files, cross-validation and their reports")
  func judging() throws {
    try Command.withFolder { folder in
      let data = "\(folder)/data.tsv"
      try Data(Self.forms[0].content.utf8).write(to: URL(fileURLWithPath: data))
      let trained = try Command.run(
        ["train-sentiment", data, "--validation", data, "--output", "\(folder)/model"] + Command.quick)
      #expect(trained.code == 0 && trained.output.contains("validation") && trained.output.contains("40"))
      let folds = try Command.run(
        ["train-sentiment", data, "--folds", "4", "--report", "\(folder)/folds.json"] + Command.quick)
      #expect(folds.code == 0 && folds.output.contains("over 4 folds"), "\(folds.errors)")
      let report = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: "\(folder)/folds.json")))
          as? [String: Any])
      #expect(
        (report["folds"] as? [Any])?.count == 4 && report["mean"] is Double && report["metric"] as? String == "accuracy"
      )
    }
  }
}
