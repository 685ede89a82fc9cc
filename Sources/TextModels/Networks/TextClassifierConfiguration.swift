/// The kinds of text classifier.
public enum TextClassifierArchitecture: String, Sendable, Codable, CaseIterable {
  /// An LSTM that reads forwards.
  case lstm
  /// An LSTM that reads in both directions.
  case bilstm
  /// Convolutions of several widths with max over time (Kim 2014).
  case cnn
}

/// How the states of all time steps become one vector.
public enum SequencePooling: String, Sendable, Codable, CaseIterable {
  /// The state after the last token, of each direction.
  case last
  /// The mean over time.
  case mean
  /// The maximum over time.
  case max
}

/// Everything that determines the shapes and the computation of a text classifier.
public struct TextClassifierConfiguration: Sendable, Hashable, Codable {
  /// The kind of network.
  public var architecture: TextClassifierArchitecture
  /// V.
  public var vocabularySize: Int
  /// K.
  public var classCount: Int
  /// E.
  public var embeddingSize = 128
  /// H of recurrent networks, for each direction.
  public var hiddenSize = 128
  /// Recurrent layers.
  public var layerCount = 1
  /// Pooling of recurrent networks.
  public var pooling = SequencePooling.max
  /// F, filters of each width.
  public var filterCount = 100
  /// Widths of the filters in tokens.
  public var filterWidths = [3, 4, 5]
  /// Dropout before the output layer.
  public var dropout: Float = 0.5
  /// Dropout of the embeddings.
  public var embeddingDropout: Float = 0

  /// The defaults of an architecture.
  public init(architecture: TextClassifierArchitecture, vocabularySize: Int, classCount: Int) {
    self.architecture = architecture
    self.vocabularySize = vocabularySize
    self.classCount = classCount
  }

  /// What is wrong with the sizes, if anything is: for files from outside.
  var fault: String? {
    let sizes = [vocabularySize, classCount, embeddingSize, hiddenSize, layerCount, filterCount] + filterWidths
    if sizes.contains(where: { $0 < 1 || $0 > 1 << 30 }) { return "a size is out of range" }
    if filterWidths.isEmpty || filterWidths.count > 64 || layerCount > 64 { return "too many or no layers" }
    if ![dropout, embeddingDropout].allSatisfy({ $0 >= 0 && $0 < 1 }) { return "a dropout rate is not in [0, 1)" }
    return nil
  }

  /// Shapes of all parameters by name, known without building the network.
  var parameterShapes: [String: [Int]] {
    var shapes = ["embedding.weight": [vocabularySize, embeddingSize]]
    var features: Int
    switch architecture {
    case .lstm, .bilstm:
      let directions = architecture == .lstm ? [""] : ["", "_reverse"]
      features = directions.count * hiddenSize
      for layer in 0..<layerCount {
        for direction in directions {
          let suffix = "_l\(layer)\(direction)"
          shapes["lstm.weight_ih\(suffix)"] = [4 * hiddenSize, layer == 0 ? embeddingSize : features]
          shapes["lstm.weight_hh\(suffix)"] = [4 * hiddenSize, hiddenSize]
          shapes["lstm.bias_ih\(suffix)"] = [4 * hiddenSize]
          shapes["lstm.bias_hh\(suffix)"] = [4 * hiddenSize]
        }
      }
    case .cnn:
      features = filterCount * filterWidths.count
      for (index, width) in filterWidths.enumerated() {
        shapes["convolutions.\(index).weight"] = [filterCount, embeddingSize, width]
        shapes["convolutions.\(index).bias"] = [filterCount]
      }
    }
    shapes["output.weight"] = [classCount, features]
    shapes["output.bias"] = [classCount]
    return shapes
  }
}
