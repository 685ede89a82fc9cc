import NeuralNetworks
import Tensors
import Testing

/// Gradients that are what they are given as: those of the loss Σ p·g.
func gradients(_ pairs: [(Parameter, Tensor)]) -> Gradients {
  GradientTape.record {
    pairs.map { ($0.0.tensor * $0.1).sum() }.reduce(Tensor([0], shape: [])) { $0 + $1 }
  }.gradients
}

extension Tensor {
  /// Number `index` of the first dimension.
  func item(_ index: Int) -> Tensor {
    let count = self.count / shape[0]
    return Tensor(Array(scalars[index * count..<(index + 1) * count]), shape: Array(shape.dropFirst()))
  }
}

/// Steps against `torch.optim`; `scripts/fixtures/optimisers.py` made the numbers.
@Suite("Optimisers equal PyTorch's")
struct OptimizerTests {
  typealias Make = @Sendable ([Parameter]) -> any Optimizer

  static let optimizers: [(name: String, make: Make)] = [
    ("sgd", { SGD($0, learningRate: 0.05) }),
    ("sgd-momentum", { SGD($0, learningRate: 0.05, momentum: 0.9, dampening: 0.3, weightDecay: 0.1) }),
    ("sgd-nesterov", { SGD($0, learningRate: 0.05, momentum: 0.8, isNesterov: true, weightDecay: 0.1) }),
    ("adagrad", { Adagrad($0, learningRate: 0.1) }),
    (
      "adagrad-decay",
      { Adagrad($0, learningRate: 0.1, learningRateDecay: 0.2, initialAccumulator: 0.5, weightDecay: 0.1) }
    ),
    ("adadelta", { Adadelta($0, decay: 0.8, epsilon: 1e-3, weightDecay: 0.1) }),
    ("rmsprop", { RMSprop($0, learningRate: 0.02, decay: 0.9) }),
    (
      "rmsprop-centered",
      { RMSprop($0, learningRate: 0.02, decay: 0.9, momentum: 0.7, isCentered: true, weightDecay: 0.1) }
    ),
    ("adam", { Adam($0, learningRate: 0.03, weightDecay: 0.1) }),
    ("adam-amsgrad", { Adam($0, learningRate: 0.03, beta1: 0.8, beta2: 0.7, usesAMSGrad: true) }),
    ("adamw", { AdamW($0, learningRate: 0.03, weightDecay: 0.3) }),
    (
      "adamw-amsgrad",
      { AdamW($0, learningRate: 0.03, beta1: 0.8, beta2: 0.7, weightDecay: 0.3, usesAMSGrad: true) }
    ),
    ("adamax", { Adamax($0, learningRate: 0.03, beta2: 0.9, weightDecay: 0.1) }),
    ("nadam", { NAdam($0, learningRate: 0.03, weightDecay: 0.1) }),
    (
      "nadam-decoupled",
      { NAdam($0, learningRate: 0.03, weightDecay: 0.1, momentumDecay: 0.1, decouplesWeightDecay: true) }
    ),
    ("lamb", { LAMB($0, learningRate: 0.03, weightDecay: 0.1) }),
  ]

  @Test("eight steps of every optimiser", arguments: optimizers.map(\.name))
  func steps(name: String) throws {
    let fixture = try Fixture("optimizers")
    let make = try #require(Self.optimizers.first { $0.name == name }).make
    let parameter = Parameter(try fixture["start"])
    let optimizer = make([parameter])
    for step in 0..<8 {
      optimizer.step(gradients([(parameter, try fixture["gradients"].item(step))]))
      expectEqual(parameter.value, try fixture[name].item(step), "step \(step)")
    }
  }

  @Test("a state that goes through tensors goes on to the bit", arguments: optimizers.map(\.name))
  func resume(name: String) throws {
    let make = try #require(Self.optimizers.first { $0.name == name }).make
    let random = RandomStream(seed: 11)
    func parameters() -> [Parameter] {
      [Parameter(random.uniform([3, 7], in: -1..<1)), Parameter(random.split(1).uniform([5], in: -1..<1))]
    }
    /// The second parameter has no gradient in some steps.
    func run(_ optimizer: any Optimizer, _ parameters: [Parameter], _ steps: Range<Int>) {
      for step in steps {
        let drawn = parameters.enumerated().map { index, parameter in
          (parameter, random.split(step).split(index).normal(parameter.shape))
        }
        optimizer.step(gradients(step % 3 == 0 ? [drawn[0]] : drawn), clipping: .norm(2))
      }
    }
    let straight = parameters()
    run(make(straight), straight, 0..<10)

    let parted = parameters()
    let first = make(parted)
    run(first, parted, 0..<5)
    let second = make(parted)
    try second.load(state: first.state)
    run(second, parted, 5..<10)
    #expect(parted.map(\.value) == straight.map(\.value))
    #expect(second.state["0.step"]?.scalar == 10 && second.state["1.step"]?.scalar == 6)
  }

