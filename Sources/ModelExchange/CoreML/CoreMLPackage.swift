import ModelFiles

extension CoreMLDocument {
  /// What the name of such a folder ends in; Xcode and Core ML know it by that.
  public static let fileExtension = "mlpackage"

  private static let (manifestFile, data, folder) = ("Manifest.json", "Data", "com.apple.CoreML")
  private static let (modelFile, weightFolder, weightFile) = ("model.mlmodel", "weights", "weight.bin")
  static let files: Set = [
    manifestFile, "\(data)/\(folder)/\(modelFile)", "\(data)/\(folder)/\(weightFolder)/\(weightFile)",
  ]

  /// Whether the package could be written; for asking before minutes of work.
  ///
  /// - Throws: ``ExchangeError/file(_:)``.
  public static func checkWritable(to path: String, replacing: Bool) throws(ExchangeError) {
    do throws(FileError) {
      try FolderReplacement.check(path, files: files, replacing: replacing)
    } catch {
      throw .file(error)
    }
  }

  /// Writes the package, whole or not at all.
  ///
  /// - Throws: ``ExchangeError/file(_:)`` and what ``modelBytes()`` throws.
  public func write(to path: String, replacing: Bool = false) throws(ExchangeError) {
    let bytes = try modelBytes()
    do throws(FileError) {
      let target = try FolderReplacement(path: path, files: Self.files, replacing: replacing)
      do throws(FileError) {
        let parts = "\(Self.data)/\(Self.folder)"
        for folder in [Self.data, parts, "\(parts)/\(Self.weightFolder)"] { try target.makeFolder(folder) }
        let modelPath = "\(target.temporaryPath)/\(parts)/\(Self.modelFile)"
        let weightPath = "\(target.temporaryPath)/\(parts)/\(Self.weightFolder)/\(Self.weightFile)"
        try writeAtomically(bytes, to: modelPath)
        try weights.write(to: weightPath)
        let manifest = manifest(
          model: try identifier(ofFile: modelPath), weights: try identifier(ofFile: weightPath))
        try writeAtomically(manifest, to: "\(target.temporaryPath)/\(Self.manifestFile)")
      } catch {
        target.abandon()
        throw error.shown(as: path)
      }
      try target.commit()
    } catch {
      throw .file(error)
    }
  }

  /// What stands for a file in the manifest: a UUID of version 8 (RFC 9562) made of the checksum of its content, so that the
  /// same model gives the same package.
  private func identifier(ofFile path: String) throws(FileError) -> String {
    var digits = Array(try checksum(ofFile: path))
    (digits[12], digits[16]) = ("8", "a")
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }

  private func manifest(model: String, weights: String) -> [UInt8] {
    let text = """
      {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
          "\(model)": {
            "author": "\(Self.folder)",
            "description": "CoreML Model Specification",
            "name": "\(Self.modelFile)",
            "path": "\(Self.folder)/\(Self.modelFile)"
          },
          "\(weights)": {
            "author": "\(Self.folder)",
            "description": "CoreML Model Weights",
            "name": "\(Self.weightFolder)",
            "path": "\(Self.folder)/\(Self.weightFolder)"
          }
        },
        "rootModelIdentifier": "\(model)"
      }

      """
    return Array(text.utf8)
  }
}
