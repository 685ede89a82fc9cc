import ArgumentParser

/// `nlptool train-sentiment`
struct TrainSentiment: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a text classifier on labelled texts.",
    discussion: """
      Reads texts with their labels, makes a vocabulary, trains, keeps the model that does best on validation texts \
      (a tenth of the data, unless --validation names a file), and writes it as a folder. The test texts are read \
      once, when training is over. Ctrl-C ends training; the best model so far is kept. It is train for texts with \
      one label each.

      Examples:
        nlptool train-sentiment train.tsv --test test.tsv --output model
        nlptool train-sentiment imdb.tsv --text-column 4 --label-column 1
        nlptool train-sentiment reviews.csv --label-column stars --positive-from 4
        nlptool train-sentiment aclImdb/train --model bilstm --epochs 4
        nlptool train-sentiment aclImdb/train --model bag --naive-bayes
        nlptool train-sentiment rt-polarity.all --folds 10
      """)

  @OptionGroup var arguments: TrainArguments

  func run() throws { try arguments.run(task: TaskArguments.parse([])) }
}
