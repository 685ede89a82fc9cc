import ArgumentParser
import TextModels
import TextProcessing

/// `nlptool predict`
struct Predict: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, jsonl }

  static let configuration = CommandConfiguration(
    abstract: "Classify texts with a model.",
    discussion: """
      Reads one text a line and writes one line for each: label TAB probability, or one JSON object \
      {"label", "probability", "probabilities"}. Answers as lines arrive.

      Examples:
        nlptool predict model --text "Not what I had hoped for."
        nlptool predict model reviews.txt --format jsonl
        cut -f2 reviews.tsv | nlptool predict model
      """)

  @Argument(help: ArgumentHelp("Folder of the model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("File with one text a line; \"-\" is standard input.", valueName: "file"))
  var file = "-"

  @Option(help: ArgumentHelp("Classify this text in place of a file; may be given several times.", valueName: "text"))
  var text: [String] = []

  @Option(help: "Form of the result.")
  var format: Format = .text

  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if !text.isEmpty, file != "-" { throw ValidationError("give either a file or --text") }
  }

  func run() throws {
    compute.apply()
    let classifier = try TextClassifier(contentsOf: model)
    if !text.isEmpty { return try write(classifier.predict(text), classifier) }
    let reader = try LineReader(path: file)
    // Texts are classified together, but none waits for others that are not there yet.
    let batchSize = 256
    var lines: [String] = []
    while try reader.advance() {
      do throws(CorpusError) {
        lines.append(try reader.lineText())
      } catch {
        try write(classifier.predict(lines), classifier)
        throw error
      }
      let isComplete = lines.count == batchSize
      guard isComplete || !reader.nextLineIsReady else { continue }
      try write(classifier.predict(lines), classifier)
      if !isComplete { try StandardOutput.shared.flush() }
      lines = []
    }
    try write(classifier.predict(lines), classifier)
  }

  private func write(_ predictions: [Prediction], _ classifier: TextClassifier) throws {
    for prediction in predictions {
      switch format {
      case .text:
        try StandardOutput.shared.write("\(prediction.label)\t\(prediction.probability.fixed(4))\n")
      case .jsonl:
        let all = zip(classifier.labels, prediction.probabilities).map { "\($0.asJSON):\($1)" }
        try StandardOutput.shared.write(
          "{\"label\":\(prediction.label.asJSON),\"probability\":\(prediction.probability),"
            + "\"probabilities\":{\(all.joined(separator: ","))}}\n")
      }
    }
  }
}
