import ArgumentParser
import BagModels
import TextProcessing

extension WordVectorModel: ExpressibleByArgument {}

/// `nlptool train-vectors`
struct TrainVectors: ParsableCommand {
  private static let defaults = WordVectorOptions()

  static let configuration = CommandConfiguration(
    abstract: "Train word vectors on plain texts.",
    discussion: """
      Reads one text a line; words of one line are neighbours. A word's vector is the mean of its own row and those of its \
      character n-grams, so that words which never occurred have vectors too (--character-ngrams none: whole words). The \
      same seed gives the same vectors for any number of threads.

      Examples:
        nlptool train-vectors reviews.txt --output vectors
        cut -f4 train.tsv | nlptool train-vectors - --epochs 10 --output vectors
        nlptool train-vectors news.txt --model continuous-bag --character-ngrams none --output vectors
      """)

  @Argument(help: ArgumentHelp("Files with one text a line; \"-\" is standard input.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("Folder of the vectors.", valueName: "folder"))
  var output = "vectors"

  @Flag(help: "Replace a folder of vectors that is there already.")
  var force = false

  @Option(help: "What predicts what: a word its neighbours, or the mean of the neighbours a word.")
  var model = defaults.model

  @Option(help: ArgumentHelp("Numbers of a vector.", valueName: "number"))
  var embeddingSize = defaults.dimensions

  @Option(help: ArgumentHelp("Words that occur less often have no vector of their own.", valueName: "number"))
  var minimumCount = defaults.minimumCount

  @Option(
    help: ArgumentHelp("Characters of the n-grams of words, such as 3-6, or none.", valueName: "shortest-longest"))
  var characterNgrams = "3-6"

  @Option(help: ArgumentHelp("Numbers that an n-gram's hash may fall on.", valueName: "number"))
  var buckets = defaults.bucketCount

  @Option(help: ArgumentHelp("Words on each side that are neighbours, at most.", valueName: "number"))
  var window = defaults.window

  @Option(help: ArgumentHelp("Words drawn at random against each neighbour.", valueName: "number"))
  var negatives = defaults.negatives

  @Option(
    help: ArgumentHelp(
      "Frequency from which on occurrences of a word are left out at random; 1 for none.", valueName: "frequency"))
  var subsampling = defaults.subsampling

  @Option(help: ArgumentHelp("Passes over the texts.", valueName: "number"))
  var epochs = defaults.epochs

  @Option(help: ArgumentHelp("Size of the first step.", valueName: "rate"))
  var learningRate = defaults.learningRate

  @Option(help: "Numbers of a row in the written vectors.")
  var precision = RowPrecision.float16

  @Option(help: "Seed of everything that is random.")
  var seed = defaults.seed

  @OptionGroup(title: "Tokens") var tokenizer: TokenizerArguments

  @Flag(inversion: .prefixedNo, help: "Lower-case the tokens.")
  var lowercase = true

  @OptionGroup(title: "Input") var input: InputArguments

  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func validate() throws { _ = try ngramLengths() }

  private func ngramLengths() throws -> ClosedRange<Int>? {
    characterNgrams == "none" ? nil : try BagArguments.lengths(characterNgrams)
  }

  private func options() throws -> WordVectorOptions {
    var options = WordVectorOptions()
    options.model = model
    options.dimensions = embeddingSize
    options.minimumCount = minimumCount
    options.characterNgrams = try ngramLengths()
    options.bucketCount = buckets
    options.window = window
    options.negatives = negatives
    options.subsampling = subsampling
    options.epochs = epochs
    options.learningRate = learningRate
    options.seed = seed
    return options
  }

  func run() throws {
    compute.apply()
    let options = try options()
    try WordVectors.checkWritable(to: output, replacing: force)
    let start = ContinuousClock.now
    let console = TrainingConsole(isQuiet: quiet)
    var texts = try TextCollection(tokenizer: tokenizer.settings(lowercase: lowercase))
    for file in files {
      let reader = try input.open(file)
      while try reader.advance() { texts.append(try reader.lineText()) }
      if !quiet { input.report(reader) }
    }
    Interrupt.watch()
    let vectors = try WordVectorTraining(options).run(
      texts, shouldStop: { Interrupt.isRequested }, report: console.show)
    console.closeLine()
    try vectors.write(to: output, precision: precision, replacing: force)
    try StandardOutput.shared.write(
      "\(vectors.wordCount) vectors of \(vectors.dimensions) numbers are in \(output) "
        + "(\(start.secondsToNow.asDuration)). Try them:\n  nlptool vectors neighbours \(output) "
        + "\(vectors.words.first { $0.count > 3 && $0.allSatisfy(\.isLetter) } ?? "word")\n")
  }
}
