import ArgumentParser
import Tensors

/// `nlptool bench`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure speed; one JSON object a line.",
    discussion: """
      Each line has family, case, threads, metric, value (a median), unit and peak_mb (the process's largest size so \
      far, so run a case alone to read it). A training case takes the very steps that training takes, with fresh ids \
      each time, and its line carries the loss of the first step.

      Examples:
        nlptool bench --list
        nlptool bench --cases 'rnn/train/*' --threads 2
        nlptool bench --cases 'tokenize/*' --text texts/
        nlptool bench --cases imagecnn/infer/resnet18/B1 --layers
      """)

  @Option(help: ArgumentHelp("Cases to run: a pattern over their names, with * and ?.", valueName: "glob"))
  var cases = "*"

  @Option(
    help: ArgumentHelp(
      "Folder with english.txt, chinese.txt, mixed.txt and labelled.txt, UTF-8; without it the cases that read them are left out.",
      valueName: "folder"))
  var text: String?

  @Flag(help: "Only print the names of the cases.")
  var list = false

  @Flag(help: "Of networks for images: a line for each layer, its shapes, time and share of the processor's peak.")
  var layers = false

  @Option(help: ArgumentHelp("Least time for each case.", valueName: "seconds"))
  var seconds = 1.5

  @OptionGroup(title: "General") var compute: ComputeOptions

  func validate() throws {
    if !(seconds > 0 && seconds <= 3600) { throw ValidationError("--seconds takes a number above 0, up to 3600") }
  }

  func run() throws {
    compute.apply()
    let networks: [any Benchmark] =
      RecurrentBenchmark.all + ConvolutionBenchmark.all + LanguageModelBenchmark.all + ImageBenchmark.all
      + MatrixProductBenchmark.all + ByteProductBenchmark.all + ByteConvolutionBenchmark.all + LoadBenchmark.all
    let folder = text ?? ""
    let texts =
      TokenizerBenchmark.all(folder: folder) + SubwordBenchmark.all(folder: folder)
      + SubwordTrainingBenchmark.all(folder: folder) + VocabularyBenchmark.all(folder: folder)
      + BagBenchmark.all(folder: folder)
    let all = networks + texts
    var wanted = all.filter { $0.name.matches(glob: cases) }
    guard !wanted.isEmpty else {
      throw CommandFailure(.usage, "no case matches \"\(cases)\"; nlptool bench --list prints their names")
    }
    if text == nil, !list {
      wanted.removeAll { $0 is any TextBenchmark }
      if wanted.isEmpty { throw CommandFailure(.usage, "the cases that read texts need --text FOLDER") }
    }
    for benchmark in wanted {
      if list {
        try StandardOutput.shared.write(benchmark.name + "\n")
      } else if layers {
        guard let images = benchmark as? ImageBenchmark else {
          throw CommandFailure(.usage, "--layers is for the cases imagecnn/*, not \(benchmark.name)")
        }
        try StandardOutput.shared.write(images.layerTable())
      } else {
        try StandardOutput.shared.write(benchmark.measure(Stopwatch(leastSeconds: seconds)).json + "\n")
        try StandardOutput.shared.flush()
      }
    }
  }
}
