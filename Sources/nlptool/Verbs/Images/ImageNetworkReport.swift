import ImageModels
import NeuralNetworks

/// What `info` says of a network for images.
struct ImageNetworkReport: InfoReport {
  private let architecture: String
  private let parameters: Int
  private let classes: Int
  /// Height, width and channels of an image.
  private let input: [Int]
  private let labels: [String]?
  private let tensors: [TensorReport]
  private let buffers: [TensorReport]
  private let tree: String

  private enum CodingKeys: String, CodingKey {
    case architecture, parameters, classes, input, labels, tensors, buffers
  }

  init(_ network: any ImageNetwork, _ architecture: ImageArchitecture, labels: [String]? = nil) {
    self.architecture = architecture.rawValue
    self.labels = labels
    parameters = network.parameterCount
    classes = network.outputLayer.parameters.first?.shape.first ?? 0
    input = [architecture.imageSize.height, architecture.imageSize.width, architecture.channels]
    tensors = network.namedParameters.map { TensorReport($0.name, $0.parameter) }
    buffers = network.namedBuffers.map { TensorReport($0.name, $0.buffer.shape) }
    tree = network.description
  }

  var text: String {
    var text = "\(tree)\n\n\(TensorReport.table(tensors))\n"
    if !buffers.isEmpty { text += "statistics:\n\(TensorReport.table(buffers))\n" }
    text += "\(parameters) parameters; images of \(input[0]) × \(input[1]) pixels, "
    text += input[2] == 1 ? "gray\n" : "RGB\n"
    guard let labels else { return text + "\(classes) classes\n" }
    let names = labels.prefix(20).joined(separator: ", ")
    return text + "\(classes) classes: \(names)\(labels.count > 20 ? ", …" : "")\n"
  }
}
