import ArgumentParser

/// `nlptool train`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model on labelled texts: any labels, several labels a text, or numbers.",
    discussion: """
      Reads texts with their labels, makes a vocabulary, trains, keeps the model that does best on validation texts \
      (a tenth of the data, unless --validation names a file), and writes it as a folder. The test texts are read \
      once, when training is over. Ctrl-C ends training; the best model so far is kept. --model bag is fastText's \
      classifier: it learns from all texts, in seconds.

      Examples:
        nlptool train questions.tsv --test test.tsv --output model
        nlptool train news.txt --model bag --character-ngrams 3-6 --output model
        nlptool train posts.jsonl --multi-label --label-column tags --model bilstm
        nlptool train reviews.csv --regression --label-column stars
        nlptool train train.tsv --autotune 600 --output model
        nlptool train own.tsv --from model --gradual-unfreezing --output tuned
      """)

  @OptionGroup var arguments: TrainArguments
  @OptionGroup(title: "Task") var task: TaskArguments

  func run() throws { try arguments.run(task: task) }
}
