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
        try ModelBundle.readWeights(in: path, checksums), try ModelBundle.readVocabulary(in: path, checksums)
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
      try load(weights.tensors)
    } catch {
      throw .mismatch(path: ModelBundle.weightsPath(in: path), reason: error.description)
    }
    return vocabulary
  }
}

extension TextModelError {
  /// Runs what works on a folder, with its errors as ours.
  static func converting<R>(_ body: () throws(BundleError) -> R) throws(TextModelError) -> R {
    do throws(BundleError) {
      return try body()
    } catch {
      switch error {
      case .file(let error): throw .file(error)
      case .vocabulary(let error): throw .vocabulary(error)
      case .mismatch(let path, let reason): throw .mismatch(path: path, reason: reason)
      }
    }
  }
}
