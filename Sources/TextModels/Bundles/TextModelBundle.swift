import ModelBundles
public import ModelFiles

/// The folder that holds a model: `model.json`, `weights.safetensors`, `vocabulary.sqlite`.
extension TextModel {
  /// Loads a model.
  ///
  /// - Throws: ``TextModelError`` for a folder or file that is missing, cut short, damaged, or of another model.
  public init(contentsOf path: String) throws(TextModelError) {
    let description = try TextModelError.converting { () throws(BundleError) in
      try ModelBundle.readDescription(ModelDescription.self, in: path)
    }
    // Shapes alone: nothing is allocated by the sizes in the description.
    let network = description.network.makeNetwork(random: nil)
    let vocabulary = try network.load(
      bundle: path, description.checksums, vocabularySize: description.network.vocabularySize,
      tokenizer: description.tokenizer)
    let encoder: TextEncoder
    do {
      encoder = try TextEncoder(vocabulary: vocabulary, maximumLength: description.maximumLength)
    } catch {
      throw .tokenizer(error)
    }
    self.init(encoder: encoder, network: network, description: description)
  }

  /// Whether a model could be written there; for asking before hours of work.
  ///
  /// - Throws: what ``write(to:replacing:)`` would throw.
  public static func checkWritable(to path: String, replacing: Bool) throws(TextModelError) {
    try TextModelError.converting { () throws(BundleError) in
      try ModelBundle.checkWritable(to: path, replacing: replacing)
    }
  }

  /// Writes the model as a folder, whole or not at all.
  ///
  /// - Parameter precision: of the weights in the file.
  /// - Throws: ``TextModelError`` when something that is not a model is there, something is there and `replacing` is
  ///   false, or the disk is full.
  public func write(
    to path: String, replacing: Bool, precision: WeightPrecision = .float32
  ) throws(TextModelError) {
    try TextModelError.converting { () throws(BundleError) in
      try ModelBundle.write(
        description, weights: SafeTensors(weights: network.stateDictionary, precision: precision),
        vocabulary: encoder.vocabulary, to: path, replacing: replacing)
    }
  }
}
