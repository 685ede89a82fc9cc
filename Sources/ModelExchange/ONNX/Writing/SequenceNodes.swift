/// Sequences in a graph: values [B, T, C] with the length of each sequence. What lies behind a length never matters.
struct SequenceValues: SequenceHandle {
  var values: String
  /// int64 [B]
  var lengths: String
  /// bool [B, T]: which time steps are before the length.
  var mask: String
}

extension ONNXGraphBuilder: SequenceGraphBuilder {
  // MARK: Elements

  mutating func tanh(_ x: String) -> String { add("Tanh", [x]) }
  mutating func negated(_ x: String) -> String { add("Neg", [x]) }
  mutating func softplus(_ x: String) -> String { add("Softplus", [x]) }

  // MARK: Inputs

  /// Declares `ids` [batch, time] and `lengths` [batch].
  mutating func textInputs() -> (ids: String, lengths: String) {
    (input(Self.ids, .int64, ["batch", "time"]), input(Self.lengths, .int64, ["batch"]))
  }

  private static var ids: String { "ids" }
  private static var lengths: String { "lengths" }

  mutating func sequence(_ values: String) -> SequenceValues {
    SequenceValues(
      values: values, lengths: Self.lengths, mask: timeMask(of: Self.ids, lengths: Self.lengths))
  }

  // MARK: Lengths

  /// Which time steps of values [B, T, …] lie before the lengths, [B, T].
  private mutating func timeMask(of values: String, lengths: String) -> String {
    let shape = add("Shape", [values], .int("start", 1), .int("end", 2))
    let time = add("Squeeze", [shape])
    let steps = add("Range", [integers([0], shape: []), time, integers([1], shape: [])])
    return add(
      "Less", [add("Unsqueeze", [steps, integers([0])]), add("Unsqueeze", [lengths, integers([1])])])
  }

  /// The same values with others behind the lengths.
  private mutating func filled(_ sequence: SequenceValues, with value: Float) -> String {
    add("Where", [add("Unsqueeze", [sequence.mask, integers([2])]), sequence.values, floats([value])])
  }

  /// Zeros behind the lengths.
  private mutating func masked(_ sequence: SequenceValues) -> String { filled(sequence, with: 0) }

  // MARK: Pooling over time

  mutating func maxOverTime(_ sequence: SequenceValues) -> String {
    add(
      "ReduceMax", [filled(sequence, with: -.greatestFiniteMagnitude)], .ints("axes", [1]), .int("keepdims", 0))
  }

  mutating func meanOverTime(_ sequence: SequenceValues) -> String {
    let sum = add("ReduceSum", [masked(sequence), integers([1])], .int("keepdims", 0))
    let count = add("Cast", [sequence.lengths], .int("to", Int(ONNXElementType.float32.rawValue)))
    return add("Div", [sum, add("Unsqueeze", [count, integers([1])])])
  }

  mutating func attentionOverTime(_ sequence: SequenceValues, scores: String) -> String {
    let scores = filled(
      SequenceValues(values: scores, lengths: sequence.lengths, mask: sequence.mask), with: -.greatestFiniteMagnitude)
    let weights = add("Softmax", [scores], .int("axis", 1))
    return add(
      "ReduceSum", [add("Mul", [masked(sequence), weights]), integers([1])], .int("keepdims", 0))
  }

  mutating func linearOverTime(_ values: String, weight: NamedTensor, bias: NamedTensor?) -> String {
    let matrix = add("Transpose", [self.weight(weight)], .ints("perm", [1, 0]))
    let addend = bias.map { self.weight($0) }
    let product = add("MatMul", [values, matrix])
    return addend.map { add("Add", [product, $0]) } ?? product
  }

  mutating func product(_ x: String, _ weight: NamedTensor) -> String {
    let matrix = self.weight(weight)
    return add("MatMul", [x, matrix])
  }

  // MARK: Convolutions over time

