import ArgumentParser
import BagModels
import TextModels

/// Vectors that the embedding of a network begins with.
struct VectorArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Begin with these vectors: a folder of train-vectors, a text file of GloVe, word2vec or fastText (.vec), or a vocabulary with vectors (.sqlite).",
      valueName: "path"))
  var vectors: String?

  @Option(
    help: ArgumentHelp(
      "Name of the vocabulary whose vectors are meant, in a file of several. (default: the only one, or 'default')",
      valueName: "name"))
  var vectorsName: String?

  @Option(
    help: ArgumentHelp(
      "Begin with vectors that so many passes of skip-gram over the training texts make.", valueName: "passes"))
  var pretrain: Int?

  func validate() throws {
    if vectorsName != nil, vectors == nil { throw ValidationError("--vectors-name needs --vectors FILE") }
    if vectors != nil, pretrain != nil { throw ValidationError("give --vectors or --pretrain, not both") }
    if let pretrain, !(1...10_000).contains(pretrain) {
      throw ValidationError("--pretrain takes a number from 1 to 10000")
    }
  }

  var areGiven: Bool { vectors != nil || pretrain != nil }

  /// Refuses what a bag, or a model that has vectors of its own, has no use for.
  func checkNone(_ reason: String) throws {
    if vectors != nil { throw ValidationError("\(reason): leave out --vectors") }
    if pretrain != nil { throw ValidationError("\(reason): leave out --pretrain") }
  }
}

extension TrainingJob {
  /// The vectors that the arguments ask for, if they do.
  func pretrainedVectors(_ texts: LabelledTexts) throws -> PretrainedVectors? {
    if let path = arguments.vectors.vectors {
      return PretrainedVectors(try loadVectors(path, named: arguments.vectors.vectorsName), name: path)
    }
    guard let passes = arguments.vectors.pretrain else { return nil }
    let settings = try arguments.tokenizer.settings(
      lowercase: arguments.lowercase, readsCharacters: arguments.model == .network(.charcnn))
    var collection = try TextCollection(tokenizer: settings)
    for example in texts.examples { collection.append(example.text) }
    var options = WordVectorOptions()
    options.dimensions = arguments.sizes.embeddingSize ?? EmbeddingOptions().size
    options.epochs = passes
    options.minimumCount = arguments.minimumCount ?? TextModelTrainingOptions().minimumCount
    options.seed = arguments.loop.seed
    console.note("vectors of \(options.dimensions) numbers from the training texts")
    let vectors = try WordVectorTraining(options).run(
      collection, shouldStop: { Interrupt.isRequested }, report: console.show)
    console.closeLine()
    return PretrainedVectors(.own(vectors), name: "skip-gram, \(passes) passes")
  }
}
