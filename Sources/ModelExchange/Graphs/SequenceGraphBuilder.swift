import NeuralNetworks
import Tensors

/// Sequences in a graph.
protocol SequenceHandle {
  /// A handle of the graph.
  associatedtype Value
  /// [B, T, C], with anything behind the end of a sequence.
  var values: Value { get set }
}

/// What recurrent layers make of sequences in a graph: B sequences, D directions, H hidden units.
struct RecurrentResult<Value, Sequence> {
  /// The outputs of the last layer, [B, T, D·H].
  var outputs: Sequence
  /// The states behind the last step of each layer.
  var hidden: [Value]
  /// The cells of an LSTM.
  var cells: [Value]
}

/// A builder of the graphs of networks for texts.
///
/// How it knows where a sequence ends is its own matter: by lengths, or because there is only one.
protocol SequenceGraphBuilder: GraphBuilder {
  /// Sequences of vectors, [B, T, C], and where they end.
  associatedtype Sequence: SequenceHandle where Sequence.Value == Value

  // MARK: Elements

  mutating func tanh(_ x: Value) -> Value
  mutating func negated(_ x: Value) -> Value
  /// log(1 + eˣ)
  mutating func softplus(_ x: Value) -> Value

  // MARK: Vectors and sequences

  /// Rows of a table [V, C] by their numbers: [B, T, C] for [B, T].
  mutating func gather(_ table: NamedTensor, _ ids: Value) -> Value
  /// The sequences that vectors of the ids are, [B, T, C].
  mutating func sequence(_ values: Value) -> Sequence
  /// x·Wᵀ + b over the last axis of values [B, T, C].
  mutating func linearOverTime(_ values: Value, weight: NamedTensor, bias: NamedTensor?) -> Value
  /// x·W of values [B, C].
  ///
  /// - Parameter weight: [C, F].
  mutating func product(_ x: Value, _ weight: NamedTensor) -> Value
  /// Recurrent layers, from given states on or from zeros.
  ///
  /// - Parameters:
  ///   - prefix: what stands before the names of the weights.
  ///   - initial: the states of each layer before the first step, as those behind the last are returned.
  mutating func recurrent(
    _ layers: RecurrentLayers, named prefix: String, _ sequence: Sequence, initial: [(hidden: Value, cell: Value?)]?
  ) -> RecurrentResult<Value, Sequence>
  /// [B, D·H] of the states of a layer.
  mutating func sideBySide(_ states: Value) -> Value

  // MARK: Pooling over time

  /// [B, C]
  mutating func maxOverTime(_ sequence: Sequence) -> Value
  /// [B, C]
  mutating func meanOverTime(_ sequence: Sequence) -> Value
  /// [B, C]: the mean weighted by the softmax of scores [B, T, 1].
  mutating func attentionOverTime(_ sequence: Sequence, scores: Value) -> Value

  // MARK: Convolutions over time

  /// For each bank of filters [F, C, width] the largest of each over the windows of a sequence, with ReLU, [B, F]. A
  /// sequence shorter than the widest filter is read as if zeros followed it.
  mutating func maxOfConvolutions(
    _ sequence: Sequence, _ filters: [(weight: NamedTensor, bias: NamedTensor)]
  ) -> [Value]
  /// A convolution with `padding` zeros on each side.
  mutating func convolutionOverTime(
    _ sequence: Sequence, weight: NamedTensor, bias: NamedTensor, padding: Int
  ) -> Sequence
  /// The largest under windows of `size` time steps every `stride`, the last one perhaps shorter.
  mutating func maxPooledOverTime(_ sequence: Sequence, size: Int, stride: Int) -> Sequence

  // MARK: Columns of a fixed length

  /// [B, C, length]: so many vectors of each sequence, zeros where it has fewer.
  mutating func columns(_ sequence: Sequence, length: Int) -> Value
  /// A convolution without padding along the last axis.
  mutating func convolution(_ columns: Value, weight: NamedTensor, bias: NamedTensor) -> Value
  /// The largest under windows of `size` columns side by side, the last one perhaps shorter.
  mutating func maxPool(_ columns: Value, size: Int) -> Value
  /// [B, T·C] of columns [B, C, T], position by position.
  mutating func flattenedByTime(_ columns: Value) -> Value
}
