import ArgumentParser
import ImageModels
import ModelBundles
import TextModels
import TextProcessing

/// `nlptool predict`
struct Predict: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, jsonl }

  static let configuration = CommandConfiguration(
    abstract: "Classify texts or images with a model.",
    discussion: """
      Reads one text a line and writes one line for each: label TAB probability, once for each label that is given \
      (none, one or several with a model for several), or the number of a model for numbers; or one JSON object \
      {"label", "probability", "probabilities"}, {"labels", "probabilities"} or {"value"}; with --logits the ids that \
      the text has as input of an exported model stand there too, and the scores of a network. Answers as lines arrive.

      A model of images takes PNG and JPEG files, folders of them, and IDX and CIFAR files, of which each holds many. \
      Each image gets a line: name TAB class TAB probability, with -k so many classes; or one JSON object {"image", \
      "label", "probability", "probabilities"}, with -k also "labels", with --logits also "logits".

      A classifier of fastText (.bin or .ftz) is read as it is, and says what fastText says: labels without __label__, \
      probabilities of up to 1.00001, no label for a text of which it knows nothing. It cannot be made a folder of \
      nlptool's, whose n-grams have other hashes and so other rows. ONNX files answer as folders do: those that export \
      wrote, with --vocabulary where they are of texts, and others that take images.

      Examples:
        nlptool predict model --text "Not what I had hoped for."
        nlptool predict model reviews.txt --format jsonl
        nlptool predict model questions.txt -k 3 --threshold 0.1
        cut -f2 reviews.tsv | nlptool predict model
        nlptool predict squeezenet photo.jpg holidays/ -k 5 --skip-bad
        nlptool predict digits t10k-images-idx3-ubyte --format jsonl --logits
        nlptool predict lid.176.ftz messages.txt -k 2
        nlptool predict model.onnx reviews.txt --vocabulary model
        nlptool predict resnet50.onnx photo.jpg -k 5 --labels classes.txt
      """)

  @Argument(help: ArgumentHelp("Folder of the model, or a file of fastText or ONNX.", valueName: "model"))
  var model: String

  @Argument(
    help: ArgumentHelp(
      "File with one text a line, \"-\" or none for standard input; or images, folders of them or IDX or CIFAR files.",
      valueName: "file"))
  var files: [String] = []

  @Option(help: ArgumentHelp("Classify this text in place of a file; may be given several times.", valueName: "text"))
  var text: [String] = []

  @Option(help: "Form of the result.")
  var format: Format = .text

  @Option(
    name: [.customShort("k"), .customLong("top")],
    help: ArgumentHelp("Give so many labels at most, likeliest first.", valueName: "number"))
  var top: Int?

  @Option(
    help: ArgumentHelp(
      "Give labels of at least this probability, in place of the model's choice.", valueName: "probability"))
  var threshold: Double?

  @Flag(help: "Give the score of each label too, and the ids of texts; with --format jsonl.")
  var logits = false

  @Flag(help: "Leave damaged images out and count them, where otherwise the first ends the command.")
  var skipBad = false

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  @OptionGroup(title: "Input") var input: InputArguments

  @OptionGroup(title: "ONNX files") var onnx: ONNXArguments

  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if logits, format == .text { throw ValidationError("--logits needs --format jsonl") }
    if let top, top < 1 { throw ValidationError("-k takes a number from 1 on") }
    if let threshold, !(threshold >= 0 && threshold <= 1) {
      throw ValidationError("--threshold takes a number from 0 to 1")
    }
    if !text.isEmpty, !files.isEmpty, files != ["-"] { throw ValidationError("give either a file or --text") }
  }

  func run() throws {
    compute.apply()
    if isONNX(model) {
      switch try onnx.load(model) {
      case .image(let classifier): return try classifyImages(classifier)
      case .text(let classifier): return try classifyTexts(.onnx(classifier))
      }
    }
    try onnx.checkNone()
    if !isFastText(model), try ModelBundle.task(in: model) == ImageModelDescription.taskName {
      return try classifyImages(ImageModel(contentsOf: model))
    }
    try classifyTexts(LoadedModel(contentsOf: model))
  }

  private func classifyTexts(_ model: LoadedModel) throws {
    if skipBad { throw ValidationError("--skip-bad is for models of images") }
    guard files.count < 2 else { throw ValidationError("a model of texts takes one file") }
    if model.task == .regression, top != nil || threshold != nil {
      throw ValidationError("-k and --threshold are for models of labels; this one says a number")
    }
    let choice = LabelChoice(top: top, threshold: threshold, wantsAll: format == .jsonl)
    var writer = AnswerWriter(
      format: format, top: top, threshold: threshold, choice: choice, showsScores: logits)
    defer { if !quiet { writer.sayTruncation(model) } }
    if !text.isEmpty { return try writer.write(text, model) }
    let reader = try input.open(files.first ?? "-")
    // Texts are classified together, but none waits for others that are not there yet.
    let batchSize = 256
    var lines: [String] = []
    while try reader.advance() {
      do throws(CorpusError) {
        lines.append(try reader.lineText())
      } catch {
        try writer.write(lines, model)
        throw error
      }
      let isComplete = lines.count == batchSize
      guard isComplete || !reader.nextLineIsReady else { continue }
      try writer.write(lines, model)
      if !isComplete { try StandardOutput.shared.flush() }
      lines = []
    }
    try writer.write(lines, model)
  }
}

