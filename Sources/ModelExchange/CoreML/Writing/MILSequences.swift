import Tensors

/// One text, [1, T, C]. An app gives exactly its tokens, so that nothing stands behind the end and no operation has to
/// mind it.
struct MILSequence: SequenceHandle {
  var values: MILValue
}

extension MILBuilder: SequenceGraphBuilder {
  // MARK: Elements

  mutating func tanh(_ x: MILValue) -> MILValue { elementwise("tanh", x) }
  mutating func negated(_ x: MILValue) -> MILValue { elementwise("mul", x, .float(-1)) }
  mutating func softplus(_ x: MILValue) -> MILValue { elementwise("softplus", x) }

  // MARK: Vectors and sequences

  mutating func gather(_ table: NamedTensor, _ ids: MILValue) -> MILValue {
    rows(of: weight(table), at: ids, .floats(ids.shape + [table.tensor.shape[1]]))
  }

  /// The parts of a value along its first axis that have given numbers.
  mutating func rows(of x: MILValue, at indices: MILValue, _ result: MILType) -> MILValue {
    add(
      "gather", ["x": .value(x), "indices": .value(indices), "axis": .int(0), "batch_dims": .int(0)], result)
  }

  mutating func sequence(_ values: MILValue) -> MILSequence { MILSequence(values: values) }

  mutating func linearOverTime(_ values: MILValue, weight: NamedTensor, bias: NamedTensor?) -> MILValue {
    linear(values, weight: weight, bias: bias)
  }

  mutating func product(_ x: MILValue, _ weight: NamedTensor) -> MILValue {
    let matrix = self.weight(weight)
    return add(
      "matmul",
      ["x": .value(x), "y": .value(matrix), "transpose_x": .bool(false), "transpose_y": .bool(false)],
      .floats(Array(x.shape.dropLast()) + [weight.tensor.shape[1]]))
  }

  /// The extent of an axis when the program runs, int32 [1].
  mutating func extent(of x: MILValue, axis: Int) -> MILValue {
    let shape = add("shape", ["x": .value(x)], MILType(.int32, [x.shape.count]))
    return add(
      "slice_by_index", ["x": .value(shape), "begin": .ints([axis]), "end": .ints([axis + 1])], MILType(.int32, [1]))
  }

  /// The first time steps of values [1, T, C].
  ///
  /// - Parameters:
  ///   - end: int32 [3], of which the second number counts.
  ///   - length: how many, if that is known.
  private mutating func first(_ values: MILValue, until end: MILOperand, length: Int?) -> MILValue {
    add(
      "slice_by_index",
      [
        "x": .value(values), "begin": .ints([0, 0, 0]), "end": end, "begin_mask": .bools([true, true, true]),
        "end_mask": .bools([true, false, true]),
      ], .floats([values.shape[0], length, values.shape[2]]))
  }

  // MARK: Pooling over time

  mutating func maxOverTime(_ sequence: MILSequence) -> MILValue { reduced("reduce_max", sequence.values, axes: [1]) }

  mutating func meanOverTime(_ sequence: MILSequence) -> MILValue { reduced("reduce_mean", sequence.values, axes: [1]) }

  mutating func attentionOverTime(_ sequence: MILSequence, scores: MILValue) -> MILValue {
    let shares = softmax(scores, axis: 1)
    return reduced("reduce_sum", elementwise("mul", sequence.values, .value(shares)), axes: [1])
  }

  mutating func softmax(_ x: MILValue, axis: Int) -> MILValue {
    add("softmax", ["x": .value(x), "axis": .int(axis)], x.type)
  }

  // MARK: Convolutions over time

  /// [1, C, T] of [1, T, C], and back.
  private mutating func turned(_ values: MILValue) -> MILValue { transposed(values, [0, 2, 1]) }

  /// A convolution along the last axis of values [1, C, T].
  private mutating func convolution(
    _ columns: MILValue, weight: NamedTensor, bias: NamedTensor, padding: Int
  ) -> MILValue {
    let (filters, addend) = (self.weight(weight), self.weight(bias))
    let (count, width) = (weight.tensor.shape[0], weight.tensor.shape[2])
    return add(
      "conv",
      [
        "x": .value(columns), "weight": .value(filters), "bias": .value(addend), "strides": .ints([1]),
        "pad_type": .string(padding == 0 ? "valid" : "custom"), "pad": .ints([padding, padding]),
        "dilations": .ints([1]), "groups": .int(1),
      ], .floats([columns.shape[0], count, columns.shape[2].map { $0 + 2 * padding - width + 1 }]))
  }

  mutating func maxOfConvolutions(
    _ sequence: MILSequence, _ filters: [(weight: NamedTensor, bias: NamedTensor)]
  ) -> [MILValue] {
    var values = sequence.values
    let widest = filters.map { $0.weight.tensor.shape[2] }.max() ?? 1
    if widest > 1 {
      let time = extent(of: values, axis: 1)
      let length = add("maximum", ["x": .value(time), "y": .ints([widest])], MILType(.int32, [1]))
      let zero = constant(.ints([0]))
      let end = concatenated([zero, length, zero], axis: 0)
      values = first(padded(values, [0, 0, 0, widest - 1, 0, 0]), until: .value(end), length: nil)
    }
    let columns = turned(values)
    var features: [MILValue] = []
    for (weight, bias) in filters {
      let windows = relu(convolution(columns, weight: weight, bias: bias, padding: 0))
      features.append(reduced("reduce_max", windows, axes: [2]))
    }
    return features
  }

  mutating func convolutionOverTime(
    _ sequence: MILSequence, weight: NamedTensor, bias: NamedTensor, padding: Int
  ) -> MILSequence {
    let convolved = convolution(turned(sequence.values), weight: weight, bias: bias, padding: padding)
    return MILSequence(values: turned(convolved))
  }

  /// The largest under windows along the last axis of values [1, C, T], the last one perhaps shorter.
  private mutating func maxPooled(_ columns: MILValue, size: Int, stride: Int) -> MILValue {
    // What stands behind the end is less than all, so that a window counts that only begins before it.
    let filled = padded(columns, [0, 0, 0, 0, 0, size - 1], with: -.greatestFiniteMagnitude)
    return add(
      "max_pool",
      [
        "x": .value(filled), "kernel_sizes": .ints([size]), "strides": .ints([stride]),
        "pad_type": .string("valid"), "pad": .ints([0, 0]), "ceil_mode": .bool(false),
      ], .floats([columns.shape[0], columns.shape[1], columns.shape[2].map { ($0 - 1) / stride + 1 }]))
  }

  mutating func maxPooledOverTime(_ sequence: MILSequence, size: Int, stride: Int) -> MILSequence {
    MILSequence(values: turned(maxPooled(turned(sequence.values), size: size, stride: stride)))
  }

  // MARK: Columns of a fixed length

  mutating func columns(_ sequence: MILSequence, length: Int) -> MILValue {
    let longer = padded(sequence.values, [0, 0, 0, length, 0, 0])
    return turned(first(longer, until: .ints([0, length, 0]), length: length))
  }

  mutating func convolution(_ columns: MILValue, weight: NamedTensor, bias: NamedTensor) -> MILValue {
    convolution(columns, weight: weight, bias: bias, padding: 0)
  }

  mutating func maxPool(_ columns: MILValue, size: Int) -> MILValue { maxPooled(columns, size: size, stride: size) }

  mutating func flattenedByTime(_ columns: MILValue) -> MILValue { flattened(turned(columns)) }
}
