/// Sequences in a graph: values [B, T, C] with the length of each sequence. What lies behind a length never matters.
struct SequenceValues {
  /// [B, T, C]
  var values: String
  /// int64 [B]
  var lengths: String
  /// bool [B, T]: which time steps are before the length.
  var mask: String
}

extension ONNXGraphBuilder {
  /// Which time steps of values [B, T, …] lie before the lengths, [B, T].
  mutating func timeMask(of values: String, lengths: String) -> String {
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
  mutating func masked(_ sequence: SequenceValues) -> String { filled(sequence, with: 0) }

  /// [B, C]: the largest of each column before the length.
  mutating func maxOverTime(_ sequence: SequenceValues) -> String {
    add(
      "ReduceMax", [filled(sequence, with: -.greatestFiniteMagnitude)], .ints("axes", [1]), .int("keepdims", 0))
  }

  /// [B, C]: the mean of each column before the length.
  mutating func meanOverTime(_ sequence: SequenceValues) -> String {
    let sum = add("ReduceSum", [masked(sequence), integers([1])], .int("keepdims", 0))
    let count = add("Cast", [sequence.lengths], .int("to", Int(ONNXElementType.float32.rawValue)))
    return add("Div", [sum, add("Unsqueeze", [count, integers([1])])])
  }

  /// [B, C]: the mean of each column weighted by scores [B, T, 1] through the softmax over the time steps before the
  /// length.
  mutating func attentionOverTime(_ sequence: SequenceValues, scores: String) -> String {
    let scores = filled(
      SequenceValues(values: scores, lengths: sequence.lengths, mask: sequence.mask), with: -.greatestFiniteMagnitude)
    let weights = add("Softmax", [scores], .int("axis", 1))
    return add(
      "ReduceSum", [add("Mul", [masked(sequence), weights]), integers([1])], .int("keepdims", 0))
  }

  /// x·Wᵀ + b over the last axis of values [B, T, C].
  mutating func linearOverTime(_ values: String, transposedWeight: String, bias: String?) -> String {
    let product = add("MatMul", [values, transposedWeight])
    return bias.map { add("Add", [product, $0]) } ?? product
  }

  /// A convolution along the time steps with `padding` zeros on each side, as if zeros followed each sequence.
  ///
  /// - Parameters:
  ///   - weight: [F, C, width].
  ///   - lengths: those of the result; without, each is `2 · padding - width + 1` longer.
  mutating func convolutionOverTime(
    _ sequence: SequenceValues, weight: String, bias: String, width: Int, padding: (before: Int, behind: Int),
    lengths: String? = nil
  ) -> SequenceValues {
    let columns = add("Transpose", [masked(sequence)], .ints("perm", [0, 2, 1]))
    let convolved = add(
      "Conv", [columns, weight, bias], .ints("kernel_shape", [width]), .ints("pads", [padding.before, padding.behind]))
    let values = add("Transpose", [convolved], .ints("perm", [0, 2, 1]))
    let growth = padding.before + padding.behind - width + 1
    let lengths =
      lengths ?? (growth == 0 ? sequence.lengths : add("Add", [sequence.lengths, integers([growth], shape: [])]))
    let mask =
      growth == 0 && lengths == sequence.lengths ? sequence.mask : timeMask(of: values, lengths: lengths)
    return SequenceValues(values: values, lengths: lengths, mask: mask)
  }

  mutating func relu(_ sequence: SequenceValues) -> SequenceValues {
    SequenceValues(values: add("Relu", [sequence.values]), lengths: sequence.lengths, mask: sequence.mask)
  }

  /// The largest of each column under windows of `size` time steps every `stride`, the last one perhaps shorter.
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
}
