import BagModels
import Foundation
import ImageModels
import ModelFiles
import SwiftProtobuf
import TextModels

/// A model as an ONNX file (https://onnx.ai): IR version 8, opset 17, batch and time open.
///
/// Inputs of texts are `ids` int64 [batch, time] and `lengths` int64 [batch]; what stands behind a length never matters,
/// but it must be an id of the vocabulary. Those of images are `image` float [batch, channels, height, width]. The output
/// is `logits` float [batch, K]. What a program needs beside the numbers stands in the metadata: labels, tokenizer,
/// preparation of images. The same model gives the same bytes.
public struct ONNXDocument: Sendable {
  /// Of the format.
  public static let irVersion = 8
  /// Of the operators.
  public static let opsetVersion = 17

  let model: ONNXModel

  /// Writes down a model's graph and weights, which are copied.
  ///
  /// Layers of a network for images whose weights came in bytes, with the range of their inputs, are written with
  /// QuantizeLinear and DequantizeLinear around both, batch normalisation folded in. Other weights that came in bytes are
  /// Float32 from here on, in the model too.
  ///
  /// - Parameter quantizes: whether matrices and filters are written as bytes with a scale for each row and
  ///   DequantizeLinear, a quarter of the size; see ``StoredModel/round()``.
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)``, for bags also where they are to be quantised.
  public init(_ stored: StoredModel, quantizes: Bool = false) throws(ExchangeError) {
    try stored.checkPaths(format: "ONNX")
    stored.computeInFloats(keepingMeasured: true)
    if quantizes, case .bag = stored {
      throw .inexpressible(format: "ONNX in bytes", reason: "nlptool quantize makes bags small")
    }
    let graph = try Self.graph(of: stored, quantizes: quantizes)
    var model = ONNXModel()
    model.irVersion = Int64(Self.irVersion)
    model.opsetImport = [.with { ($0.domain, $0.version) = ("", Int64(Self.opsetVersion)) }]
    model.producerName = "nlptool"
    model.graph = graph
    model.metadataProps = ModelMetadata(stored).properties
    self.model = model
  }

  init(_ model: ONNXModel) { self.model = model }

  private static func graph(of stored: StoredModel, quantizes: Bool) throws(ExchangeError) -> ONNXGraph {
    switch stored {
    case .text(let model):
      var builder = ONNXGraphBuilder(name: "text", quantizes: quantizes)
      let logits = try builder.logits(of: model.network, ids: builder.textInputs().ids)
      builder.output("logits", of: logits, .float32, ["batch", .fixed(model.network.output.weight.shape[0])])
      return builder.graph
    case .bag(let classifier):
      var builder = ONNXGraphBuilder(name: "bag")
      let logits = builder.logits(of: classifier, ids: builder.textInputs().ids)
      builder.output("logits", of: logits, .float32, ["batch", .fixed(classifier.labels.count)])
      return builder.graph
    case .language(let model): return LanguageModelGraph.make(model.network, quantizes: quantizes)
    case .image(let model):
      var builder = ONNXGraphBuilder(name: "image", quantizes: quantizes)
      let (channels, size) = (model.preparation.channels, model.architecture.imageSize)
      let image = builder.input(
        "image", .float32, ["batch", .fixed(channels), .fixed(size.height), .fixed(size.width)])
      let logits = try builder.logits(of: model.network, channels: channels, size: size, image: image)
      builder.output("logits", of: logits.value, .float32, ["batch", .fixed(logits.classCount)])
      return builder.graph
    }
  }

  /// The whole file.
  ///
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)`` beyond the 2 GB that the format allows.
  public func bytes() throws(ExchangeError) -> [UInt8] {
    do {
      return try model.serializedBytes()
    } catch {
      throw .inexpressible(format: "ONNX", reason: "it has more than 2 GB; files of the format have less")
    }
  }

  /// Writes the file, whole or not at all.
  ///
  /// - Throws: ``ExchangeError/file(_:)`` and what ``bytes()`` throws.
  public func write(to path: String, replacing: Bool = false) throws(ExchangeError) {
    let bytes = try bytes()
    do throws(FileError) {
      try writeFile(bytes, to: path, replacing: replacing)
    } catch {
      throw .file(error)
    }
  }
}
