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

      So is an ONNX file, by nlptool's own kernels: one that export wrote, with --vocabulary where it is of texts, and \
      any other that takes images, float [batch, channels, height, width], for which --labels, --mean and --deviation \
      say what its metadata do not.

      Examples:
        nlptool evaluate model corpora/sentiment-en/test.tsv
        nlptool evaluate model test.tsv --text-column 4 --label-column 1 --json
        nlptool evaluate resnet20 cifar10/test
        nlptool evaluate cooking.bin cooking.valid
        nlptool evaluate model.onnx test.tsv --vocabulary model
        nlptool evaluate resnet50.onnx photos --labels classes.txt
      """)

  @Argument(help: ArgumentHelp("Folder of the model, or a file of fastText or ONNX.", valueName: "model"))
  var model: String

  @Argument(
    help: ArgumentHelp(
      "Files or folders with labelled texts, \"-\" for standard input; or a set of images.", valueName: "data"))
  var data: [String]

  @Flag(help: "One JSON object in place of the tables.")
  var json = false

  @OptionGroup(title: "Data") var corpus: CorpusArguments
  @OptionGroup(title: "Images") var images: ImageSetArguments
  @OptionGroup(title: "ONNX files") var onnx: ONNXArguments
  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func run() throws {
    compute.apply()
    if isONNX(model) {
      switch try onnx.load(model) {
      case .image(let classifier): return try judgeImages(classifier)
      case .text(let classifier): return try judge(.onnx(classifier))
      }
    }
    try onnx.checkNone()
    switch isFastText(model) ? nil : try ModelBundle.task(in: model) {
    case ImageModelDescription.taskName: try judgeImages(ImageModel(contentsOf: model))
    case LanguageModelDescription.taskName: try judgeLanguageModel()
    default: try judge(LoadedModel(contentsOf: model))
    }
  }

  private func judge(_ model: LoadedModel) throws {
    try images.checkNone()
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
