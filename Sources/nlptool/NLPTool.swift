import ArgumentParser
import Glibc
import Tensors

/// The command `nlptool`; each verb has a file of its own under `Verbs`.
@main
struct NLPTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nlptool",
    abstract: "Tokenize texts, train models of texts and images, and use those.",
    discussion: """
      Every verb reads standard input where it takes a file named "-", writes results to standard output and \
      everything else to standard error.

      Examples:
        nlptool train-sentiment corpora/sentiment-en/train.tsv --output model
        nlptool predict model --text "Not what I had hoped for."
        nlptool train-image flowers --from squeezenet --freeze features --output flowers-model
        nlptool tokenize reviews.txt --lowercase --format jsonl

      Exit codes: 0 success (also when the reader of a pipe goes away), 64 wrong usage, 65 wrong content, \
      66 missing or unreadable input, 70 a fault of nlptool, 73 the output cannot be created, 74 writing failed or \
      the disk is full, 130 interrupted.
      """,
    version: "0.1.0",
    subcommands: [
      Tokenize.self, Vocab.self, Train.self, TrainSentiment.self, TrainVectors.self, TrainLanguageModel.self,
      TrainTokenizer.self, TrainImage.self, ImportWeights.self, Export.self, Quantize.self,
      Predict.self, Evaluate.self, Vectors.self, Info.self, Run.self, Bench.self,
    ])

  /// Refuses a name of kernels that there are none of: without a word it would be as if nothing had been asked for.
  private static func checkKernels() throws {
    guard let name = getenv("NLPTOOL_KERNELS").map({ String(cString: $0) }) else { return }
    let levels = KernelLevel.allCases.filter(\.isAvailable).map(\.rawValue)
    guard levels.contains(name) else {
      throw CommandFailure(.usage, "NLPTOOL_KERNELS is \"\(name)\"; this machine has \(levels.joined(separator: ", "))")
    }
  }

  static func main() {
    Interrupt.ignoreClosedPipes()
    MemoryExhaustion.onFailure(CommandFailure.outOfMemory)
    do {
      try checkKernels()
      var command = try parseAsRoot()
      try command.run()
      try StandardOutput.shared.flush()
    } catch {
      try? StandardOutput.shared.flush()
      if let failure = CommandFailure(error) { failure.exit() }
      // Help, versions and wrong usage are the argument parser's; whatever else comes here was not foreseen.
      guard exitCode(for: error) == .failure else { exit(withError: error) }
      CommandFailure(.software, "\(error)").exit()
    }
  }
}