  mutating func maxOfConvolutions(
    _ sequence: SequenceValues, _ filters: [(weight: NamedTensor, bias: NamedTensor)]
  ) -> [String] {
    let widths = filters.map { $0.weight.tensor.shape[2] }
    let widest = widths.max() ?? 1
    let lengths = widest > 1 ? add("Max", [sequence.lengths, integers([widest], shape: [])]) : sequence.lengths
    var features: [String] = []
    for ((weight, bias), width) in zip(filters, widths) {
      let windows = width > 1 ? add("Sub", [lengths, integers([width - 1], shape: [])]) : lengths
      let convolved = convolution(
        sequence, weight: weight, bias: bias, padding: (0, widest - 1), lengths: windows)
      features.append(
        maxOverTime(
          SequenceValues(values: relu(convolved.values), lengths: convolved.lengths, mask: convolved.mask)))
    }
    return features
  }

  mutating func convolutionOverTime(
    _ sequence: SequenceValues, weight: NamedTensor, bias: NamedTensor, padding: Int
  ) -> SequenceValues {
    convolution(sequence, weight: weight, bias: bias, padding: (padding, padding))
  }

  /// A convolution along the time steps with zeros on each side, as if zeros followed each sequence.
  ///
  /// - Parameters:
  ///   - weight: [F, C, width].
  ///   - lengths: those of the result; without, each is longer by the padding less `width - 1`.
  private mutating func convolution(
    _ sequence: SequenceValues, weight: NamedTensor, bias: NamedTensor, padding: (before: Int, behind: Int),
    lengths: String? = nil
  ) -> SequenceValues {
    let width = weight.tensor.shape[2]
    let (filters, addend) = (self.weight(weight), self.weight(bias))
    let columns = add("Transpose", [masked(sequence)], .ints("perm", [0, 2, 1]))
    let convolved = add(
      "Conv", [columns, filters, addend], .ints("kernel_shape", [width]),
      .ints("pads", [padding.before, padding.behind]))
    let values = add("Transpose", [convolved], .ints("perm", [0, 2, 1]))
    let growth = padding.before + padding.behind - width + 1
    let lengths =
      lengths ?? (growth == 0 ? sequence.lengths : add("Add", [sequence.lengths, integers([growth], shape: [])]))
    let mask =
      growth == 0 && lengths == sequence.lengths ? sequence.mask : timeMask(of: values, lengths: lengths)
    return SequenceValues(values: values, lengths: lengths, mask: mask)
  }

  mutating func maxPooledOverTime(_ sequence: SequenceValues, size: Int, stride: Int) -> SequenceValues {
    let lowest = filled(sequence, with: -.greatestFiniteMagnitude)
    let columns = add("Transpose", [lowest], .ints("perm", [0, 2, 1]))
    // Padding behind, so that as many windows begin in a sequence as by itself, whatever the longest one is.
    let pooled = add(
      "MaxPool", [columns], .ints("kernel_shape", [size]), .ints("strides", [stride]), .ints("pads", [0, size - 1]))
    let values = add("Transpose", [pooled], .ints("perm", [0, 2, 1]))
    let lengths = add(
      "Div",
      [
        add("Add", [sequence.lengths, integers([stride - 1], shape: [])]), integers([stride], shape: []),
      ])
    return SequenceValues(values: values, lengths: lengths, mask: timeMask(of: values, lengths: lengths))
  }

  // MARK: Columns of a fixed length

  mutating func columns(_ sequence: SequenceValues, length: Int) -> String {
    let zeros = integers([0, 0, 0, 0, length, 0])
    let padded = add("Pad", [masked(sequence), zeros])
    let cut = add("Slice", [padded, integers([0]), integers([length]), integers([1])])
    return add("Transpose", [cut], .ints("perm", [0, 2, 1]))
  }

  mutating func convolution(_ columns: String, weight: NamedTensor, bias: NamedTensor) -> String {
    let (filters, addend) = (self.weight(weight), self.weight(bias))
    return add("Conv", [columns, filters, addend], .ints("kernel_shape", [weight.tensor.shape[2]]))
  }

  mutating func maxPool(_ columns: String, size: Int) -> String {
    add(
      "MaxPool", [columns], .ints("kernel_shape", [size]), .ints("strides", [size]), .ints("pads", [0, size - 1]))
  }

  mutating func flattenedByTime(_ columns: String) -> String {
    flattened(add("Transpose", [columns], .ints("perm", [0, 2, 1])))
  }
}
