import BagModels
import Glibc
import ModelExchange
import TextModels
import TextProcessing
import VocabularyStore

/// Word vectors of nlptool's own kind, or of a model of fastText, which has its own parts of words and stays in its file.
enum LoadedVectors {
  case own(WordVectors)
  case fastText(FastTextModel, path: String)

  var dimensions: Int {
    switch self {
    case .own(let vectors): vectors.dimensions
    case .fastText(let model, _): model.dimensions
    }
  }

  /// The vector of a word; nil where it has none.
  func vector(_ word: String) -> [Float]? {
    switch self {
    case .own(let vectors): vectors.vector(word)
    case .fastText(let model, _): model.vector(of: word)
    }
  }

  func nearest(to word: String, count: Int) -> [WordSimilarity] {
    switch self {
    case .own(let vectors): vectors.nearest(to: word, count: count)
    case .fastText(let model, _): model.nearest(to: word, count: count)
    }
  }

  func analogies(_ a: String, _ b: String, _ c: String, count: Int) -> [WordSimilarity] {
    switch self {
    case .own(let vectors): vectors.analogies(a, b, c, count: count)
    case .fastText(let model, _): model.analogies(a, b, c, count: count)
    }
  }

  /// What makes a vector of a text.
  func sentenceReader() throws -> (String) throws -> [Float] {
    switch self {
    case .fastText(let model, _): return { model.sentenceVector($0) }
    case .own(let vectors):
      let tokenizer = try Tokenizer(vectors.tokenizer)
      let workspace = tokenizer.makeWorkspace()
      return { text in
        try tokenizer.tokenize(text.utf8.span, with: workspace)
        let tokens = (0..<workspace.count).map { index in
          workspace.withUTF8(at: index) { span in
            span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
          }
        }
        return vectors.vector(tokens: tokens)
      }
    }
  }

  /// Vectors of words alone, the first `limit` ones: what a folder and a text file can hold. Of fastText's they lose the
  /// parts of words.
  func words(limit: Int = .max, settings: TokenizerSettings = TokenizerSettings()) throws -> WordVectors {
    switch self {
    case .own(let vectors): return vectors
    case .fastText(let model, let path):
      // The mark of a line's end is no word of a text.
      let words = model.words.prefix(limit).filter { $0 != "</s>" && model.vector(of: $0) != nil }
      return try WordVectors(
        words: words, numbers: words.flatMap { model.vector(of: $0) ?? [] }, dimensions: model.dimensions,
        tokenizer: settings, source: path)
    }
  }
}

/// Word vectors of whatever form a path leads to: a folder of `train-vectors`, a text file, a model of fastText or the
/// binary form of word2vec (`.bin`), a file of vocabularies with vectors (`.sqlite`), of which `name` says the one that is
/// meant, or, with a list of its words, a matrix of NumPy (`.npy`).
func loadVectors(
  _ path: String, named name: String? = nil, limit: Int = .max, settings: TokenizerSettings? = nil, words: String? = nil
) throws -> LoadedVectors {
  if path.hasSuffix(".sqlite") {
    return .own(try WordVectors(of: try VocabularyStore.open(path), named: name, limit: limit))
  }
  try checkNoName(name, path)
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return .own(try WordVectors(contentsOf: path)) }
  if isFastText(path) { return .fastText(try FastTextModel(contentsOf: path), path: path) }
  let settings = settings ?? TokenizerSettings()
  if let words { return .own(try WordVectors(numPy: path, words: words, limit: limit, tokenizer: settings)) }
  if path.hasSuffix(".npy") {
    throw CommandFailure(
      .usage,
      "\(path) is a matrix without words: give a list of them to vocab vectors or vectors import with --words FILE")
  }
  if path.hasSuffix(".bin") {
    return .own(try WordVectors(word2vecBinary: path, limit: limit, tokenizer: settings))
  }
  return .own(try WordVectors(text: path, limit: limit, tokenizer: settings))
}

extension PretrainedVectors {
  /// Vectors for the embedding of a network.
  init(_ vectors: LoadedVectors, name: String) {
    self.init(size: vectors.dimensions, name: name) { vectors.vector($0) }
  }
}
