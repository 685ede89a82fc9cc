public import ModelFiles
import NeuralNetworks

/// The folder that holds an image model: `model.json`, `weights.safetensors`.
extension ImageModel {
  /// Loads a model.
  ///
  /// - Throws: ``ImageModelError`` for a folder or file that is missing, cut short, damaged, or of another model.
  public init(contentsOf path: String) throws(ImageModelError) {
    let description: ImageModelDescription
    let weights: SafeTensors
    do throws(FileError) {
      description = try BundleFiles.readDescription(ImageModelDescription.self, in: path)
      weights = try BundleFiles.readWeights(in: path, keepingBytes: true, checksum: description.checksums.weights)
    } catch {
      throw .file(error)
    }
    // Shapes alone: nothing is drawn or computed for numbers that come from the file.
    let network = description.makeNetwork()
    do {
      try network.load(weights.tensors, quantized: weights.quantized)
    } catch {
      throw .mismatch(path: BundleFiles.weightsPath(in: path), reason: error.description)
    }
    self.init(network: network, description: description)
  }

  /// Whether a model could be written there; for asking before hours of work.
  ///
  /// - Throws: what ``write(to:replacing:)`` would throw.
  public static func checkWritable(to path: String, replacing: Bool) throws(ImageModelError) {
    do throws(FileError) {
      try BundleFiles.checkWritable(to: path, replacing: replacing)
    } catch {
      throw .file(error)
    }
  }

  /// Writes the model as a folder, whole or not at all.
  ///
  /// - Parameters:
  ///   - precision: of the weights in the file.
  ///   - calibration: what was found of the inputs of layers whose weights are stored in bytes. Without one, what the
  ///     model was loaded with stays.
  /// - Throws: ``ImageModelError/file(_:)`` when something that is not a model is there, something is there and
  ///   `replacing` is false, or the disk is full.
  public func write(
    to path: String, replacing: Bool, precision: WeightPrecision = .float32, calibration: Calibration? = nil
  ) throws(ImageModelError) {
    let ranges = precision == .int8 ? calibration?.inputRanges ?? network.inputRanges : [:]
    let weights = SafeTensors(weights: network.stateDictionary, precision: precision, inputRanges: ranges)
    do {
      try BundleFiles.write(to: path, replacing: replacing) { folder in
        var description = description
        // Earlier programs know neither ranges nor widths, and read whatever has none.
        let isPlain = ranges.isEmpty && description.widths == nil
        description.format = isPlain ? ImageModelDescription.plainFormat : ImageModelDescription.currentFormat
        description.checksums.weights = weights.checksum
        try weights.write(to: BundleFiles.weightsPath(in: folder))
        try BundleFiles.write(description, in: folder)
      }
    } catch let error as FileError {
      throw .file(error)
    } catch {
      throw .file(.writeFailed(path: path, reason: "\(error)"))
    }
  }
}
