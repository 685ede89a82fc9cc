public import ImageData
import ModelFiles
import NeuralNetworks
public import Tensors

/// Weights under PyTorch's names that somebody trained elsewhere.
public struct ImageWeights: Sendable {
  /// Where they are from, for messages.
  public let path: String
  /// Parameters and running statistics by name.
  public let values: [String: Tensor]

  /// Reads a safetensors file; numbers of half precision become Float32. What PyTorch adds to names in parallel training
  /// (`module.`) goes, and so do its counters of batches.
  ///
  /// - Throws: ``ImageModelError/file(_:)``.
  public init(contentsOf path: String) throws(ImageModelError) {
    do throws(FileError) {
      try self.init(path: path, values: SafeTensors(contentsOf: path).weightsOfPyTorch)
    } catch {
      throw .file(error)
    }
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      let isFinite = value.withUnsafeElements { numbers in numbers.allSatisfy(\.isFinite) }
      if !isFinite { throw .file(.damaged(path: path, reason: "\(name) holds what is not a finite number")) }
    }
  }

  init(path: String, values: [String: Tensor]) { (self.path, self.values) = (path, values) }

  /// The number of classes of weights of an architecture: that of the output layer.
  ///
  /// - Throws: ``ImageModelError/otherArchitecture(path:architecture:reason:)``.
  public func classes(of architecture: ImageArchitecture) throws(ImageModelError) -> Int {
    let network = architecture.makeNetwork(classes: 1, random: nil)
    // The first difference elsewhere tells more than that of the output layer.
    let outputNames = network.outputNames
    let body = network.namedLeafShapes.filter { !outputNames.contains($0.name) }
    for (name, shape) in body { try check(name, shape, architecture) }
    for (name, parameter) in network.namedParameters where outputNames.contains(name) {
      guard let value = values[name] else {
        throw other(architecture, "they lack \(name)")
      }
      guard value.shape.dropFirst() == parameter.shape.dropFirst(), let count = value.shape.first, count > 0 else {
        throw other(
          architecture,
          "\(name) has the shape \(value.shape), \(parameter.shape.dropFirst()) behind the classes is wanted")
      }
      return count
    }
    return architecture.usualClasses
  }

  private func check(
    _ name: String, _ shape: [Int], _ architecture: ImageArchitecture
  ) throws(ImageModelError) {
    guard let value = values[name] else { throw other(architecture, "they lack \(name) of the shape \(shape)") }
    guard value.shape == shape else {
      throw other(architecture, "\(name) has the shape \(value.shape), \(shape) is wanted")
    }
  }

  private func other(_ architecture: ImageArchitecture, _ reason: String) -> ImageModelError {
    .otherArchitecture(path: path, architecture: architecture.rawValue, reason: reason)
  }

  /// The architecture that all names and shapes fit, but for the number of classes.
  ///
  /// - Throws: ``ImageModelError/otherArchitecture(path:architecture:reason:)`` of the architecture that most of the names
  ///   and shapes fit, or ``ImageModelError/unknownArchitecture(path:)`` where few fit any.
  public func architecture() throws(ImageModelError) -> ImageArchitecture {
    var nearest: (fault: ImageModelError, count: Int)?
    for architecture in ImageArchitecture.allCases {
      do throws(ImageModelError) {
        let network = architecture.makeNetwork(classes: try classes(of: architecture), random: nil)
        try load(into: network, architecture)
        return architecture
      } catch {
        let shapes = architecture.makeNetwork(classes: 1, random: nil).namedLeafShapes
        let count = shapes.count { values[$0.name]?.shape == $0.shape }
        if 2 * count > shapes.count, count > nearest?.count ?? 0 { nearest = (error, count) }
      }
    }
    throw nearest?.fault ?? .unknownArchitecture(path: path)
  }

  /// Takes them over; auxiliary heads are left out where the network has none.
  ///
  /// - Throws: ``ImageModelError/otherArchitecture(path:architecture:reason:)``, with the tensor that differs.
  func load(into network: any ImageNetwork, _ architecture: ImageArchitecture) throws(ImageModelError) {
    let names = Set(network.namedLeafShapes.map(\.name))
    let auxiliary = ["aux1.", "aux2.", "AuxLogits."]
    let wanted = values.filter { name, _ in
      names.contains(name) || !auxiliary.contains { name.hasPrefix($0) }
    }
    do {
      try network.load(wanted)
    } catch {
      throw other(architecture, error.description)
    }
  }

  /// A model of them.
  ///
  /// - Parameters:
  ///   - labels: names of the classes; their numbers where there are none.
  ///   - preparation: what happens to images; the usual one of the architecture unless another is given.
  /// - Throws: ``ImageModelError/otherArchitecture(path:architecture:reason:)``,
  ///   ``ImageModelError/wrongLabels(source:reason:)``.
  public func model(
    _ architecture: ImageArchitecture, labels: [String]? = nil, labelSource: String = "labels",
    preparation: ImagePreparation? = nil
  ) throws(ImageModelError) -> ImageModel {
    let count = try classes(of: architecture)
    let labels = labels ?? (0..<count).map(String.init)
    guard labels.count == count else {
      throw .wrongLabels(source: labelSource, reason: "\(labels.count) names for \(count) classes")
    }
    var seen: Set<String> = []
    if let twice = labels.first(where: { !seen.insert($0).inserted }) {
      throw .wrongLabels(source: labelSource, reason: "two classes are called \"\(twice)\"")
    }
    let network = architecture.makeNetwork(classes: count, random: nil)
    try load(into: network, architecture)
    let usual = preparation ?? architecture.usualPreparation
    let description = ImageModelDescription(architecture: architecture, labels: labels, preparation: usual)
    if let fault = description.fault { throw .invalidOptions(reason: fault) }
    return ImageModel(network: network, description: description)
  }
}

extension ImageNetwork {
  /// The parameters of the layer whose outputs are the classes.
  var outputNames: Set<String> {
    let output = Set(outputLayer.parameters.map { ObjectIdentifier($0) })
    return Set(namedParameters.filter { output.contains(ObjectIdentifier($0.parameter)) }.map(\.name))
  }

  /// Names and shapes of what a checkpoint holds.
  var namedLeafShapes: [(name: String, shape: [Int])] {
    namedParameters.map { ($0.name, $0.parameter.shape) } + namedBuffers.map { ($0.name, $0.buffer.shape) }
  }
}

extension ImageArchitecture {
  /// What happens to images before a network of this architecture judges them: of small images the size is changed, of
  /// others the middle is cut out, whose side is 7/8 of the shorter side, as torchvision has it.
  public var usualPreparation: ImagePreparation {
    // The steps are right by construction; whatever else came out would be that of ImageNet.
    (try? preparation(normalization: usualNormalization)) ?? .imageNetEvaluation
  }

  private var usualNormalization: PixelNormalization {
    if channels == 1 { return .mnist }
    return self == .googlenet || self == .inceptionV3 ? .symmetric : .imageNet
  }

  /// The same with another normalisation.
  ///
  /// - Throws: where the normalisation has another number of channels.
  public func preparation(normalization: PixelNormalization) throws(ImageError) -> ImagePreparation {
    try ImagePreparation(channels: channels, steps: steps, normalization: normalization)
  }

  private var steps: [ImageTransform] {
    let side = imageSize.width
    if side < 100 { return [.resize(width: side, height: side)] }
    return [.resizeShorterSide(side == 299 ? 342 : 256), .centerCrop(side)]
  }
}
