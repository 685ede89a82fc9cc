import NeuralNetworks
import Tensors
import Testing

/// Normalisations against PyTorch; `scripts/fixtures/normalizations.py` made the numbers.
@Suite("Normalisations equal PyTorch's")
struct NormalizationTests {
  typealias Layer = (module: any Module, apply: @Sendable (Tensor) -> Tensor)

  private static func layer(_ name: String) throws -> Layer {
    func batchNorm1d(_ layer: BatchNorm1d) -> Layer { (layer, { layer($0) }) }
    func batchNorm2d(_ layer: BatchNorm2d) -> Layer { (layer, { layer($0) }) }
    func layerNorm(_ layer: LayerNorm) -> Layer { (layer, { layer($0) }) }
    func rmsNorm(_ layer: RMSNorm) -> Layer { (layer, { layer($0) }) }
    func groupNorm(_ layer: GroupNorm) -> Layer { (layer, { layer($0) }) }
    switch name {
    case "batch-norm-1d": return batchNorm1d(BatchNorm1d(channels: 19))
    case "batch-norm-1d-sequences": return batchNorm1d(BatchNorm1d(channels: 5, momentum: 0.3, epsilon: 1e-2))
    case "batch-norm-2d": return batchNorm2d(BatchNorm2d(channels: 4))
    case "batch-norm-2d-plain": return batchNorm2d(BatchNorm2d(channels: 4, isAffine: false))
    case "layer-norm": return layerNorm(LayerNorm([13]))
    case "layer-norm-two": return layerNorm(LayerNorm([3, 7], epsilon: 1e-2))
    case "layer-norm-plain": return layerNorm(LayerNorm([6], isAffine: false))
    case "rms-norm": return rmsNorm(RMSNorm([13]))
    case "rms-norm-two": return rmsNorm(RMSNorm([3, 7], epsilon: 1e-2))
    case "group-norm": return groupNorm(GroupNorm(groups: 3, channels: 6))
    case "group-norm-vectors": return groupNorm(GroupNorm(groups: 4, channels: 20))
    case "group-norm-plain": return groupNorm(GroupNorm(groups: 2, channels: 4, isAffine: false))
    case "instance-norm-1d":
      let layer = InstanceNorm1d(channels: 5)
      return (layer, { layer($0) })
    default:
      let layer = InstanceNorm2d(channels: 3, isAffine: true)
      return (layer, { layer($0) })
    }
  }

  /// Gradients as in training: on a tape with random numbers.
  private func trainingGradients(_ output: () -> Tensor, _ outputGradient: Tensor) -> (Tensor, Gradients) {
    var result = Tensor([0])
    let gradients = GradientTape.record(random: RandomStream(seed: 1)) {
      result = output()
      return (result * outputGradient).sum()
    }.gradients
    return (result.detached, gradients)
  }

