import Testing

@testable import Tensors

/// What is computed with weights in bytes, against Float32 with the numbers that the bytes and the steps stand for: they
/// differ by the rounding of sums alone.
@Suite("Weights in bytes")
struct QuantizedTests {
  private func numbers(_ shape: [Int], _ name: String) -> Tensor {
    RandomStream(seed: 11).split(name).uniform(shape, in: -1..<1)
  }

  /// Each row as the steps between its lowest and its highest number.
  private func steppedByRows(_ x: Tensor) -> Tensor {
    let (rows, width) = (x.shape[0], x.shape[1])
    var result: [Float] = []
    for row in 0..<rows {
      let own = Array(x.scalars[row * width..<(row + 1) * width])
      result += Tensor(own).rounded(to: min(0, own.min() ?? 0)...max(0, own.max() ?? 0)).scalars
    }
    return Tensor(result, shape: x.shape)
  }

  private func difference(_ a: Tensor, _ b: Tensor) -> Float {
    #expect(a.shape == b.shape)
    let largest = b.scalars.reduce(Float(1e-6)) { max($0, abs($1)) }
    return zip(a.scalars, b.scalars).reduce(0) { $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1)) } / largest
  }

  @Test("rounding keeps each number to half a step, and rows of zeros")
  func rounding() {
    var weight = numbers([6, 17], "weight")
    for column in 0..<17 { weight[3, column] = 0 }
    let bytes = QuantizedTensor(rounding: weight)
    #expect(bytes.scales[3] == 0 && bytes.isZero(row: 3) && !bytes.isZero(row: 2))
    let back = bytes.dequantized
    for row in 0..<6 {
      for column in 0..<17 {
        #expect(abs(back[row, column] - weight[row, column]) <= 0.501 * bytes.scales[row])
      }
    }
    let ids: [Int32] = [5, -1, 0, 5, 3]
    #expect(bytes.gatherRows(ids) == back.gatherRows(ids))
    let (some, others) = (bytes.indexedRows(ids), back.indexedRows(ids))
    #expect(some.rows == others.rows && some.indices == others.indices)
  }

  @Test("linear layers")
  func linear() {
    for (rows, inputs, outputs) in [(1, 5, 3), (3, 64, 40), (7, 33, 100), (200, 129, 50), (1, 700, 2100)] {
      let x = numbers([rows, inputs], "x")
      let bytes = QuantizedTensor(rounding: numbers([outputs, inputs], "weight"))
      let bias = numbers([outputs], "bias")
      let expected = steppedByRows(x).linear(weight: bytes.dequantized, bias: bias)
      #expect(difference(QuantizedLinear(weight: bytes, bias: bias)(x), expected) < 1e-5)
      let range: ClosedRange<Float> = -0.5...0.25
      let measured = QuantizedLinear(weight: bytes.settingInputRange(range))
      #expect(difference(measured(x), x.rounded(to: range).linear(weight: bytes.dequantized)) < 1e-5)
    }
  }

  @Test(
    "recurrent layers: the inputs and the previous outputs are rounded, step by step",
    arguments: [RecurrentCellKind.lstm, .tanhRNN, .reluRNN], [1, 3])
  func recurrent(kind: RecurrentCellKind, batch: Int) {
    let (inputs, hidden, steps) = (21, 37, 6)
    let rows = kind.gateCount * hidden
    let bytes = QuantizedRecurrentWeights(
      input: QuantizedTensor(rounding: numbers([rows, inputs], "input") * 0.3),
      recurrent: QuantizedTensor(rounding: numbers([rows, hidden], "recurrent") * 0.3),
      inputBias: numbers([rows], "input bias"), recurrentBias: numbers([rows], "recurrent bias"))
    let weights = RecurrentWeights(
      input: bytes.input.dequantized, recurrent: bytes.recurrent.dequantized, inputBias: bytes.inputBias,
      recurrentBias: bytes.recurrentBias)
    let layout = SequenceLayout(lengths: [Int](repeating: steps, count: batch))
    let x = numbers([steps * batch, inputs], "x")
    let outputs = x.recurrent(PackedRecurrentLayer(kind, [bytes]), layout: layout).outputs
    // One step at a time in Float32, from states that are rounded as the kernels do.
    let one = SequenceLayout(lengths: [Int](repeating: 1, count: batch))
    var states: RecurrentStates?
    for step in 0..<steps {
      let own = Tensor(Array(x.scalars[step * batch * inputs..<(step + 1) * batch * inputs]), shape: [batch, inputs])
      let result = steppedByRows(own).recurrent(
        kind, layout: one, directions: [weights], initial: states, wantsFinalCells: true)
      let made = Array(outputs.scalars[step * batch * hidden..<(step + 1) * batch * hidden])
      // A sum whose last bit differs may fall on the other side of a step.
      #expect(difference(Tensor(made, shape: [batch, hidden]), result.outputs) < 0.005, "step \(step)")
      if step == 0 {
        #expect(difference(Tensor(made, shape: [batch, hidden]), result.outputs) < 2e-6)
      }
      states = RecurrentStates(
        hidden: [steppedByRows(Tensor(made, shape: [batch, hidden]))], cell: result.finalCells)
    }
  }

  @Test("recurrent layers of both directions are near those in Float32", arguments: RecurrentCellKind.allCases)
  func bothDirections(kind: RecurrentCellKind) {
    let (inputs, hidden) = (19, 24)
    let rows = kind.gateCount * hidden
    let bytes = ["there", "back"].map { direction in
      QuantizedRecurrentWeights(
        input: QuantizedTensor(rounding: numbers([rows, inputs], "\(direction) input") * 0.2),
        recurrent: QuantizedTensor(rounding: numbers([rows, hidden], "\(direction) recurrent") * 0.2),
        inputBias: numbers([rows], "\(direction) bias"), recurrentBias: numbers([rows], "\(direction) other bias"))
    }
    let weights = bytes.map {
      RecurrentWeights(
        input: $0.input.dequantized, recurrent: $0.recurrent.dequantized, inputBias: $0.inputBias,
        recurrentBias: $0.recurrentBias)
    }
    for lengths in [[5], [9, 2, 4], Array(1...23)] {
      let layout = SequenceLayout(lengths: lengths)
      let x = numbers([layout.rowCount, inputs], "x")
      let expected = x.recurrent(kind, layout: layout, directions: weights).outputs
      let outputs = x.recurrent(PackedRecurrentLayer(kind, bytes), layout: layout).outputs
      // 256 steps for numbers of about 2: a step is 0.008, and the errors of some tens of products add up.
      #expect(difference(outputs, expected) < 0.05)
      // Rows that repeat are the same rows.
      let indexed = IndexedRows(rows: x, indices: (0..<layout.rowCount).map { Int32($0) })
      #expect(indexed.recurrent(PackedRecurrentLayer(kind, bytes), layout: layout).outputs == outputs)
    }
  }

  @Test("text convolutions")
  func textConvolution() {
    let (channels, filters, width) = (18, 13, 3)
    let bytes = QuantizedTensor(rounding: numbers([filters, channels, width], "weight"))
    let bias = numbers([filters], "bias")
    let rows = SequenceRows(counts: [3, 8, 5])
    let input = IndexedRows(
      rows: numbers([6, channels], "x"), indices: (0..<16).map { Int32($0 * 5 % 6) })
    let expected = IndexedRows(rows: steppedByRows(input.rows), indices: input.indices)
      .convolutionMaxOverTime(rows: rows, weight: bytes.dequantized, bias: bias)
    let made = input.convolutionMaxOverTime(rows: rows, filters: QuantizedTextFilters(bytes), bias: bias)
    #expect(difference(made, expected) < 1e-5)
  }

  @Test("convolutions of images")
  func convolution() {
    struct Case {
      var kernel: Size2D = 3
      var stride: Size2D = 1
      var padding: Padding2D = 1
      var dilation: Size2D = 1
      var groups = 1
      var channels = 16
      var filters = 20
    }
    let cases = [
      Case(), Case(channels: 3), Case(stride: 2), Case(kernel: 1, padding: 0, channels: 5, filters: 33),
      Case(kernel: 1, stride: 2, padding: 0), Case(kernel: Size2D(height: 1, width: 7), padding: 0, channels: 9),
      Case(padding: Padding2D(top: 0, bottom: 2, left: 1, right: 0)), Case(kernel: 5, stride: 3, padding: 2),
      Case(dilation: 2), Case(groups: 4), Case(channels: 1, filters: 1), Case(channels: 64, filters: 100),
    ]
    for (number, form) in cases.enumerated() {
      let x = numbers([2, 11, 9, form.channels], "x \(number)")
      let bytes = QuantizedTensor(
        rounding: numbers(
          [form.filters, form.channels / form.groups, form.kernel.height, form.kernel.width], "weight \(number)"))
      let (bias, scale) = (numbers([form.filters], "bias"), numbers([form.filters], "scale"))
      let range: ClosedRange<Float> = -0.75...0.9
      let convolution = QuantizedConvolution(
        weight: bytes, inputRange: range, bias: bias, scale: scale, stride: form.stride, padding: form.padding,
        dilation: form.dilation, groups: form.groups)
      let floats = PreparedConvolution(
        weight: bytes.dequantized, bias: bias, scale: scale, stride: form.stride, padding: form.padding,
        dilation: form.dilation, groups: form.groups)
      let expected = floats(x.rounded(to: range))
      let addend = numbers(expected.shape, "addend")
      // Winograd's algorithm, by which some of the expected results are computed, is that near.
      #expect(difference(convolution(x), expected) < 1e-4, "case \(number)")
      #expect(
        difference(
          convolution(x, adding: addend, clipsNegative: true),
          floats(x.rounded(to: range), adding: addend, clipsNegative: true)) < 1e-4)
    }
  }

  @Test("a parameter in bytes becomes Float32 where it is asked for, and forgets its bytes for a tape")
  func parameter() {
    let bytes = QuantizedTensor(rounding: numbers([4, 6], "weight"))
    let parameter = Parameter(shapeOf: [4, 6])
    parameter.load(bytes)
    let version = parameter.version
    #expect(parameter.shape == [4, 6] && parameter.loadedBytes != nil)
    #expect((parameter.bytes != nil) == Kernels.gainsFromBytes)
    #expect(parameter.value == bytes.dequantized && parameter.loadedBytes != nil)
    _ = OperationTrace.record { #expect(parameter.bytes == nil) }
    let (_, gradients) = GradientTape.record {
      #expect(parameter.bytes == nil)
      let x = parameter.tensor
      return (x * x).sum()
    }
    #expect(gradients[parameter] != nil && parameter.loadedBytes == nil && parameter.version > version)
    #expect(parameter.value == bytes.dequantized)
  }
}

extension Parameter {
  /// Zeros.
  fileprivate convenience init(shapeOf shape: [Int]) { self.init(Tensor(zeros: shape)) }
}
