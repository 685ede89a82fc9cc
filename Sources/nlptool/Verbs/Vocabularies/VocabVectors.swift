import ArgumentParser
import BagModels
import TextProcessing
import VocabularyStore

extension Vocab {
  /// `nlptool vocab vectors`
  struct Vectors: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give vectors to the words of a vocabulary, and tell how many have one.",
      discussion: """
        Vectors are a folder of train-vectors, a text file of GloVe, word2vec or fastText (.vec), word2vec's binary form \
        (.bin), a model of fastText (.bin, .ftz), or a matrix of NumPy (.npy) with a list of its words. Those of train-vectors \
        and of fastText give vectors to words that they do not know, of parts of them.

        Example:
          nlptool vocab vectors words.sqlite glove.6B.100d.txt
        """)

    @OptionGroup var source: VocabularySource

    @Argument(help: ArgumentHelp("Vectors to read.", valueName: "vectors"))
    var vectors: String

    @Option(help: ArgumentHelp("Words of a NumPy matrix, a line for each row, or word TAB row.", valueName: "file"))
    var words: String?

    @OptionGroup(title: "General") var compute: ComputeOptions

    func run() throws {
      compute.apply()
      let vocabulary = try source.load()
      let known = try loadVectors(vectors, settings: vocabulary.settings, words: words)
      var ids: [Int32] = []
      var numbers: [Float] = []
      var (covered, total) = (0.0, 0.0)
      for entry in vocabulary.entries where !entry.isReserved {
        total += Double(entry.count)
        guard let vector = known.vector(entry.text) else { continue }
        ids.append(entry.id)
        numbers += vector
        covered += Double(entry.count)
      }
      guard !ids.isEmpty else {
        throw CommandFailure(
          .content, "\(vectors) knows no word of \(source.vocabulary); are both of one language and case?")
      }
      try VocabularyStore.setVectors(
        VocabularyVectors(dimensions: known.dimensions, ids: ids, numbers: numbers), of: source.name,
        in: source.vocabulary, madeFor: vocabulary)
      let words = vocabulary.entries.count { !$0.isReserved }
      func percent(_ share: Double) -> String { "\((100 * share).fixed(1)) %" }
      var table = TextTable()
      table.add("words with a vector", "\(ids.count)", percent(Double(ids.count) / Double(max(words, 1))))
      table.add("occurrences", "", percent(total > 0 ? covered / total : 0))
      table.add("numbers", "\(known.dimensions)", "")
      try StandardOutput.shared.write(table.text)
    }
  }

  /// `nlptool vocab neighbours`
  struct Neighbours: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the words of a vocabulary whose vectors point nearest to that of a word.",
      discussion: """
        Lines of word TAB cosine, an empty line between two questions. Vectors come into the file with vocab vectors.

        Example:
          nlptool vocab neighbours words.sqlite film -k 5
        """)

    @OptionGroup var source: VocabularySource

    @Argument(help: ArgumentHelp("Words to ask for.", valueName: "word"))
    var words: [String]

    @OptionGroup var ranking: nlptool.Vectors.Ranking

    @OptionGroup(title: "General") var compute: ComputeOptions

    func run() throws {
      compute.apply()
      try ranking.answer(words, with: .own(try WordVectors(of: try source.open(), named: source.name)))
    }
  }
}
