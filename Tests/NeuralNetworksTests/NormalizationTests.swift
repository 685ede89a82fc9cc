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
    let input = Parameter(try fixture["input"])
    let above = try fixture["output_gradient"]
    func check(_ prefix: String, _ output: Tensor, _ gradients: Gradients) throws {
      expectEqual(output, try fixture["\(prefix)output"], "\(prefix)output")
      for (name, parameter) in module.namedParameters + [("input", input)] {
        let gradient = try #require(gradients[parameter]).tensor
        expectEqual(gradient, try fixture["\(prefix)grad.\(name)"], "\(prefix)\(name)", isGradient: true)
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
      expectEqual(frozen, try fixture["evaluation.output"], "frozen")
      expectEqual(
        try #require(gradients[input]).tensor, try fixture["evaluation.grad.input"], "frozen", isGradient: true)
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
      Parameter(random.uniform([70, 300], in: -1..<1)), Parameter(random.uniform([6, 8, 40, 31], in: -1..<1))
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
    let input = Parameter(try fixture["input"])
    @Sendable func output() -> Tensor {
      name == "weight-norm-linear"
        ? input.tensor.linear(weight: layer.weight.tensor, bias: layer.bias.tensor)
        : input.tensor.conv1d(weight: layer.weight.tensor, bias: layer.bias.tensor)
    }
    expectEqual(output(), try fixture["output"], "output")
    let gradients = recordGradients(output, outputGradient: try fixture["output_gradient"])
    let names = ["parametrizations.weight.original0", "parametrizations.weight.original1", "bias", "input"]
    for (name, parameter) in zip(names, layer.parameters + [input]) {
      expectEqual(try #require(gradients[parameter]).tensor, try fixture["grad.\(name)"], name, isGradient: true)
    }
  }
}
