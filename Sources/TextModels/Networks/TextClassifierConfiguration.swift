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
public struct TextClassifierConfiguration: Sendable, Hashable {
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
  /// Dropout of the embeddings; at first 0.3 for recurrent networks and none for convolutions.
  public var embeddingDropout: Float

  /// The defaults of an architecture.
  public init(architecture: TextClassifierArchitecture, vocabularySize: Int, classCount: Int) {
    self.architecture = architecture
    self.vocabularySize = vocabularySize
    self.classCount = classCount
    embeddingDropout = architecture == .cnn ? 0 : 0.3
  }

  /// What is wrong with the sizes, if anything is: they may come from a file or from a person.
  public var fault: String? {
    for (name, value, most) in [
      ("vocabulary size", vocabularySize, 1 << 30), ("number of classes", classCount, 1 << 20),
      ("embedding size", embeddingSize, 1 << 14), ("hidden size", hiddenSize, 1 << 14),
      ("number of layers", layerCount, 64), ("number of filters", filterCount, 1 << 16),
      ("number of filter widths", filterWidths.count, 64), ("filter width", filterWidths.max() ?? 1, 256),
      ("filter width", filterWidths.min() ?? 1, 256),
    ] where !(1...most).contains(value) {
      return "the \(name) is \(value), not a number from 1 to \(most)"
    }
    if ![dropout, embeddingDropout].allSatisfy({ $0 >= 0 && $0 < 1 }) { return "a dropout rate is not in [0, 1)" }
    return nil
  }

  /// Bytes that training takes for the parameters: their values, their gradients and the two moments of Adam.
  var trainingBytes: Int {
    parameterShapes.values.reduce(0) { $0 + $1.reduce(1, *) } * MemoryLayout<Float>.size * 4
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

/// In `model.json` what a file does not name has its default, so that files of earlier versions can be read.
extension TextClassifierConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case architecture
    case vocabularySize = "vocabulary_size"
    case classCount = "class_count"
    case embeddingSize = "embedding_size"
    case hiddenSize = "hidden_size"
    case layerCount = "layer_count"
    case pooling
    case filterCount = "filter_count"
    case filterWidths = "filter_widths"
    case dropout
    case embeddingDropout = "embedding_dropout"
  }

  /// Reads what is there.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      architecture: try values.decode(TextClassifierArchitecture.self, forKey: .architecture),
      vocabularySize: try values.decode(Int.self, forKey: .vocabularySize),
      classCount: try values.decode(Int.self, forKey: .classCount))
    embeddingSize = try values.decodeIfPresent(Int.self, forKey: .embeddingSize) ?? embeddingSize
    hiddenSize = try values.decodeIfPresent(Int.self, forKey: .hiddenSize) ?? hiddenSize
    layerCount = try values.decodeIfPresent(Int.self, forKey: .layerCount) ?? layerCount
    pooling = try values.decodeIfPresent(SequencePooling.self, forKey: .pooling) ?? pooling
    filterCount = try values.decodeIfPresent(Int.self, forKey: .filterCount) ?? filterCount
    filterWidths = try values.decodeIfPresent([Int].self, forKey: .filterWidths) ?? filterWidths
    dropout = try values.decodeIfPresent(Float.self, forKey: .dropout) ?? dropout
    embeddingDropout = try values.decodeIfPresent(Float.self, forKey: .embeddingDropout) ?? embeddingDropout
  }
}