  @Test(
    "output, gradients and running statistics",
    arguments: [
      "batch-norm-1d", "batch-norm-1d-sequences", "batch-norm-2d", "batch-norm-2d-plain", "layer-norm",
      "layer-norm-two", "layer-norm-plain", "rms-norm", "rms-norm-two", "group-norm", "group-norm-vectors",
      "group-norm-plain", "instance-norm-1d", "instance-norm-2d",
    ])
  func parity(name: String) throws {
    let fixture = try Fixture(name)
    let (module, apply) = try Self.layer(name)
    try module.load(fixture.all("before."))
    // PyTorch's channels come first, except where whole rows are normalised.
    let hasChannels = !(module is LayerNorm || module is RMSNorm)
    func tensor(_ key: String) throws -> Tensor {
      let tensor = try fixture[key]
      return hasChannels && tensor.rank > 1 ? tensor.channelsLast() : tensor
    }
    let input = Parameter(try tensor("input"))
    let above = try tensor("output_gradient")
    func check(_ prefix: String, _ output: Tensor, _ gradients: Gradients) throws {
      expectEqual(output, try tensor("\(prefix)output"), "\(prefix)output")
      for (name, parameter) in module.namedParameters + [("input", input)] {
        let gradient = try #require(gradients[parameter]).tensor
        expectEqual(gradient, try tensor("\(prefix)grad.\(name)"), "\(prefix)\(name)", isGradient: true)
      }
    }
    let (output, gradients) = trainingGradients({ apply(input.tensor) }, above)
    try check("", output, gradients)
    guard !module.namedBuffers.isEmpty else {
      #expect(apply(input.value) == output)
      return
    }
    #expect(module.namedBuffers.map(\.name) == ["running_mean", "running_var"])
    for (name, buffer) in module.namedBuffers { expectEqual(buffer.value, try fixture["after.\(name)"], name) }
    let after = module.stateDictionary
    try check(
      "evaluation.", apply(input.value), recordGradients({ apply(input.tensor) }, outputGradient: above))

    // A frozen layer computes as in evaluation, and its statistics stay.
    for parameter in module.parameters { parameter.isFrozen = true }
    if !module.parameters.isEmpty {
      let (frozen, gradients) = trainingGradients({ apply(input.tensor) }, above)
      expectEqual(frozen, try tensor("evaluation.output"), "frozen")
      expectEqual(
        try #require(gradients[input]).tensor, try tensor("evaluation.grad.input"), "frozen", isGradient: true)
      #expect(module.parameters.allSatisfy { gradients[$0] == nil })
    }
    #expect(module.stateDictionary == after)
  }

  @Test("buffers are saved with the weights and are no parameters")
  func buffers() throws {
    let layer = BatchNorm2d(channels: 3)
    #expect(layer.parameterCount == 6)
    #expect(layer.description == "BatchNorm2d(channels 3)  6 parameters")
    #expect(Set(layer.stateDictionary.keys) == ["weight", "bias", "running_mean", "running_var"])
    #expect(layer.stateDictionary["running_var"] == Tensor([1, 1, 1]))
    var state = layer.stateDictionary
    state["running_mean"] = nil
    #expect(throws: ModuleLoadingError.missing(name: "running_mean", shape: [3])) { try layer.load(state) }
    state["running_mean"] = Tensor([1])
    #expect(throws: ModuleLoadingError.shape(name: "running_mean", expected: [3], found: [1])) {
      try layer.load(state)
    }
  }