  @Test("a state of another optimiser or network is refused, and nothing changes")
  func refusedStates() throws {
    let parameter = Parameter(Tensor([1, 2]))
    let adam = Adam([parameter])
    adam.step(gradients([(parameter, Tensor([1, 1]))]))
    let state = adam.state
    var damaged = state
    damaged["0.exp_avg"] = Tensor([1, 2, 3])
    #expect(throws: OptimizerStateError.shape(name: "0.exp_avg", expected: [2], found: [3])) {
      try adam.load(state: damaged)
    }
    damaged["0.exp_avg"] = nil
    #expect(throws: OptimizerStateError.missing(name: "0.exp_avg")) { try adam.load(state: damaged) }
    damaged = state
    damaged["0.step"] = Tensor([0.5], shape: [])
    #expect(throws: OptimizerStateError.invalidStep(name: "0.step", found: 0.5)) { try adam.load(state: damaged) }
    #expect(throws: OptimizerStateError.unknown(name: "0.exp_avg")) {
      try SGD([parameter], learningRate: 1).load(state: state)
    }
    #expect(throws: OptimizerStateError.missing(name: "1.step")) {
      try Adam([parameter, Parameter(Tensor([1]))]).load(state: state)
    }
    #expect(adam.state == state)
  }

  @Test("penalties, constraints, clipping and groups")
  func regularization() throws {
    let fixture = try Fixture("regularization")
    func check(_ name: String, clipping: GradientClipping = .none, _ make: ([Parameter]) -> any Optimizer) throws {
      let parameters = [Parameter(try fixture["a.start"]), Parameter(try fixture["b.start"])]
      let optimizer = make(parameters)
      for step in 0..<5 {
        let paths = [try fixture["a.gradients"].item(step), try fixture["b.gradients"].item(step)]
        optimizer.step(gradients(Array(zip(parameters, paths))), clipping: clipping)
        expectEqual(parameters[0].value, try fixture["\(name).a"].item(step), "\(name), a, step \(step)")
        expectEqual(parameters[1].value, try fixture["\(name).b"].item(step), "\(name), b, step \(step)")
      }
    }
    func regularized(_ regularization: Regularization) -> ([Parameter]) -> any Optimizer {
      { SGD([ParameterGroup(parameters: $0, regularization: regularization)], learningRate: 0.1) }
    }
    try check("l1", regularized(Regularization(l1: 0.3)))
    try check("l2", regularized(Regularization(l2: 0.3)))
    try check("elastic", regularized(.elastic(0.3, ratio: 0.25)))
    try check("max-norm", regularized(Regularization(maximumNorm: 1.2)))
    try check("clip-value", clipping: .value(0.5), regularized(.none))
    try check("clip-norm", clipping: .norm(0.7), regularized(.none))
    func groups(_ parameters: [Parameter], scale: Float) -> [ParameterGroup] {
      [
        ParameterGroup(parameters: [parameters[0]], learningRateScale: scale, weightDecay: 0.5),
        ParameterGroup(parameters: [parameters[1]]),
      ]
    }
    try check("groups-adamw") { AdamW(groups($0, scale: 0.2), learningRate: 0.1, weightDecay: 0.2) }
    try check("groups-sgd") { SGD(groups($0, scale: 0.2), learningRate: 0.1, momentum: 0.9, weightDecay: 0.2) }
  }

  @Test("row-sparse gradients, by rows where the definition allows it and written out elsewhere")
  func rowGradients() throws {
    let fixture = try Fixture("rows-optimizers")
    let cases: [(String, Make)] = [
      ("sgd", { SGD($0, learningRate: 0.1) }),
      ("adagrad", { Adagrad($0, learningRate: 0.1) }),
      ("sgd-decay", { SGD($0, learningRate: 0.1, weightDecay: 0.1) }),
      ("sgd-momentum", { SGD($0, learningRate: 0.1, momentum: 0.9) }),
      ("rmsprop", { RMSprop($0, learningRate: 0.1) }),
      ("lamb", { LAMB($0, learningRate: 0.1, weightDecay: 0) }),
    ]
    let ids = try fixture["ids"].scalars.map { Int32($0) }
    for (name, make) in cases {
      let table = Parameter(try fixture["start"])
      let optimizer = make([table])
      for step in 0..<4 {
        let (rows, values) = (Array(ids[4 * step..<4 * step + 4]), try fixture["values"].item(step))
        optimizer.step(GradientTape.record { (table.tensor.gatherRows(rows) * values).sum() }.gradients)
        expectEqual(table.value, try fixture[name].item(step), "\(name), step \(step)")
      }
    }
  }

  @Test("lazy AdamW decays the rows that were read, and limits their norm")
  func lazyDecay() {
    let table = Parameter(Tensor(repeating: 2, shape: [4, 3]))
    let optimizer = AdamW(
      [ParameterGroup(parameters: [table], regularization: Regularization(maximumNorm: 3))], learningRate: 0.1,
      weightDecay: 0.5)
    optimizer.step(GradientTape.record { table.tensor.gatherRows([2, 2]).sum() }.gradients)
    // 2 · (1 - 0.1 · 0.5) - 0.1 = 1.8, of which three have the norm 3.12.
    let row = Float(3) / Float(3).squareRoot()
    for index in 0..<12 { #expect(abs(table.value.scalars[index] - (index / 3 == 2 ? row : 2)) < 1e-5) }
  }

  @Test("every kind makes its optimiser, and a parameter given twice steps once")
  func kinds() {
    for kind in OptimizerKind.allCases {
      let parameter = Parameter(Tensor([1, 1]))
      let optimizer = kind.makeOptimizer([parameter, parameter])
      optimizer.step(gradients([(parameter, Tensor([1, -1]))]))
      #expect(optimizer.learningRate == kind.defaultLearningRate)
      #expect(optimizer.state["1.step"] == nil && optimizer.state["0.step"]?.scalar == 1)
      #expect(parameter.value[0] < 1 && parameter.value[1] > 0.98)
    }
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
