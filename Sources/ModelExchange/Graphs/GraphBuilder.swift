import Tensors

/// A tensor that a graph holds, under the name that it has in the network; without one where it was computed of weights.
struct NamedTensor {
  let name: String?
  let tensor: Tensor

  init(_ name: String?, _ tensor: Tensor) { (self.name, self.tensor) = (name, tensor) }
}

/// A graph in some format that is being written. The walks over networks (``SequenceGraphBuilder``,
/// ``ImageGraphBuilder``) say what is computed, a builder says it in the operations of its format.
///
/// Values are known by handles. Their axes are those of PyTorch, with channels before the pixels of images.
protocol GraphBuilder {
  /// A handle.
  associatedtype Value

  /// What messages call the format.
  static var format: String { get }

  /// x·Wᵀ + b of values [B, C].
  ///
  /// - Parameter weight: [F, C].
  mutating func linear(_ x: Value, weight: NamedTensor, bias: NamedTensor?) -> Value
  /// The sum of values of equal shapes.
  mutating func sum(_ x: Value, _ y: Value) -> Value
  /// Zero in place of what is less.
  mutating func relu(_ x: Value) -> Value
  /// Values side by side along an axis.
  mutating func concatenated(_ values: [Value], axis: Int) -> Value
}