/// Writes answers as lines.
private struct AnswerWriter {
  let format: Predict.Format
  let top: Int?
  let threshold: Double?
  let choice: LabelChoice
  let showsScores: Bool
  private var truncated = 0

  init(format: Predict.Format, top: Int?, threshold: Double?, choice: LabelChoice, showsScores: Bool) {
    (self.format, self.top, self.threshold) = (format, top, threshold)
    (self.choice, self.showsScores) = (choice, showsScores)
  }

  mutating func write(_ texts: [String], _ model: LoadedModel) throws {
    let scores = showsScores ? try model.scores(texts) : []
    for (index, answer) in try model.answers(texts, choice).enumerated() {
      let line: String
      switch answer {
      case .labels(let prediction):
        if prediction.isTruncated { truncated += 1 }
        line = format == .text ? text(prediction) : json(prediction)
      case .value(let value): line = format == .text ? value.fixed(4) : "{\"value\":\(value.asJSON)}"
      }
      let added = showsScores ? scores[index].json(labels: model.labels) : ""
      try StandardOutput.shared.write(added.isEmpty ? line + "\n" : "\(line.dropLast()),\(added)}\n")
    }
  }

  /// The labels to give: the model's choice, unless the command asks for others.
  private func choices(_ prediction: Prediction) -> [Prediction.Choice] {
    if top == nil, threshold == nil {
      let given = Set(prediction.labels)
      return prediction.top(prediction.choices.count).filter { given.contains($0.label) }
    }
    return prediction.top(top ?? prediction.choices.count, threshold: threshold ?? 0)
  }

  private func text(_ prediction: Prediction) -> String {
    choices(prediction).map { "\($0.label)\t\($0.probability.fixed(4))" }.joined(separator: "\t")
  }

  private func json(_ prediction: Prediction) -> String {
    let all = prediction.choices.map { "\($0.label.asJSON):\($0.probability.asJSON)" }.joined(separator: ",")
    guard prediction.isSingle, top == nil, threshold == nil else {
      let given = choices(prediction).map { $0.label.asJSON }.joined(separator: ",")
      return "{\"labels\":[\(given)],\"probabilities\":{\(all)}}"
    }
    return
      "{\"label\":\(prediction.label.asJSON),\"probability\":\(prediction.probability.asJSON),\"probabilities\":{\(all)}}"
  }

  func sayTruncation(_ model: LoadedModel) {
    guard truncated > 0, let length = model.maximumLength else { return }
    StandardError.write(
      "\(truncated) texts were longer than the \(length) tokens that the model reads of a text\n")
  }
}
