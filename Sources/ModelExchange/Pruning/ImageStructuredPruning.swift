public import ImageModels
import Tensors

extension StructuredPruning {
  /// The smaller model, with weights of the old one; at least one filter or unit is left of each layer.
  ///
  /// A filter counts by the squares of its weights, times what its batch normalisation makes of them.
  ///
  /// - Throws: ``ExchangeError/inexpressible(format:reason:)`` for architectures whose filters others depend on:
  ///   GoogLeNet, Inception and SqueezeNet.
  public func pruned(_ model: ImageModel) throws(ExchangeError) -> ImageModel {
    guard let network = model.network as? any NarrowableNetwork else {
      throw .inexpressible(
        format: "a smaller network",
        reason: "filters of \(model.architecture.rawValue) cannot go by themselves; prune its weights")
    }
    var weights = PrunedWeights(model.network.stateDictionary)
    var widths = model.description.widths ?? LayerWidths()
    for layer in network.narrowableLayers {
      let norms = weights.filterNorms(layer)
      let kept = norms.largest(left(norms.count))
      weights.keepRows(["\(layer.name).weight", "\(layer.name).bias"], kept)
      if let normalization = layer.normalization {
        weights.keepRows(["weight", "bias", "running_mean", "running_var"].map { "\(normalization).\($0)" }, kept)
      }
      weights.keepInputs("\(layer.reader).weight", kept, span: layer.span)
      widths.outputs[layer.name] = kept.count
    }
    do throws(ImageModelError) {
      return try model.narrowed(to: widths, values: weights.tensors)
    } catch {
      throw .inexpressible(format: "a smaller network", reason: error.description)
    }
  }
}

extension PrunedWeights {
  /// How much each output of a layer matters.
  fileprivate func filterNorms(_ layer: NarrowableLayer) -> [Float] {
    let norms = rowNorms("\(layer.name).weight")
    guard let normalization = layer.normalization, let scale = tensors["\(normalization).weight"]?.scalars,
      let variance = tensors["\(normalization).running_var"]?.scalars
    else { return norms }
    return norms.indices.map { norms[$0] * scale[$0] * scale[$0] / (variance[$0] + 1e-5) }
  }
}
