import NeuralNetworks
import Tensors
import Testing

/// Layers against PyTorch; see `scripts/fixtures` for the snippets that made the numbers.
@Suite("Layers equal PyTorch's")
struct LayerTests {
  @Test("Linear")
  func linear() throws {
    let fixture = try Fixture("linear")
    let layer = Linear(inputSize: 4, outputSize: 6, random: nil)
    try layer.load(["weight": fixture["weight"], "bias": fixture["bias"]])
    let input = Parameter(try fixture["input"])
    expectEqual(layer(input.value), try fixture["output"], "output")
    let gradients = recordGradients({ layer(input.tensor) }, outputGradient: try fixture["output_gradient"])
    for (name, parameter) in layer.namedParameters + [("input", input)] {
      expectEqual(
        try #require(gradients[parameter]).tensor, try fixture["grad.\(name)"], name, isGradient: true)
    }
  }

  @Test("Embedding, with repeated ids and padding")
  func embedding() throws {
    let fixture = try Fixture("embedding")
    let layer = Embedding(vocabularySize: 11, embeddingSize: 5, paddingIndex: 0, random: nil)
    try layer.load(["weight": fixture["weight"]])
    let ids = try fixture.integers("ids").map { Int32($0) }
    expectEqual(layer(ids), try fixture["output"].reshaped([ids.count, 5]), "output")
    let gradients = recordGradients(
      { layer(ids) }, outputGradient: try fixture["output_gradient"].reshaped([ids.count, 5]))
    expectEqual(
      try #require(gradients[layer.weight]).tensor, try fixture["grad.weight"], "weight", isGradient: true)
  }

  @Test(
    "LSTM",
    arguments: [
      (["lstm-plain"], 1, false), (["lstm-lengths"], 1, false), (["lstm-bidirectional"], 1, true),
      (["lstm-two-layers"], 2, true), (["lstm-wide", "lstm-wide-output", "lstm-wide-gradients"], 1, true),
    ])
  func lstm(files: [String], layers: Int, isBidirectional: Bool) throws {
    let fixture =
      files.count == 1 ? try Fixture(files[0]) : try Fixture(files[0], files[1], files[2])
    let input = try fixture["input"]
    let (batch, steps, inputs) = (input.shape[0], input.shape[1], input.shape[2])
    let layout = SequenceLayout(lengths: try fixture.integers("lengths"))
    let lstm = LSTM(
      inputSize: inputs, hiddenSize: try fixture["weight_hh_l0"].shape[1], layerCount: layers,
      isBidirectional: isBidirectional, random: nil)
    try lstm.load(Dictionary(uniqueKeysWithValues: lstm.namedParameters.map { ($0.name, try fixture[$0.name]) }))

    // Where the real time steps lie in the padded [B · T, …] of the fixture.
    let positions = layout.packed(
      layout.lengths.enumerated().flatMap { sequence, length in (0..<length).map { Int32(sequence * steps + $0) } })
    func packed(_ name: String) throws -> Tensor {
      let padded = try fixture[name]
      return padded.reshaped([batch * steps, padded.shape[2]]).gatherRows(positions)
    }
    let x = Parameter(try packed("input"))
    expectEqual(lstm(x.value, layout: layout), try packed("output"), "output")
    let gradients = recordGradients(
      { lstm(x.tensor, layout: layout) }, outputGradient: try packed("output_gradient"))
    expectEqual(try #require(gradients[x]).tensor, try packed("grad.input"), "input", isGradient: true)
    for (name, parameter) in lstm.namedParameters {
      expectEqual(
        try #require(gradients[parameter]).tensor, try fixture["grad.\(name)"], name, isGradient: true)
    }
  }

  @Test("convolution with max over time", arguments: ["convolution-max-narrow", "convolution-max-wide"])
  func convolutionMaxOverTime(file: String) throws {
    let fixture = try Fixture(file)
    let weight = try fixture["weight"]
    let layer = ConvolutionMaxOverTime(
      inputSize: weight.shape[1], filterCount: weight.shape[0], width: weight.shape[2], random: nil)
    try layer.load(["weight": weight, "bias": fixture["bias"]])
    let rows = SequenceRows(counts: try fixture.integers("lengths"))
    let input = Parameter(try fixture["input"])
    expectEqual(layer(input.value, rows: rows), try fixture["output"], "output")
    let gradients = recordGradients(
      { layer(input.tensor, rows: rows) }, outputGradient: try fixture["output_gradient"])
    for (name, parameter) in layer.namedParameters + [("input", input)] {
      expectEqual(
        try #require(gradients[parameter]).tensor, try fixture["grad.\(name)"], name, isGradient: true)
    }
  }

  @Test("convolution with max over time of rows that repeat", arguments: [(1, 1), (7, 2), (8, 3), (33, 5), (100, 4)])
  func indexedConvolutionMax(filters: Int, width: Int) throws {
    let random = RandomStream(seed: 31)
    let layer = ConvolutionMaxOverTime(inputSize: 19, filterCount: filters, width: width, random: random)
    layer.bias.value = random.split("bias").uniform([filters], in: -0.1..<0.1)
    let table = Parameter(random.split("table").uniform([23, 19], in: -1..<1))
    let rows = SequenceRows(counts: [width, 40, 13, width + 1])
    // Some of the table's rows never occur, and they occur in no order.
    let indices = random.split("indices").uniform([rows.rowCount], in: 0..<20).scalars.map { 19 - Int32($0) }
    let upper = random.split("upper").uniform([4, filters], in: -1..<1)
    let indexed = GradientTape.record {
      (layer(IndexedRows(rows: table.tensor, indices: indices), rows: rows) * upper).sum()
    }
    let dense = GradientTape.record { (layer(table.tensor.gatherRows(indices), rows: rows) * upper).sum() }
    #expect(abs(indexed.loss.scalar - dense.loss.scalar) < 1e-4)
    for parameter in [table, layer.weight, layer.bias] {
      let (a, b) = (try #require(indexed.gradients[parameter]), try #require(dense.gradients[parameter]))
      expectEqual(a.tensor, b.tensor, "gradient", isGradient: true)
    }
  }

  @Test("activations", arguments: ["relu", "sigmoid", "tanh", "exp", "softmax"])
  func activation(name: String) throws {
    let fixture = try Fixture("activations")
    let input = Parameter(try fixture[name == "exp" ? "exp.input" : "input"])
    let output = try fixture["\(name).output"]
    func apply(_ x: Tensor) -> Tensor {
      switch name {
      case "relu": x.relu()
      case "sigmoid": x.sigmoid()
      case "tanh": x.tanh()
      case "exp": x.exp()
      default: x.reshaped([20, 10]).softmax()
      }
    }
    expectEqual(apply(input.value), output, name)
    let gradients = recordGradients(
      { apply(input.tensor) }, outputGradient: try fixture["output_gradient"].reshaped(output.shape))
    let expected = try fixture["\(name).grad"].reshaped(input.shape)
    expectEqual(try #require(gradients[input]).tensor, expected, name, isGradient: true)
  }

  @Test("softmax with cross-entropy, large logits too")
  func crossEntropy() throws {
    let fixture = try Fixture("cross-entropy")
    let logits = Parameter(try fixture["logits"])
    let targets = try fixture.integers("targets").map { Int32($0) }
    let (loss, gradients) = GradientTape.record { logits.tensor.softmaxCrossEntropy(targets: targets) }
    expectEqual(loss.reshaped([1]), try fixture["loss"].reshaped([1]), "loss")
    expectEqual(try #require(gradients[logits]).tensor, try fixture["grad.logits"], "logits", isGradient: true)
  }
}
