public import NeuralNetworks
public import Tensors

/// Embedding → encoder → linear layer: a score for each class of each text.
public final class TextNetwork: Module {
  /// Tokens to vectors.
  public let embedding: WordEmbedding
  /// Vectors to one for each text.
  public let encoder: any TextNetworkEncoder
  /// [K, F]
  public let output: Linear
  private let dropout: Float

  /// A network of the configuration's sizes.
  public init(_ configuration: TextNetworkConfiguration, random: RandomStream?) {
    let options = configuration.options
    embedding = WordEmbedding(
      vocabularySize: configuration.vocabularySize, options.embedding, random: random?.split("embedding"))
    encoder = options.encoder.makeEncoder(inputSize: options.embedding.width, random: random?.split("encoder"))
    output = Linear(
      inputSize: encoder.outputSize, outputSize: configuration.outputSize, random: random?.split("output"))
    dropout = options.dropout
  }

  /// Scores before the softmax, [B, K].
  public func logits(_ batch: TokenBatch) -> Tensor {
    output(encoder(batch, embedding).dropout(dropout))
  }

  /// What is not a layer.
  public var summary: String { "dropout \(dropout)" }
}

/// Makes one vector of the words of each text.
public protocol TextNetworkEncoder: Module {
  /// F.
  var outputSize: Int { get }

  /// [B, F]
  func callAsFunction(_ batch: TokenBatch, _ embedding: WordEmbedding) -> Tensor
}

extension EncoderOptions {
  func makeEncoder(inputSize: Int, random: RandomStream?) -> any TextNetworkEncoder {
    switch self {
    case .average(let options): AverageEncoder(options, inputSize: inputSize, random: random)
    case .recurrent(let options): RecurrentEncoder(options, inputSize: inputSize, random: random)
    case .convolution(let options): ConvolutionEncoder(options, inputSize: inputSize, random: random)
    case .deepPyramid(let options): DeepPyramidEncoder(options, inputSize: inputSize, random: random)
    case .characters(let options): CharacterConvolutionEncoder(options, inputSize: inputSize, random: random)
    case .recurrentConvolution(let options):
      RecurrentConvolutionEncoder(options, inputSize: inputSize, random: random)
    }
  }
}
