/// Outputs of the layers that have lost some, by the names of the layers; all others have those of the architecture.
public struct LayerWidths: Sendable, Hashable {
  /// By name, such as `layer1.0.conv1`.
  public var outputs: [String: Int]

  /// Widths of some layers.
  public init(_ outputs: [String: Int] = [:]) { self.outputs = outputs }

  /// The outputs of a layer.
  func callAsFunction(_ name: String, _ usual: Int) -> Int { outputs[name] ?? usual }
}

extension LayerWidths: Codable {
  /// Reads an object of numbers by name.
  public init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode([String: Int].self))
  }

  /// Writes an object of numbers by name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(outputs)
  }
}

extension LayerWidths {
  /// What cannot be, of a network of an architecture; they may come from a file.
  func fault(for architecture: ImageArchitecture) -> String? {
    let network = architecture.makeNetwork(classes: 1, random: nil) as? any NarrowableNetwork
    let names = Set(network?.narrowableLayers.map(\.name) ?? [])
    let shapes = Dictionary(
      network?.namedParameters.map { ($0.name, $0.parameter.shape) } ?? [], uniquingKeysWith: { first, _ in first })
    for (name, count) in outputs.sorted(by: { $0.key < $1.key }) {
      guard names.contains(name), let usual = shapes["\(name).weight"]?.first, (1...usual).contains(count) else {
        return "a layer \"\(name)\" of \(architecture.rawValue) cannot have \(count) outputs"
      }
    }
    return nil
  }
}

/// A layer of which outputs can go without any other layer knowing but one that reads them: the filters of a convolution
/// in a chain, the inner ones of a residual block, units of a linear layer.
package struct NarrowableLayer: Sendable {
  /// Its name; `weight` and `bias` stand behind it.
  package let name: String
  /// The name of the batch normalisation of its outputs, where there is one.
  package let normalization: String?
  /// The name of the layer that reads its outputs.
  package let reader: String
  /// Inputs of that layer that come of one output, where images become rows: their pixels.
  package let span: Int

  init(_ name: String, normalizedBy normalization: String? = nil, readBy reader: String, span: Int = 1) {
    (self.name, self.normalization, self.reader, self.span) = (name, normalization, reader, span)
  }
}
