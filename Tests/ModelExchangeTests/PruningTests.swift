import ModelExchange
import NeuralNetworks
import Tensors
import TextModels
import Testing

@Suite("Pruning")
struct PruningTests {
  /// A model of a moment's training.
  private func model(
    _ architecture: TextArchitecture, _ change: (inout TextNetworkOptions) -> Void = { _ in }
  ) throws
    -> TextModel
  {
    var options = TextModelTrainingOptions()
    options.network = TextNetworkOptions(architecture)
    options.network.embedding.size = 6
    change(&options.network)
    options.minimumCount = 1
    options.training.epochs = 1
    let texts = (0..<40).map { number in
      LabelledTexts.Example(
        text: number % 2 == 0 ? "a good film \(number)" : "a bad book \(number)", labels: [number % 2 == 0 ? "+" : "-"])
    }
    return try TextModelTraining(options).run(training: LabelledTexts(texts)).model
  }

  private func zeros(_ parameter: Parameter) -> Int { parameter.value.scalars.count { $0 == 0 } }

  @Test("so many of the smallest weights are zero, over the network or in each layer")
  func magnitude() throws {
    for scope in MagnitudePruning.Scope.allCases {
      let network = try model(.cnn).network
      let before = network.stateDictionary
      let report = MagnitudePruning(sparsity: 0.7, scope: scope).apply(to: network)
      let (count, pruned) = report.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.zeros) }
      #expect(abs(Double(pruned) / Double(count) - 0.7) < 0.01)
      if scope == .layer {
        for layer in report { #expect(abs(Double(layer.zeros) / Double(layer.count) - 0.7) < 0.01) }
      }
      // What is left is as it was, and larger than what went.
      for layer in report {
        let (old, new) = (
          try #require(before[layer.name]).scalars, try #require(network.stateDictionary[layer.name]).scalars
        )
        #expect(zip(old, new).allSatisfy { $1 == 0 || $0 == $1 })
        if scope == .layer {
          let gone = zip(old, new).filter { $1 == 0 }.map { abs($0.0) }.max() ?? 0
          let left = new.filter { $0 != 0 }.map(abs).min() ?? 0
          #expect(gone <= left)
        }
      }
      #expect(zeros(network.embedding.weight) == 0 && network.stateDictionary["output.bias"] == before["output.bias"])
    }
  }

  @Test("the gradual course rises to the share")
  func gradual() {
    let pruning = MagnitudePruning(sparsity: 0.9)
    let shares = (1...4).map { pruning.gradual(step: $0, of: 4).sparsity }
    #expect(zip(shares, shares.dropFirst()).allSatisfy(<) && shares[3] == 0.9 && shares[0] > 0.4)
  }

  @Test("learning leaves zeros zero", arguments: [true, false])
  func zerosStay(keepsZeros: Bool) throws {
    let random = RandomStream(seed: 3)
    let layer = Linear(inputSize: 8, outputSize: 6, random: random)
    MagnitudePruning(sparsity: 0.5, scope: .layer).apply(to: layer)
    let before = zeros(layer.weight)
    let optimizer = Adam(
      [ParameterGroup(parameters: layer.parameters, regularization: Regularization(keepsZeros: keepsZeros))],
      learningRate: 0.1)
    let input = random.split("input").uniform([4, 8], in: -1..<1)
    for _ in 0..<5 {
      let gradients = GradientTape.record { (layer(input) * layer(input)).mean() }.gradients
      optimizer.step(gradients)
    }
    #expect(before == 24 && zeros(layer.weight) == (keepsZeros ? 24 : 0))
    #expect(layer.bias?.value.scalars.allSatisfy { $0 != 0 } == true)
  }

  @Test(
    "units without any weight can go without a trace", arguments: [SequencePooling.last, .max, .maxMean, .attention])
  func recurrentUnits(pooling: SequencePooling) throws {
    let original = try model(.bigru) {
      guard case .recurrent(var options) = $0.encoder else { return }
      (options.hiddenSize, options.layerCount, options.pooling) = (8, 2, pooling)
      $0.encoder = .recurrent(options)
    }
    // Four units of each layer and direction, and what reads them, are nothing.
    let gone = Set([1, 2, 5, 7])
    for (name, parameter) in original.network.namedParameters where name.hasPrefix("encoder.recurrent.") {
      let width = parameter.shape.count == 2 ? parameter.shape[1] : 1
      let readsUnits = name.contains("weight_hh") || name.contains("weight_ih_l1")
      var numbers = parameter.value.scalars
      for index in numbers.indices
      where gone.contains(index / width % 8) || (readsUnits && gone.contains(index % width % 8)) {
        numbers[index] = 0
      }
      parameter.value = Tensor(numbers, shape: parameter.shape)
    }
    if pooling == .attention {
      // Units of the attention that weigh nothing, too.
      for (name, parameter) in original.network.namedParameters where name.hasPrefix("encoder.attention.") {
        var numbers = parameter.value.scalars
        let width = parameter.shape.last ?? 1
        for index in numbers.indices {
          let row = parameter.shape.count == 2 && !name.hasSuffix("context") ? index / width : index % 16
          if gone.contains(row % 8) { numbers[index] = 0 }
        }
        parameter.value = Tensor(numbers, shape: parameter.shape)
      }
    }
    let pruned = try StructuredPruning(share: 0.5).pruned(original)
    #expect(pruned.network.parameterCount < original.network.parameterCount)
    let texts = ["a good film 2", "a bad book", "good", "unknown words here"]
    for (a, b) in zip(original.logits(texts), pruned.logits(texts)) {
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-5) }
    }
  }

  @Test("filters and hidden units go, and other architectures say why not")
  func otherUnits() throws {
    let cnn = try model(.cnn)
    let filters = try #require(cnn.network.namedParameters.first { $0.name == "encoder.convolutions.0.weight" })
      .parameter
    #expect(filters.shape[0] == 100)
    let small = try StructuredPruning(share: 0.25).pruned(cnn)
    #expect(small.network.stateDictionary["encoder.convolutions.0.weight"]?.shape[0] == 75)
    #expect(small.network.stateDictionary["output.weight"]?.shape == [2, 225])
    #expect(try StructuredPruning(share: 0).pruned(cnn).logits(["a good film"]) == cnn.logits(["a good film"]))
    let mlp = try StructuredPruning(share: 0.5).pruned(model(.mlp))
    #expect(mlp.network.stateDictionary["encoder.hidden.0.weight"]?.shape == [64, 6])
    #expect(throws: ExchangeError.self) { try StructuredPruning(share: 0.5).pruned(model(.dpcnn)) }
  }
}
