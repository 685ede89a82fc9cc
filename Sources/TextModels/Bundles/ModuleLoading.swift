import ModelBundles
import NeuralNetworks
import TextProcessing
import VocabularyStore

extension Module {
  /// Takes over the weights of a bundle, and gives the vocabulary that belongs to them. Everything is checked before
  /// anything is changed.
  func load(
    bundle path: String, _ checksums: BundleChecksums, vocabularySize: Int, tokenizer: TokenizerSettings
  ) throws(TextModelError) -> Vocabulary {
    let (weights, vocabulary) = try TextModelError.converting { () throws(BundleError) in
      (
        try ModelBundle.readWeights(in: path, keepingBytes: true, checksums),
        try ModelBundle.readVocabulary(in: path, checksums)
      )
    }
    guard vocabulary.count == vocabularySize else {
      throw .mismatch(
        path: ModelBundle.vocabularyPath(in: path),
        reason: "it has \(vocabulary.count) tokens, the weights are for \(vocabularySize)")
    }
    guard vocabulary.settings == tokenizer else {
      throw .mismatch(
        path: ModelBundle.vocabularyPath(in: path), reason: "it was made with another tokenizer than model.json names")
    }
    do {
      try load(weights.tensors, quantized: weights.quantized)
    } catch {
      throw .mismatch(path: ModelBundle.weightsPath(in: path), reason: error.description)
    }
    return vocabulary
  }
}

extension TextModelError: BundleErrorConvertible {}
