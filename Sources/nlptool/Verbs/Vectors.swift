import ArgumentParser
import BagModels
import Glibc
import TextProcessing

/// `nlptool vectors`
struct Vectors: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask word vectors: neighbours, analogies, vectors of words and texts.",
    discussion: """
      Vectors are a folder of train-vectors, a model of fastText (.bin, .ftz), a text file of GloVe, word2vec or fastText (.vec), \
      word2vec's binary form (.bin), or a vocabulary that has vectors (.sqlite).

      Examples:
        nlptool vectors neighbours vectors good bad
        nlptool vectors sentence vectors reviews.txt
        nlptool vectors neighbours cc.fi.300.bin elokuva
      """,
    subcommands: [Neighbours.self, Analogies.self, Word.self, Sentence.self, Export.self, Import.self])

  /// The vectors to ask.
  struct Source: ParsableArguments {
    @Argument(help: ArgumentHelp("Folder of vectors, a model of fastText, or a text file.", valueName: "vectors"))
    var vectors: String

    @Option(
      help: ArgumentHelp(
        "Name of the vocabulary in a file of several. (default: the only one, or 'default')", valueName: "name"))
    var name: String?

    @OptionGroup(title: "General") var compute: ComputeOptions

    func load() throws -> LoadedVectors {
      compute.apply()
      return try loadVectors(vectors, named: name)
    }
  }

  /// How words with a similarity are printed.
  struct Ranking: ParsableArguments {
    @Option(name: .customShort("k"), help: ArgumentHelp("Words to print.", valueName: "number"))
    var count = 10

    @Flag(help: "One JSON object for each question.")
    var json = false

    func validate() throws {
      if count < 1 { throw ValidationError("-k takes a number from 1 on") }
    }

    /// Prints the neighbours of words.
    func answer(_ words: [String], with vectors: LoadedVectors) throws {
      for (index, word) in words.enumerated() {
        try check([word], vectors)
        if index > 0, !json { try StandardOutput.shared.write("\n") }
        try write([word], vectors.nearest(to: word, count: count))
      }
    }

    func write(_ question: [String], _ answers: [WordSimilarity]) throws {
      if json {
        let words = answers.map { "{\"word\":\($0.word.asJSON),\"similarity\":\($0.similarity.fixed(6))}" }
        let asked = question.map(\.asJSON).joined(separator: ",")
        try StandardOutput.shared.write("{\"question\":[\(asked)],\"words\":[\(words.joined(separator: ","))]}\n")
      } else {
        for answer in answers {
          try StandardOutput.shared.write("\(answer.word)\t\(answer.similarity.fixed(4))\n")
        }
      }
    }
  }

  /// `nlptool vectors neighbours`
  struct Neighbours: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the words whose vectors point nearest to that of a word.",
      discussion: """
        Lines of word TAB cosine, an empty line between two questions.

        Examples:
          nlptool vectors neighbours vectors film -k 5
          nlptool vectors neighbours vectors filmz
        """)

    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("Words to ask for.", valueName: "word"))
    var words: [String]
    @OptionGroup var ranking: Ranking

    func run() throws {
      try ranking.answer(words, with: try source.load())
    }
  }

  /// `nlptool vectors analogies`
  struct Analogies: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the words that are to C what B is to A.",
      discussion: """
        Example:
          nlptool vectors analogies vectors man king woman
        """)

    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("Three words.", valueName: "a b c"))
    var words: [String]
    @OptionGroup var ranking: Ranking

    func validate() throws {
      if words.count != 3 { throw ValidationError("give three words: A B C") }
    }

    func run() throws {
      let vectors = try source.load()
      try check(words, vectors)
      try ranking.write(words, vectors.analogies(words[0], words[1], words[2], count: ranking.count))
    }
  }

  /// `nlptool vectors word`
  struct Word: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the vectors of words, also of unseen ones where there are subwords.",
      discussion: """
        A line for each word: the word and its numbers, with a space between.

        Example:
          nlptool vectors word vectors film filmz
        """)

    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("Words.", valueName: "word"))
    var words: [String]

    func run() throws {
      let vectors = try source.load()
      for word in words {
        try check([word], vectors)
        try StandardOutput.shared.write("\(word) \((vectors.vector(word) ?? []).asWords)\n")
      }
    }
  }

  /// `nlptool vectors sentence`
  struct Sentence: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the vector of each text: the mean of its words' vectors, each of length 1.",
      discussion: """
        Reads one text a line and writes its numbers with a space between; zeros for a text without any known word.

        Examples:
          nlptool vectors sentence vectors reviews.txt
          echo "what a film" | nlptool vectors sentence vectors
        """)

    @OptionGroup var source: Source
    @Argument(help: ArgumentHelp("File with one text a line; \"-\" is standard input.", valueName: "file"))
    var file = "-"

    func run() throws {
      let vector = try source.load().sentenceReader()
      let reader = try LineReader(path: file)
      while try reader.advance() {
        try StandardOutput.shared.write(vector(try reader.lineText()).asWords + "\n")
        if !reader.nextLineIsReady { try StandardOutput.shared.flush() }
      }
    }
  }

  /// `nlptool vectors export`
  struct Export: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case word2vec, glove }

    static let configuration = CommandConfiguration(
      abstract: "Write vectors as text: a word and its numbers in each line.",
      discussion: """
        Example:
          nlptool vectors export vectors --output vectors.vec
        """)

    @OptionGroup var source: Source
    @Option(help: ArgumentHelp("File to write.", valueName: "file"))
    var output: String
    @Option(help: "With a first line of the numbers of words and dimensions, or without.")
    var format = Format.word2vec
    @Flag(help: "Replace a file that is there already.")
    var force = false

    func run() throws {
      try checkNew(output, force: force)
      try source.load().words().writeText(to: output, header: format == .word2vec)
    }
  }

  /// `nlptool vectors import`
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a folder of vectors of another form, which is read many times faster.",
      discussion: """
        Forms: text of GloVe, word2vec or fastText (.vec), word2vec's binary form (.bin), a matrix of NumPy (.npy) with a \
        list of its words (one a line, or lines of word TAB row), and a vocabulary that has vectors (.sqlite), whose own \
        settings then divide texts. Of a model of fastText (.bin, .ftz) the words come in, without the parts of words that \
        give unknown ones a vector: those stay in its file, which the other verbs read as it is.

        Examples:
          nlptool vectors import glove.6B.100d.txt --lowercase --output glove
          nlptool vectors import vectors.npy --words keys.tsv --output spacy
        """)

    @Argument(help: ArgumentHelp("File of vectors.", valueName: "file"))
    var file: String
    @Option(help: ArgumentHelp("Words of a matrix of NumPy.", valueName: "file"))
    var words: String?
    @Option(
      help: ArgumentHelp(
        "Name of the vocabulary in a file of several. (default: the only one, or 'default')", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("Folder of the vectors.", valueName: "folder"))
    var output: String
    @Option(help: ArgumentHelp("Words to read, the first ones. (default: all)", valueName: "number"))
    var limit: Int?
    @Option(help: "Numbers of a row.")
    var precision = RowPrecision.float16
    @Flag(help: "Replace a folder of vectors that is there already.")
    var force = false
    @OptionGroup(title: "Tokens (for sentences)") var tokenizer: TokenizerArguments
    @Flag(inversion: .prefixedNo, help: "Lower-case texts before words are looked up.")
    var lowercase = false

    func validate() throws {
      if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
      if file.hasSuffix(".sqlite"), lowercase || tokenizer.isGiven {
        throw ValidationError("a vocabulary says itself how texts are divided: leave out the options of tokens")
      }
    }

    func run() throws {
      try WordVectors.checkWritable(to: output, replacing: force)
      var status = stat()
      if stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        throw ValidationError("\(file) is a folder: what import makes of a file")
      }
      if words != nil, isFastText(file) { throw ValidationError("--words is for a matrix of NumPy") }
      let settings = try tokenizer.settings(lowercase: lowercase)
      let vectors = try loadVectors(
        file, named: name, limit: limit ?? .max, settings: settings, words: words
      ).words(limit: limit ?? .max, settings: settings)
      try vectors.write(to: output, precision: precision, replacing: force)
      StandardError.write("\(vectors.wordCount) vectors of \(vectors.dimensions) numbers are in \(output)\n")
    }
  }

  private static func check(_ words: [String], _ vectors: LoadedVectors) throws {
    for word in words where vectors.vector(word) == nil {
      throw CommandFailure(
        .content, "\"\(word)\" has no vector; use a word of the training texts, or vectors with character n-grams")
    }
  }
}

extension [Float] {
  /// The numbers with a space between.
  fileprivate var asWords: String { map { "\($0)" }.joined(separator: " ") }
}
