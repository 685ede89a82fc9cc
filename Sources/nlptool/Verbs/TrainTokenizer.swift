import ArgumentParser
import Glibc
import TextProcessing

extension SubwordTrainingOptions.Kind: ExpressibleByArgument {}
extension SubwordTrainingOptions.Cutting: ExpressibleByArgument {}

/// `nlptool train-tokenizer`
struct TrainTokenizer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a tokenizer of subwords on plain texts.",
    discussion: """
      Reads one text a line and writes a tokenizer.json, which Hugging Face's tokenizers read too. Models: byte-bpe, \
      byte-pair encoding of bytes as GPT-2's, for which nothing is unknown; bpe, of characters; wordpiece, BERT's; \
      unigram, SentencePiece's. The same texts and options give the same tokenizer.

      Examples:
        nlptool train-tokenizer reviews.txt --output tokenizer.json
        cut -f2 train.tsv | nlptool train-tokenizer - --model unigram --vocabulary-size 8000
        nlptool train-tokenizer wiki.txt --model wordpiece --no-lowercase
      """)

  @Argument(help: ArgumentHelp("Files with one text a line; \"-\" is standard input.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("File of the tokenizer.", valueName: "file"))
  var output = "tokenizer.json"

  @Flag(help: "Replace a file that is there already.")
  var force = false

  @Option(help: "Kind of model.")
  var model = SubwordTrainingOptions.Kind.byteLevelBytePair

  @Option(help: ArgumentHelp("Tokens, special ones included.", valueName: "number"))
  var vocabularySize = 30_000

  @Option(
    help: ArgumentHelp("Pairs that occur less often are not merged (not of unigram).", valueName: "number"))
  var minimumCount = 2

  @Option(
    help: ArgumentHelp(
      "A token that texts do not have, such as [CLS]; may be given several times; their ids come first. (default: those of the model)",
      valueName: "token"))
  var specialToken: [String] = []

  @Option(
    help: ArgumentHelp(
      "Characters that become tokens, at most: the most frequent ones. (default: all, but no more than half of the tokens)",
      valueName: "number"))
  var alphabetLimit: Int?

  @Option(
    help: ArgumentHelp("Characters of a token, at most. (default: no limit, of unigram 16)", valueName: "number"))
  var maximumTokenLength: Int?

  @Option(
    help: "How texts are cut before subwords are found. (default: byte-level, metaspace or bert, as the model has it)")
  var cut: SubwordTrainingOptions.Cutting?

  @Flag(inversion: .prefixedNo, help: "Lower-case the texts. (default: of wordpiece only)")
  var lowercase: Bool?

  @Flag(inversion: .prefixedNo, help: "Take accents off. (default: of wordpiece where it lower-cases)")
  var stripAccents: Bool?

  @Option(help: "Unicode normalisation of the text first. (default: none)")
  var normalize: NormalizationForm?

  @Option(
    help: ArgumentHelp(
      "Megabytes for counting words, about; beyond, the rarest words are dropped.", valueName: "number"))
  var memory = 1024

  @OptionGroup(title: "Input") var input: InputArguments

  @OptionGroup(title: "General") var compute: ComputeOptions

  @Flag(name: .shortAndLong, help: "Say nothing but the result.")
  var quiet = false

  func validate() throws {
    if !(16...1 << 20).contains(memory) { throw ValidationError("--memory takes a number from 16 to 1048576") }
  }

  private var options: SubwordTrainingOptions {
    var options = SubwordTrainingOptions(model)
    options.vocabularySize = vocabularySize
    options.minimumCount = minimumCount
    if !specialToken.isEmpty { options.specialTokens = specialToken }
    options.alphabetLimit = alphabetLimit
    options.maximumTokenLength = maximumTokenLength
    if let cut { options.cutting = cut }
    if let lowercase {
      options.lowercases = lowercase
      options.stripsAccents = model == .wordPiece && lowercase
    }
    if let stripAccents { options.stripsAccents = stripAccents }
    options.normalization = normalize
    options.memoryLimit = memory << 20
    return options
  }

  func run() throws {
    compute.apply()
    if !force, access(output, F_OK) == 0 {
      throw CommandFailure(.cannotCreate, "\(output) exists; --force replaces it")
    }
    try checkWritable(output)
    let start = ContinuousClock.now
    let console = TrainingConsole(isQuiet: quiet)
    var trainer = try makeTrainer()
    Interrupt.watch()
    var byteCount = 0
    for file in files {
      let reader = try input.open(file)
      while let block = try reader.nextBlock() {
        try trainer.add(block)
        byteCount += block.bytes.count
        if Interrupt.isRequested { throw CommandFailure(.interrupted, "interrupted; nothing was written") }
        console.showLine(isLast: false) {
          "\(byteCount >> 20) MB read, \(trainer.wordCount) words, "
            + "\((Double(byteCount) / 1e6 / max(start.secondsToNow, 1e-3)).fixed(1)) MB/s"
        }
      }
      if !quiet { input.report(reader) }
    }
    let tokenizer = try trainer.train { count in
      console.showLine(isLast: false) { "\(count) of \(vocabularySize) tokens" }
      return !Interrupt.isRequested
    }
    console.closeLine()
    try tokenizer.write(to: output)
    try StandardOutput.shared.write(
      "\(tokenizer.vocabularySize) tokens of \(trainer.wordCount) distinct words are in \(output) "
        + "(\(start.secondsToNow.asDuration)). Try them:\n  echo \"Some words\" | nlptool tokenize --tokenizer \(output)\n"
    )
    if Interrupt.isRequested { throw CommandFailure(.interrupted, "interrupted; the tokens found until then are kept") }
  }

  private func makeTrainer() throws -> SubwordTrainer {
    do throws(SubwordTokenizerError) { return try SubwordTrainer(options) } catch {
      throw CommandFailure(.usage, "\(error)")
    }
  }
}

extension SubwordTrainer {
  /// Counts the words of the lines of a block.
  fileprivate mutating func add(_ block: LineBlock) throws {
    try block.forEachLine { number, line in
      do throws(SubwordTokenizerError) { try add(line) } catch {
        if case .invalidUTF8(let error) = error {
          throw CorpusError.invalidUTF8(path: block.path, line: number, offset: error.offset)
        }
        throw CommandFailure(.content, "\(shownName(block.path)), line \(number): \(error)")
      }
    }
  }
}