  @Test("an addition and ReLU behind a batch normalisation are those that follow it", arguments: [true, false])
  func fused(isTraining: Bool) throws {
    let random = RandomStream(seed: 21)
    let (one, two) = (BatchNorm2d(channels: 37), BatchNorm2d(channels: 37))
    for layer in [one, two] {
      layer.weight?.value = random.split("weight").uniform([37], in: 0.5..<1.5)
      layer.bias?.value = random.split("bias").uniform([37], in: -0.5..<0.5)
    }
    let inputs = (0..<2).map { Parameter(random.split($0).uniform([3, 7, 5, 37], in: -1..<1)) }
    let above = random.split("above").uniform([3, 7, 5, 37], in: -1..<1)
    func gradients(_ output: () -> Tensor) -> (Tensor, Gradients) {
      isTraining
        ? trainingGradients(output, above) : (output().detached, recordGradients(output, outputGradient: above))
    }
    for hasAddend in [true, false] {
      let (fused, own) = gradients {
        one(inputs[0].tensor, adding: hasAddend ? inputs[1].tensor : nil, clipsNegative: true)
      }
      let (plain, expected) = gradients {
        let normal = two(inputs[0].tensor)
        return (hasAddend ? normal + inputs[1].tensor : normal).relu()
      }
      expectEqual(fused, plain, "output")
      for (a, b) in zip(one.parameters, two.parameters) {
        expectEqual(try #require(own[a]).tensor, try #require(expected[b]).tensor, "parameters", isGradient: true)
      }
      for input in inputs.prefix(hasAddend ? 2 : 1) {
        expectEqual(try #require(own[input]).tensor, try #require(expected[input]).tensor, "input", isGradient: true)
      }
      #expect(one.runningMean.value == two.runningMean.value)
    }
  }

  @Test("a mean far from zero costs the variance no digits")
  func largeMean() {
    let random = RandomStream(seed: 4)
    let small = random.uniform([4000, 9], in: -1..<1)
    let (_, near) = small.batchNorm()
    let (_, far) = (small + Tensor(repeating: 512, shape: [4000, 9])).batchNorm()
    for (a, b) in zip(near.variance.scalars, far.variance.scalars) { #expect(abs(a - b) < 2e-4 * a) }
    for (a, b) in zip(near.mean.scalars, far.mean.scalars) { #expect(abs(a + 512 - b) < 1e-3) }
  }

  @Test("a batch of one number a channel is normalised by the running statistics")
  func oneNumber() {
    let layer = BatchNorm1d(channels: 2)
    let input = Tensor([3, -4], shape: [1, 2])
    let (output, _) = trainingGradients({ layer(input) }, input)
    #expect(output == layer(input) && abs(output[0, 0] - 3) < 1e-4)
    #expect(layer.runningMean.value == Tensor([0, 0]))
  }

  @Test("any number of threads gives the same bits")
  func threads() {
    let random = RandomStream(seed: 3)
    let (vectors, images) = (
      Parameter(random.uniform([70, 300], in: -1..<1)), Parameter(random.uniform([6, 40, 31, 8], in: -1..<1))
    )
    let (one, two) = (BatchNorm1d(channels: 300), BatchNorm2d(channels: 8))
    let (three, four) = (LayerNorm([300]), GroupNorm(groups: 4, channels: 8))
    let layers: [any Module] = [one, two, three, four]
    func step(threads: Int) -> [[Float]] {
      let before = Parallelism.threads
      Parallelism.threads = threads
      defer { Parallelism.threads = before }
      var outputs: [[Float]] = []
      let gradients = GradientTape.record(random: random) {
        let results = [one(vectors.tensor), three(vectors.tensor), two(images.tensor), four(images.tensor)]
        outputs = results.map(\.scalars)
        return results.map { ($0 * $0 * $0).sum() }.reduce(Tensor([0], shape: [])) { $0 + $1 }
      }.gradients
      return outputs + (layers.flatMap(\.parameters) + [vectors, images]).map { gradients[$0]?.tensor.scalars ?? [] }
    }
    let alone = step(threads: 1)
    for count in [2, 3] { #expect(step(threads: count) == alone, "\(count) threads") }
  }

  /// A layer with a weight of length times direction, named as PyTorch names it.
  private final class NormalizedLayer: Module {
    let weight: WeightNormalization
    let bias: Parameter

    init(_ weight: Tensor, _ bias: Tensor) {
      self.weight = WeightNormalization(weight)
      self.bias = Parameter(bias)
    }
  }

  @Test("weight normalisation", arguments: ["weight-norm-linear", "weight-norm-convolution"])
  func weightNormalization(name: String) throws {
    let fixture = try Fixture(name)
    let layer = NormalizedLayer(try fixture["weight"], try fixture["bias"])
    expectEqual(layer.weight.magnitude.value, try fixture["start.original0"], "length")
    expectEqual(layer.weight.tensor, try fixture["weight"], "weight at the start")
    #expect(layer.namedParameters.map(\.name) == ["weight.original0", "weight.original1", "bias"])
    try layer.weight.load(fixture.all("parametrizations.weight."))
    func tensor(_ key: String) throws -> Tensor {
      name == "weight-norm-linear" ? try fixture[key] : try fixture[key].channelsLast()
    }
    let input = Parameter(try tensor("input"))
    @Sendable func output() -> Tensor {
      name == "weight-norm-linear"
        ? input.tensor.linear(weight: layer.weight.tensor, bias: layer.bias.tensor)
        : input.tensor.conv1d(weight: layer.weight.tensor, bias: layer.bias.tensor)
    }
    expectEqual(output(), try tensor("output"), "output")
    let gradients = recordGradients(output, outputGradient: try tensor("output_gradient"))
    let names = ["parametrizations.weight.original0", "parametrizations.weight.original1", "bias"]
    for (name, parameter) in zip(names, layer.parameters) {
      expectEqual(try #require(gradients[parameter]).tensor, try fixture["grad.\(name)"], name, isGradient: true)
    }
    expectEqual(try #require(gradients[input]).tensor, try tensor("grad.input"), "input", isGradient: true)
  }
}
