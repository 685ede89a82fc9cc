public import NeuralNetworks
public import Tensors

/// Embedding → recurrent layers → a score for each word that may come next.
///
/// B streams of text, T words of each in a window, N = B·T rows, V words, E embedding, H hidden.
public final class LanguageModelNetwork: Module {
  /// [V, E]
  public let embedding: Embedding
  /// Forwards.
  public let recurrent: RecurrentLayers
  /// [V, H], and a bias; without a weight of its own where it is tied to the embedding.
  public let output: VocabularyProjection
  private let dropout: Float

  /// A network for V words; with PyTorch's initial weights for the layers and ±0.1 for the tables.
  public init(vocabularySize: Int, _ options: LanguageModelOptions, random: RandomStream?) {
    embedding = Embedding(
      vocabularySize: vocabularySize, embeddingSize: options.embeddingSize, initializer: .uniform(0.1),
      random: random?.split("embedding"))
    recurrent = options.recurrent.makeLayers(
      inputSize: options.embeddingSize, initializer: .uniform(0.1), random: random?.split("recurrent"))
    output = VocabularyProjection(
      vocabularySize: vocabularySize, inputSize: options.recurrent.hiddenSize, isTied: options.tiesWeights,
      random: random?.split("output"))
    dropout = options.dropout
  }

  /// The mean cross-entropy of the words that follow those of a window, in nats, and the states behind it.
  ///
  /// - Parameters:
  ///   - window: words and their followers.
  ///   - states: those before the window; `nil` for zeros. They carry no gradient.
  public func loss(_ window: TokenWindow, states: [RecurrentStates]?) -> (loss: Tensor, states: [RecurrentStates]) {
    let (hidden, states) = hidden(window.inputs, window.layout, states: states)
    return (
      hidden.linearCrossEntropy(
        weight: output.matrix(tied: embedding), bias: output.bias.tensor,
        targets: window.targets), states
    )
  }

  /// Scores of the next word before the softmax, [N, V], and the states behind the last words.
  public func logits(
    _ ids: [Int32], _ layout: SequenceLayout, states: [RecurrentStates]?
  ) -> (logits: Tensor, states: [RecurrentStates]) {
    let (hidden, states) = hidden(ids, layout, states: states)
    return (output.scores(hidden, tied: embedding), states)
  }

  private func hidden(
    _ ids: [Int32], _ layout: SequenceLayout, states: [RecurrentStates]?
  ) -> (Tensor, [RecurrentStates]) {
    let states = states?.map(\.detached)
    let (outputs, next) =
      dropout > 0
      ? recurrent(embedding(ids).dropout(dropout), layout: layout, states: states)
      : recurrent(embedding.indexed(ids), layout: layout, states: states)
    return (outputs.dropout(dropout), next)
  }

  /// What is not a layer.
  public var summary: String { dropout > 0 ? "dropout \(dropout)" : "" }
}

/// The output layer of a language model, whose weight may be the table of the words' vectors.
public final class VocabularyProjection: Module {
  /// [V, H], unless it is the embedding's.
  public let weight: Parameter?
  /// [V]
  public let bias: Parameter
  private let kept = PackedWeights<QuantizedLinear>()

  /// A layer for V words.
  public init(vocabularySize: Int, inputSize: Int, isTied: Bool, random: RandomStream?) {
    weight =
      isTied ? nil : Parameter(Initializer.uniform(0.1)([vocabularySize, inputSize], random: random?.split("weight")))
    bias = Parameter(Initializer.zeros([vocabularySize], random: random))
  }

  /// Scores [N, V] of hidden states [N, H].
  func scores(_ hidden: Tensor, tied embedding: Embedding) -> Tensor {
    let weight = weight ?? embedding.weight
    guard let bytes = weight.bytes else {
      if GradientTape.isTraining { kept.clear() }
      return hidden.linear(weight: weight.tensor, bias: bias.tensor)
    }
    return kept.value(for: [weight, bias]) {
      QuantizedLinear(weight: weight.loadedBytes ?? bytes, bias: bias.value)
    }(hidden)
  }

  /// The weight as an operand.
  func matrix(tied embedding: Embedding) -> Tensor { (weight ?? embedding.weight).tensor }

  /// Sizes.
  public var summary: String {
    "output \(bias.shape[0])" + (weight.map { ", input \($0.shape[1])" } ?? ", the embedding's weight")
  }
}
