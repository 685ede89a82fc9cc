import NeuralNetworks
import Tensors
import Testing

/// Recurrent layers against PyTorch, from given states and with gradients from the final ones, and what must hold for each.
@Suite("Recurrent layers", .serialized)
struct RecurrentTests {
  private static func layer(
    _ kind: RecurrentCellKind, inputSize: Int, hiddenSize: Int, layerCount: Int = 1, isBidirectional: Bool = false,
    dropout: RecurrentDropout = RecurrentDropout(), hasBias: Bool = true, random: RandomStream?
  ) -> RecurrentLayers {
    switch kind {
    case .lstm:
      LSTM(
        inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount, isBidirectional: isBidirectional,
        dropout: dropout, hasBias: hasBias, random: random)
    case .gru:
      GRU(
        inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount, isBidirectional: isBidirectional,
        dropout: dropout, hasBias: hasBias, random: random)
    case .tanhRNN, .reluRNN:
      RNN(
        inputSize: inputSize, hiddenSize: hiddenSize, layerCount: layerCount,
        nonlinearity: kind == .tanhRNN ? .tanh : .relu, isBidirectional: isBidirectional, dropout: dropout,
        hasBias: hasBias, random: random)
    }
  }

  /// A fixture's layer with its weights, its input and its states.
  private struct Case {
    let fixture: Fixture
    let layer: RecurrentLayers
    let layout: SequenceLayout
    let input: Parameter
    /// Initial states [L·D, B, H] by name.
    let initial: [(name: String, value: Parameter)]

    init(_ kind: RecurrentCellKind, _ name: String) throws {
      fixture = try Fixture("recurrent-\(kind.rawValue.split(separator: "_").joined(separator: "-"))-\(name)")
      let layers = try #require(fixture.metadata["layers"].flatMap { Int($0) })
      layout = SequenceLayout(lengths: try fixture.integers("lengths"))
      layer = RecurrentTests.layer(
        kind, inputSize: try fixture["input"].shape[2], hiddenSize: try fixture["weight_hh_l0"].shape[1],
        layerCount: layers, isBidirectional: fixture.metadata["bidirectional"] == "true",
        hasBias: fixture.metadata["bias"] == "true", random: nil)
      try layer.load(
        Dictionary(uniqueKeysWithValues: try layer.namedParameters.map { [fixture] in ($0.name, try fixture[$0.name]) })
      )
      input = Parameter(try Self.packed(fixture["input"], layout))
      initial = try (kind.hasCellState ? ["hidden", "cell"] : ["hidden"]).map { [fixture] in
        ($0, Parameter(try fixture["initial.\($0)"]))
      }
    }

    /// The real time steps of a padded [B, T, F], in the order of the layout.
    static func packed(_ padded: Tensor, _ layout: SequenceLayout) -> Tensor {
      let steps = padded.shape[1]
      let positions = layout.packed(
        layout.lengths.enumerated().flatMap { sequence, length in (0..<length).map { Int32(sequence * steps + $0) } })
      return padded.reshaped([padded.shape[0] * steps, padded.shape[2]]).gatherRows(positions)
    }

    func packed(_ name: String) throws -> Tensor { try Self.packed(fixture[name], layout) }

    /// The initial states as operands, by layer.
    func states() -> [RecurrentStates] {
      let directions = layer.directionCount
      func parts(_ index: Int, _ layer: Int) -> [Tensor] {
        guard index < initial.count else { return [] }
        let all = initial[index].value.tensor
        let (batch, hidden) = (all.shape[1], all.shape[2])
        return (0..<directions).map { direction in
          let first = (layer * directions + direction) * batch
          return all.reshaped([all.shape[0] * batch, hidden]).gatherRows((first..<first + batch).map { Int32($0) })
        }
      }
      return (0..<layer.layerCount).map { RecurrentStates(hidden: parts(0, $0), cell: parts(1, $0)) }
    }

    func final(_ states: [RecurrentStates], _ name: String) -> Tensor {
      let tensors = states.flatMap { name == "hidden" ? $0.hidden : $0.cell }
      let shape = tensors[0].shape
      return Tensor.concatenated(tensors, axis: 0).reshaped([tensors.count] + shape)
    }
  }

