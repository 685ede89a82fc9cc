import Foundation
import NeuralNetworks
import Tensors
import Testing

/// Activations against `torch.nn.functional`; `scripts/fixtures/activations.py` made the numbers.
@Suite("Activations equal PyTorch's")
struct ActivationTests {
  typealias Function = @Sendable (Tensor) -> Tensor

  static let functions: [(name: String, apply: Function)] = {
    var all: [(name: String, apply: Function)] = [
      ("leaky_relu-0.3", { $0.leakyReLU(slope: 0.3) }),
      ("elu-0.6", { $0.elu(alpha: 0.6) }),
      ("softplus-2-3", { $0.softplus(beta: 2, threshold: 3) }),
      ("softmax-0", { $0.softmax(dimension: 0) }),
      ("softmax-1", { $0.softmax(dimension: -2) }),
      ("log_softmax-1", { $0.logSoftmax(dimension: 1) }),
    ]
    for activation in Activation.allCases where ![.identity, .relu, .sigmoid, .tanh].contains(activation) {
      all.append((activation.rawValue, { activation($0) }))
    }
    return all
  }()

  @Test("value and gradient", arguments: functions.map(\.name))
  func parity(name: String) throws {
    let fixture = try Fixture("more-activations")
    let apply = try #require(Self.functions.first { $0.name == name }).apply
    let input = Parameter(try fixture["input"])
    expectEqual(apply(input.value), try fixture["\(name).output"], name)
    let gradients = recordGradients({ apply(input.tensor) }, outputGradient: try fixture["output_gradient"])
    expectEqual(try #require(gradients[input]).tensor, try fixture["\(name).grad"], name, isGradient: true)
  }

  @Test("PReLU with one slope and with one for each channel", arguments: [1, 6])
  func prelu(slopes: Int) throws {
    let fixture = try Fixture("more-activations")
    let layer = PReLU(channels: slopes)
    #expect(layer.weight.value == Tensor(repeating: 0.25, shape: [slopes]))
    try layer.load(["weight": fixture["prelu-\(slopes).weight"]])
    func tensor(_ key: String) throws -> Tensor { try fixture[key].channelsLast() }
    let input = Parameter(try tensor("input"))
    expectEqual(layer(input.value), try tensor("prelu-\(slopes).output"), "output")
    let gradients = recordGradients({ layer(input.tensor) }, outputGradient: try tensor("output_gradient"))
    expectEqual(
      try #require(gradients[input]).tensor, try tensor("prelu-\(slopes).grad"), "input", isGradient: true)
    expectEqual(
      try #require(gradients[layer.weight]).tensor, try fixture["prelu-\(slopes).grad.weight"], "weight",
      isGradient: true)
  }

  @Test("maxout over pairs")
  func maxout() throws {
    let fixture = try Fixture("more-activations")
    let input = Parameter(try fixture["input"].reshaped([4, 18]))
    let expected = try fixture["maxout.output"].reshaped([4, 9])
    #expect(input.value.maxout(pieces: 2) == expected)
    // [..., :3] of [4, 3, 6]
    let all = try fixture["output_gradient"].reshaped([12, 6])
    let above = Tensor((0..<12).flatMap { row in (0..<3).map { all[row, $0] } }, shape: [4, 9])
    let gradients = recordGradients({ input.tensor.maxout(pieces: 2) }, outputGradient: above)
    #expect(try #require(gradients[input]).tensor == fixture["maxout.grad"])
    let layer = Maxout(inputSize: 4, outputSize: 3, pieces: 5, random: RandomStream(seed: 1))
    #expect(layer(Tensor(zeros: [2, 4])).shape == [2, 3])
    #expect(layer.namedParameters.map(\.name) == ["linear.weight", "linear.bias"])
  }

  @Test("random slopes stay in their range, repeat by seed, and multiply the gradient too")
  func randomSlopes() {
    let input = Parameter(RandomStream(seed: 1).uniform([50_000], in: -1..<1))
    func run(_ seed: UInt64) -> (Tensor, Tensor) {
      var output = Tensor([0])
      let gradients = GradientTape.record(random: RandomStream(seed: seed)) {
        output = input.tensor.randomLeakyReLU(lower: 0.2, upper: 0.6)
        return output.sum()
      }.gradients
      return (output.detached, gradients[input]?.tensor ?? output)
    }
    let (output, gradient) = run(1)
    var slopes: [Float] = []
    for ((x, y), slope) in zip(zip(input.value.scalars, output.scalars), gradient.scalars) {
      #expect(y == x * slope)
      if x > 0 { #expect(slope == 1) } else { slopes.append(slope) }
    }
    #expect(slopes.allSatisfy { $0 >= 0.2 && $0 < 0.6 })
    // The mean of 25,000 numbers with a standard deviation of 0.115 is within 0.004 of 0.4, five times its own.
    #expect(abs(slopes.reduce(0, +) / Float(slopes.count) - 0.4) < 0.004)
    #expect(run(1).0 == output && run(2).0 != output)
  }

  @Test("names are those that settings are written with")
  func names() throws {
    let written = try JSONEncoder().encode(Activation.allCases)
    #expect(try JSONDecoder().decode([Activation].self, from: written) == Activation.allCases)
    #expect(Activation(rawValue: "gelu") == .gelu && Activation(rawValue: "leaky_relu") == .leakyReLU)
    #expect(Activation.identity(Tensor([-1, 2])) == Tensor([-1, 2]))
  }
}
