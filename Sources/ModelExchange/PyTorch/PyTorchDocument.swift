import BagModels
import Foundation
import ImageModels
import ModelFiles
import NeuralNetworks
import Tensors
import TextModels

/// A model as a folder for PyTorch: `model.py`, which rebuilds the network with torch alone, `weights.safetensors` with
/// PyTorch's names, `model.json` with labels and what else the network needs beside it, and `example.safetensors`, inputs
/// with the logits that nlptool gives for them; `python model.py` compares.
public struct PyTorchDocument: Sendable {
  static let files: Set = ["model.py", "weights.safetensors", "model.json", "example.safetensors"]

  private let code: String
  private let weights: [String: Tensor]
  private let metadata: ModelMetadata
  private let sample: ModelSample

  /// Writes down a model.
  ///
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)``.
  public init(_ stored: StoredModel) throws(ExchangeError) {
    try stored.checkPaths(format: "PyTorch")
    stored.computeInFloats(keepingMeasured: false)
    switch stored {
    case .text(let model): code = try PyTorchTextCode.code(for: model.network)
    case .language(let model): code = PyTorchTextCode.code(for: model.network)
    case .bag(let classifier): code = PyTorchTextCode.code(for: classifier)
    case .image(let model): code = try PyTorchImageCode.code(for: model)
    }
    weights = stored.weights
    metadata = ModelMetadata(stored)
    sample = ModelSample(of: stored, batch: 3, longest: 12, random: RandomStream(seed: 1))
  }

  /// Writes the folder, whole or not at all.
  ///
  /// - Throws: ``ExchangeError/file(_:)``.
  public func write(to path: String, replacing: Bool = false) throws(ExchangeError) {
    do throws(FileError) {
      let folder = try FolderReplacement(path: path, files: Self.files, replacing: replacing)
      do throws(FileError) {
        try writeAtomically(Array(code.utf8), to: "\(folder.temporaryPath)/model.py")
        try writeAtomically(Array(metadata.json.utf8), to: "\(folder.temporaryPath)/model.json")
        try SafeTensors(tensors: weights, metadata: ["format": "pt"]).write(
          to: "\(folder.temporaryPath)/weights.safetensors")
        try SafeTensors(tensors: sample.tensors).write(to: "\(folder.temporaryPath)/example.safetensors")
      } catch {
        folder.abandon()
        throw error
      }
      try folder.commit()
    } catch {
      throw .file(error)
    }
  }

  /// Whether the folder could be written; for asking before minutes of work.
  public static func checkWritable(to path: String, replacing: Bool) throws(ExchangeError) {
    do throws(FileError) {
      try FolderReplacement.check(path, files: files, replacing: replacing)
    } catch {
      throw .file(error)
    }
  }
}

extension StoredModel {
  /// Writes the weights by PyTorch's names as a safetensors file, whole or not at all; the metadata holds labels,
  /// tokenizer and the like.
  ///
  /// - Throws: ``ExchangeError/file(_:)``, ``ExchangeError/inexpressible(format:reason:)``.
  public func writeWeights(to path: String, replacing: Bool = false) throws(ExchangeError) {
    try checkPaths(format: "safetensors")
    let entries = ModelMetadata(self).entries.map { ("nlptool.\($0.key)", $0.value.plain) }
    let metadata = Dictionary(entries, uniquingKeysWith: { $1 }).merging(["format": "pt"]) { $1 }
    do throws(FileError) {
      try checkWritable(file: path, replacing: replacing)
      try SafeTensors(tensors: weights, metadata: metadata).write(to: path)
    } catch {
      throw .file(error)
    }
  }

  /// Parameters and running statistics by PyTorch's names.
  var weights: [String: Tensor] {
    switch self {
    case .text(let model): return model.network.stateDictionary
    case .language(let model): return model.network.stateDictionary
    case .image(let model): return model.network.stateDictionary
    case .bag(let classifier):
      let parameters = classifier.parameters
      var weights = ["rows.weight": parameters.rows, "output.weight": parameters.output]
      if let paths = parameters.paths {
        weights["right"] = paths.right
        weights["left"] = paths.left
      }
      return weights
    }
  }
}

extension ModelSample {
  /// Inputs and logits; ids and lengths as floats, which hold them exactly up to 2²⁴.
  fileprivate var tensors: [String: Tensor] {
    switch input {
    case .images(let images): return ["image": images, "logits": logits]
    case .texts(let ids, let lengths):
      return [
        "ids": Tensor(ids.flatMap { $0.map { Float($0) } }, shape: [ids.count, ids[0].count]),
        "lengths": Tensor(lengths.map { Float($0) }), "logits": logits,
      ]
    }
  }
}
