import NeuralNetworks
import Tensors
import Testing

@Suite("Optimisers equal PyTorch's")
struct OptimizerTests {
  /// Gradients that are what they are given as: those of the loss Σ p·g.
  private func gradients(_ pairs: [(Parameter, Tensor)]) -> Gradients {
    GradientTape.record {
      pairs.map { ($0.0.tensor * $0.1).sum() }.reduce(Tensor([0], shape: [])) { $0 + $1 }
    }.gradients
  }

  @Test("Adam and SGD, ten steps", arguments: ["adam", "sgd"])
  func tenSteps(name: String) throws {
    let fixture = try Fixture(name)
    let parameter = Parameter(try fixture["parameter.0"])
    let optimizer: any Optimizer =
      name == "adam"
      ? Adam([parameter], learningRate: 0.01, weightDecay: 0.1)
      : SGD([parameter], learningRate: 0.05, momentum: 0.9, weightDecay: 0.01)
    for step in 1...10 {
      optimizer.step(gradients([(parameter, try fixture["gradient.\(step)"])]), maximumNorm: nil)
      expectEqual(parameter.value, try fixture["parameter.\(step)"], "step \(step)")
    }
  }

  @Test("row-sparse Adam changes only the rows that were read")
  func rows() throws {
    let fixture = try Fixture("rows-adam")
    let table = Parameter(try fixture["parameter.0"])
    let adam = Adam([table], learningRate: 0.01)
    for step in 1...4 {
      let ids = try fixture.integers("ids.\(step)").map { Int32($0) }
      let values = try fixture["values.\(step)"]
      let gradients = GradientTape.record { (table.tensor.gatherRows(ids) * values).sum() }.gradients
      adam.step(gradients, maximumNorm: nil)
      expectEqual(table.value, try fixture["parameter.\(step)"], "step \(step)")
    }
  }

  @Test("clipping by the norm of all gradients")
  func clipping() throws {
    let fixture = try Fixture("clip")
    let (a, b) = (Parameter(Tensor(zeros: try fixture["a"].shape)), Parameter(Tensor(zeros: try fixture["b"].shape)))
    let sgd = SGD([a, b], learningRate: 1)
    sgd.step(gradients([(a, try fixture["a"]), (b, try fixture["b"])]), maximumNorm: 1.5)
    expectEqual(a.value * -1, try fixture["clipped.a"], "a")
    expectEqual(b.value * -1, try fixture["clipped.b"], "b")
  }
}
