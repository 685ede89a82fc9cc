import ArgumentParser
import TextModels

/// `nlptool evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Judge a model on labelled texts.",
    discussion: """
      Examples:
        nlptool evaluate model corpora/sentiment-en/test.tsv
        nlptool evaluate model test.tsv --text-column 4 --label-column 1 --json
      """)

  @Argument(help: ArgumentHelp("Folder of the model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("Files or folders with labelled texts; \"-\" is standard input.", valueName: "data"))
  var data: [String]

  @Flag(help: "One JSON object in place of the tables.")
  var json = false

  @OptionGroup(title: "Data") var corpus: CorpusArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func run() throws {
    compute.apply()
    let model = try LoadedModel(contentsOf: model)
    let texts = try LabelledTexts(paths: data, options: corpus.options(for: model.task))
    let (evaluation, truncated) = try model.evaluate(texts)
    if !quiet {
      for guess in texts.guesses { StandardError.write(guess + "\n") }
      if truncated > 0, let length = model.maximumLength {
        StandardError.write(
          "\(truncated) texts are longer than the \(length) tokens that the model reads of a text\n")
      }
    }
    try StandardOutput.shared.write(json ? encodedJSON(evaluation, pretty: false) : evaluation.text)
  }
}
