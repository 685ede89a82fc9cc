import ArgumentParser
import ImageModels
import ModelBundles
import TextModels

/// `nlptool evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Judge a model on labelled texts or images, or a language model on plain texts.",
    discussion: """
      A language model reads one text a line; its measure is the perplexity. A model of images takes one set of them, as \
      train-image does: of sets that are divided the part for tests. A classifier of fastText (.bin or .ftz) is judged like \
      one of nlptool's.

      Examples:
        nlptool evaluate model corpora/sentiment-en/test.tsv
        nlptool evaluate model test.tsv --text-column 4 --label-column 1 --json
        nlptool evaluate resnet20 cifar10/test
        nlptool evaluate cooking.bin cooking.valid
      """)

  @Argument(help: ArgumentHelp("Folder of the model, or a file of fastText.", valueName: "model"))
  var model: String

  @Argument(
    help: ArgumentHelp(
      "Files or folders with labelled texts, \"-\" for standard input; or a set of images.", valueName: "data"))
  var data: [String]

  @Flag(help: "One JSON object in place of the tables.")
  var json = false

  @Flag(help: "Leave damaged images out and count them, where otherwise the first ends the command.")
  var skipBad = false

  @OptionGroup(title: "Data") var corpus: CorpusArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func run() throws {
    compute.apply()
    switch isFastText(model) ? nil : try ModelBundle.task(in: model) {
    case ImageModelDescription.taskName: return try judgeImages(ImageModel(contentsOf: model))
    case LanguageModelDescription.taskName: return try judgeLanguageModel()
    default: break
    }
    if skipBad { throw ValidationError("--skip-bad is for models of images") }
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

  private func judgeLanguageModel() throws {
    let evaluation = try LanguageModel(contentsOf: model).evaluate(data.flatMap { try readLines($0, corpus.input) })
    guard evaluation.words > 0 else { throw TextModelError.noExamples(source: data.joined(separator: ", ")) }
    try StandardOutput.shared.write(
      json
        ? encodedJSON(evaluation, pretty: false)
        : "perplexity \(evaluation.perplexity.fixed(2)), loss \(evaluation.loss.fixed(4)), \(evaluation.words) words, "
          + "\(evaluation.unknownWords) of them unknown\n")
  }
}
