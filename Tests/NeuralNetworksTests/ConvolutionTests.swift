import NeuralNetworks
import Tensors
import Testing

/// Convolutions against `torch.nn.Conv1d` and `Conv2d`; `scripts/fixtures/convolutions.py` made the numbers.
@Suite("Convolutions")
struct ConvolutionTests {
  @Test(
    "equal PyTorch's",
    arguments: [
      "1d", "1d-strided", "2d", "2d-no-bias", "2d-strided", "2d-dilated", "2d-groups", "2d-depthwise", "2d-pointwise",
      "2d-wide",
    ])
  func parity(name: String) throws {
    let fixture = try Fixture("convolution-\(name)")
    func setting(_ key: String) throws -> Size2D {
      let numbers = try #require(fixture.metadata[key]).split(separator: ",").compactMap { Int($0) }
      return Size2D(height: numbers[0], width: numbers[1])
    }
    let input = Parameter(try fixture["input"].channelsLast())
    let weight = try fixture["weight"]
    let groups = try #require(Int(fixture.metadata["groups"] ?? ""))
    let (stride, padding, dilation) = (try setting("stride"), try setting("padding"), try setting("dilation"))
    let hasBias = fixture.contains("bias")
    let layer: any Module
    let output: () -> Tensor
    if weight.rank == 3 {
      let conv1d = Conv1d(
        inputChannels: input.shape[input.shape.count - 1], outputChannels: weight.shape[0], kernelSize: weight.shape[2],
        stride: stride.width, padding: padding.width, dilation: dilation.width, groups: groups, hasBias: hasBias,
        random: nil)
      (layer, output) = (conv1d, { conv1d(input.tensor) })
    } else {
      let conv2d = Conv2d(
        inputChannels: input.shape[input.shape.count - 1], outputChannels: weight.shape[0],
        kernelSize: Size2D(height: weight.shape[2], width: weight.shape[3]), stride: stride,
        padding: Padding2D(height: padding.height, width: padding.width),
        dilation: dilation, groups: groups, hasBias: hasBias, random: nil)
      (layer, output) = (conv2d, { conv2d(input.tensor) })
    }
    try layer.load(Dictionary(uniqueKeysWithValues: layer.namedParameters.map { ($0.name, try fixture[$0.name]) }))
    expectEqual(output(), try fixture["output"].channelsLast(), "output")
    let gradients = recordGradients(output, outputGradient: try fixture["output_gradient"].channelsLast())
    for (name, parameter) in layer.namedParameters {
      expectEqual(try #require(gradients[parameter]).tensor, try fixture["grad.\(name)"], name, isGradient: true)
    }
    expectEqual(
      try #require(gradients[input]).tensor, try fixture["grad.input"].channelsLast(), "input", isGradient: true)
  }

  @Test("the pooled text convolution is conv1d, ReLU and maximum")
  func pooledTextConvolution() throws {
    let random = RandomStream(seed: 6)
    let (length, channels, filters, width) = (300, 24, 19, 5)
    let weight = random.split("weight").uniform([filters, channels, width], in: -1..<1)
    let bias = random.split("bias").uniform([filters], in: -1..<1)
    let rows = random.split("rows").uniform([length, channels], in: -1..<1)
    let pooled = rows.convolutionMaxOverTime(
      rows: SequenceRows(counts: [length]), weight: weight, bias: bias)
    let dense = rows.reshaped([1, length, channels]).conv1d(weight: weight, bias: bias).relu().channelsFirst()
    let positions = length - width + 1
    for filter in 0..<filters {
      let largest = dense.scalars[filter * positions..<(filter + 1) * positions].max() ?? -1
      #expect(abs(pooled[0, filter] - largest) < 1e-5)
    }
  }

  @Test("any number of threads gives the same bits")
  func threads() {
    let random = RandomStream(seed: 8)
    let layer = Conv2d(
      inputChannels: 40, outputChannels: 36, kernelSize: 3, padding: 1, groups: 2, random: random)
    let x = Parameter(random.uniform([5, 13, 11, 40], in: -1..<1))
    func step(threads: Int) -> [[Float]] {
      let before = Parallelism.threads
      Parallelism.threads = threads
      defer { Parallelism.threads = before }
      var output = Tensor([0])
      let gradients = GradientTape.record {
        output = layer(x.tensor)
        return (output * output).mean()
      }.gradients
      return [output.scalars] + (layer.parameters + [x]).map { gradients[$0]?.tensor.scalars ?? [] }
    }
    let one = step(threads: 1)
    for count in [2, 3, 5] { #expect(step(threads: count) == one, "\(count) threads") }
  }
}