  @Test(
    "outputs, final states and all gradients equal PyTorch's", arguments: RecurrentCellKind.allCases,
    ["plain", "two-layers", "no-bias", "single"])
  func parity(kind: RecurrentCellKind, name: String) throws {
    let test = try Case(kind, name)
    let (outputs, states) = test.layer(test.input.value, layout: test.layout, states: test.states())
    expectEqual(outputs, try test.packed("output"), "output")
    for (part, _) in test.initial {
      expectEqual(test.final(states, part), try test.fixture["final.\(part)"], "final \(part)")
    }
    let outputGradient = try test.packed("output_gradient")
    let finalGradients = try test.initial.map { ($0.name, try test.fixture["gradient_of.final.\($0.name)"]) }
    let gradients = GradientTape.record {
      let (outputs, states) = test.layer(test.input.tensor, layout: test.layout, states: test.states())
      return finalGradients.reduce((outputs * outputGradient).sum()) { loss, part in
        loss + (test.final(states, part.0) * part.1).sum()
      }
    }.gradients
    expectEqual(try #require(gradients[test.input]).tensor, try test.packed("grad.input"), "input", isGradient: true)
    for (name, parameter) in test.layer.namedParameters + test.initial.map({ ("initial.\($0.name)", $0.value) }) {
      expectEqual(
        try #require(gradients[parameter]).tensor, try test.fixture["grad.\(name)"], name, isGradient: true)
    }
  }

  /// Words that repeat often, in sequences of mixed lengths.
  private struct Words {
    let layout = SequenceLayout(lengths: [9, 1, 14, 6, 14, 3, 2])
    let table: Parameter
    let ids: [Int32]

    init(width: Int) {
      table = Parameter(RandomStream(seed: 2).uniform([12, width], in: -1..<1))
      // 12 distinct numbers, -1 among them, at 49 positions.
      ids = (0..<layout.rowCount).map { Int32(($0 * $0 + 3 * $0) % 13) - 1 }
    }
  }

  @Test("inputs that repeat give the same outputs and gradients", arguments: RecurrentCellKind.allCases)
  func repeatedInputs(kind: RecurrentCellKind) throws {
    let words = Words(width: 10)
    let layer = Self.layer(
      kind, inputSize: 10, hiddenSize: 21, layerCount: 2, isBidirectional: true, random: RandomStream(seed: 3))
    let parameters = layer.parameters + [words.table]
    func run(indexed: Bool) -> (output: Tensor, gradients: Gradients) {
      var output = Tensor([0])
      let gradients = GradientTape.record {
        let table = words.table.tensor
        output =
          indexed
          ? layer(table.indexedRows(words.ids), layout: words.layout)
          : layer(table.gatherRows(words.ids), layout: words.layout)
        return (output * RandomStream(seed: 4).uniform(output.shape, in: -1..<1)).sum()
      }.gradients
      return (output, gradients)
    }
    let (indexed, dense) = (run(indexed: true), run(indexed: false))
    // The outputs to the bit: the same sums in the same order.
    #expect(indexed.output == dense.output)
    #expect(layer(words.table.value.indexedRows(words.ids), layout: words.layout) == dense.output)
    for parameter in parameters {
      let own = try #require(indexed.gradients[parameter]).tensor
      expectEqual(own, try #require(dense.gradients[parameter]).tensor, "gradient", isGradient: true)
    }
  }

  @Test("any number of threads gives the same bits", arguments: RecurrentCellKind.allCases, [1, 3, 29])
  func threads(kind: RecurrentCellKind, batch: Int) {
    let layout = SequenceLayout(lengths: (0..<batch).map { 40 + $0 * 7 % 31 })
    let layer = Self.layer(kind, inputSize: 19, hiddenSize: 37, random: RandomStream(seed: 9))
    let x = Parameter(RandomStream(seed: 10).uniform([layout.rowCount, 19], in: -1..<1))
    func run(_ threads: Int) -> [[Float]] {
      let before = Parallelism.threads
      Parallelism.threads = threads
      defer { Parallelism.threads = before }
      var results = [layer(x.value, layout: layout).scalars]
      let gradients = GradientTape.record {
        let output = layer(x.tensor, layout: layout)
        results.append(output.scalars)
        return (output * output).mean()
      }.gradients
      return results + (layer.parameters + [x]).map { gradients[$0]?.tensor.scalars ?? [] }
    }
    let one = run(1)
    for count in [2, 3, 4] { #expect(run(count) == one, "\(count) threads") }
  }

  @Test("a long sequence cut in two, its states passed on, gives the same", arguments: RecurrentCellKind.allCases)
  func carriedStates(kind: RecurrentCellKind) {
    let layer = Self.layer(kind, inputSize: 6, hiddenSize: 11, layerCount: 2, random: RandomStream(seed: 5))
    let x = RandomStream(seed: 6).uniform([14, 2, 6], in: -1..<1)
    func steps(_ range: Range<Int>) -> Tensor {
      x.reshaped([14, 12]).gatherRows(range.map { Int32($0) }).reshaped([range.count * 2, 6])
    }
    let whole = layer(steps(0..<14), layout: SequenceLayout(lengths: [14, 14]))
    let first = layer(steps(0..<5), layout: SequenceLayout(lengths: [5, 5]), states: nil)
    let second = layer(
      steps(5..<14), layout: SequenceLayout(lengths: [9, 9]), states: first.states.map(\.detached))
    #expect(Tensor.concatenated([first.outputs, second.outputs], axis: 0) == whole)
  }

  @Test("dropout of weights and locked dropout act in training alone, locked for all steps of a sequence")
  func dropout() {
    let layout = SequenceLayout(lengths: [5, 3])
    let ones = Parameter(Tensor(repeating: 1, shape: [8, 100]))
    var locked = Tensor([0])
    _ = GradientTape.record(random: RandomStream(seed: 1)) {
      locked = ones.tensor.lockedDropout(0.5, layout: layout)
      return locked.sum()
    }
    // Rows by time step: both sequences three times, then the longer one twice.
    let rows = (0..<8).map { row in (0..<100).map { locked[row, $0] } }
    #expect(rows[0] == rows[2] && rows[0] == rows[4] && rows[0] == rows[6] && rows[0] == rows[7])
    #expect(rows[1] == rows[3] && rows[1] == rows[5] && rows[0] != rows[1])
    #expect(ones.value.lockedDropout(0.5, layout: layout) == ones.value)

    let lstm = LSTM(
      inputSize: 4, hiddenSize: 8, layerCount: 2,
      dropout: RecurrentDropout(betweenLayers: 0.5, isLocked: true, weights: 0.5), random: RandomStream(seed: 7))
    let x = RandomStream(seed: 8).uniform([8, 4], in: -1..<1)
    func trained(_ seed: UInt64) -> Tensor {
      var output = Tensor([0])
      _ = GradientTape.record(random: RandomStream(seed: seed)) {
        output = lstm(x, layout: layout)
        return output.sum()
      }
      return output.detached
    }
    #expect(trained(1) == trained(1))
    #expect(trained(1) != trained(2))
    #expect(lstm(x, layout: layout) != trained(1))
    #expect(lstm(x, layout: layout) == lstm(x, layout: layout))
  }

  @Test("weights that are frozen and dropped in part are others in each step, and whole in inference")
  func frozenWeightDropout() {
    let random = RandomStream(seed: 17)
    let layer = GRU(inputSize: 5, hiddenSize: 8, dropout: RecurrentDropout(weights: 0.5), random: random)
    for parameter in layer.parameters { parameter.isFrozen = true }
    let input = Parameter(random.split("input").uniform([7, 5], in: -1..<1))
    let layout = SequenceLayout(lengths: [4, 3])
    let whole = layer(input.value, layout: layout)
    func trained(_ step: Int) -> Tensor {
      var output = Tensor([0])
      _ = GradientTape.record(random: random.split(step)) {
        output = layer(input.tensor, layout: layout)
        return output.sum()
      }
      return output.detached
    }
    let (first, second) = (trained(1), trained(2))
    #expect(first != whole && first != second && trained(1) == first)
    #expect(layer(input.value, layout: layout) == whole)
  }

  @Test("inference sees weights that change after it has run")
  func changedWeights() {
    let gru = GRU(inputSize: 4, hiddenSize: 8, random: RandomStream(seed: 1))
    let x = RandomStream(seed: 2).uniform([6, 4], in: -1..<1)
    let layout = SequenceLayout(lengths: [6])
    let before = gru(x, layout: layout)
    gru.weights[1].value = gru.weights[1].value * 0.5
    let after = gru(x, layout: layout)
    #expect(before != after)
    let same = GRU(inputSize: 4, hiddenSize: 8, random: nil)
    for (to, from) in zip(same.weights, gru.weights) { to.value = from.value }
    #expect(same(x, layout: layout) == after)
  }

  @Test("parameters are counted as PyTorch counts them")
  func parameterCounts() {
    #expect(LSTM(inputSize: 300, hiddenSize: 256, random: nil).parameterCount == 571_392)
    #expect(LSTM(inputSize: 300, hiddenSize: 256, isBidirectional: true, random: nil).parameterCount == 1_142_784)
    #expect(GRU(inputSize: 300, hiddenSize: 256, random: nil).parameterCount == 428_544)
    #expect(RNN(inputSize: 300, hiddenSize: 256, random: nil).parameterCount == 142_848)
  }

  @Test("a cell in a loop gives what the layer gives, outputs and gradients", arguments: RecurrentCellKind.allCases)
  func cells(kind: RecurrentCellKind) throws {
    let layer = Self.layer(kind, inputSize: 5, hiddenSize: 7, random: RandomStream(seed: 12))
    let cell = StandardCell(kind, inputSize: 5, hiddenSize: 7, random: nil)
    try cell.load(
      Dictionary(uniqueKeysWithValues: layer.stateDictionary.map { (String($0.key.dropLast(3)), $0.value) }))
    let layout = SequenceLayout(lengths: [3, 6, 1, 6])
    let x = Parameter(RandomStream(seed: 13).uniform([layout.rowCount, 5], in: -1..<1))
    let weights = RandomStream(seed: 14).uniform([layout.rowCount, 7], in: -1..<1)
    let whole = GradientTape.record { (layer(x.tensor, layout: layout) * weights).sum() }
    let stepped = GradientTape.record { (cell(x.tensor, layout: layout) * weights).sum() }
    #expect(cell(x.value, layout: layout) == layer(x.value, layout: layout))
    #expect(abs(whole.loss.scalar - stepped.loss.scalar) < 1e-5)
    expectEqual(
      try #require(stepped.gradients[x]).tensor, try #require(whole.gradients[x]).tensor, "input", isGradient: true)
    for (own, other) in zip(cell.parameters, layer.parameters) {
      expectEqual(
        try #require(stepped.gradients[own]).tensor, try #require(whole.gradients[other]).tensor, "weight",
        isGradient: true)
    }
  }
}
