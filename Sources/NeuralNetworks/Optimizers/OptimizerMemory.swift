import Tensors

/// What optimisers share: the parameters with the settings of their groups, what is kept of each, and the loop over them.
struct OptimizerMemory {
  /// One parameter.
  struct Entry {
    let parameter: Parameter
    let group: ParameterGroup
    /// Zeros where the parameter stays zero, ones elsewhere.
    let mask: Tensor?
    /// Steps that this parameter has taken.
    var stepCount = 0
    /// By the optimiser's slots; empty before the first step.
    var state: [Tensor?] = []
    /// NAdam's product of momenta.
    var product: Float = 1
  }

  /// Where the definition of an optimiser lets a row-sparse gradient change only the rows that it has.
  enum RowUpdates {
    case never
    /// Rows with a gradient of zero stay as they are, unless a penalty moves them.
    case withoutPenalty
    /// By definition: an optimiser that is lazy.
    case always
  }

  /// Names of the tensors kept of each parameter; `nil` for one that these settings go without.
  private let slots: [String?]
  private let initialValue: Float
  private let keepsProduct: Bool
  private var entries: [Entry]

  /// A parameter that occurs more than once counts where it occurs first.
  init(_ parameters: [some OptimizedParameters], slots: [String?], initialValue: Float = 0, keepsProduct: Bool = false)
  {
    self.slots = slots
    self.initialValue = initialValue
    self.keepsProduct = keepsProduct
    var seen = Set<ObjectIdentifier>()
    entries = parameters.map(\.group).flatMap { group in
      group.parameters.filter { seen.insert(ObjectIdentifier($0)).inserted }.map {
        Entry(parameter: $0, group: group, mask: group.regularization.keepsZeros ? $0.value.zeroMask : nil)
      }
    }
  }

  /// How one step decays weights.
  enum WeightDecay {
    /// Added to the gradient.
    case gradient(Float)
    /// Taken from the parameter (Loshchilov & Hutter 2019).
    case decoupled(Float)
    /// The optimiser's own affair.
    case none
  }

  /// One step of all parameters that have a gradient and are not frozen.
  ///
  /// - Parameter makeStep: the kernel's step for one parameter, whose own step count it finds raised, and its rate.
  mutating func step(
    _ gradients: Gradients, _ clipping: GradientClipping, learningRate: Float, weightDecay: WeightDecay,
    rows: RowUpdates, _ makeStep: (inout Entry, _ rate: Float) -> OptimizerStep
  ) -> Bool {
    guard let rule = clipping.rule(for: gradients) else { return false }
    for index in entries.indices where !entries[index].parameter.isFrozen {
      guard var gradient = gradients[entries[index].parameter] else { continue }
      let group = entries[index].group
      begin(index)
      let rate = learningRate * group.learningRateScale
      var step = makeStep(&entries[index], rate)
      var own = rule
      (own.l1, own.l2) = (group.regularization.l1, group.regularization.l2)
      switch weightDecay {
      case .gradient(let decay): own.l2 += group.weightDecay ?? decay
      case .decoupled(let decay): step.decayParameter(rate: rate, decay: group.weightDecay ?? decay)
      case .none: break
      }
      step.apply(own)
      if rows == .never || (rows == .withoutPenalty && own.hasPenalty) { gradient = .dense(gradient.tensor) }
      // Kept in one place only, so that it is changed without a copy.
      var state = entries[index].state
      entries[index].state = []
      entries[index].parameter.update { value in
        step.update(&value, state: &state, gradient)
        if let maximum = group.regularization.maximumNorm {
          value.limitRowNorms(to: maximum, rows: gradient.changedRows)
        }
        if let mask = entries[index].mask { value.multiply(by: mask) }
      }
      entries[index].state = state
    }
    return true
  }

  private mutating func begin(_ index: Int) {
    if entries[index].state.isEmpty {
      let shape = entries[index].parameter.shape
      entries[index].state = slots.map { $0.map { _ in Tensor(repeating: initialValue, shape: shape) } }
    }
    entries[index].stepCount += 1
  }

  /// See ``Optimizer/state``.
  var state: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (index, entry) in entries.enumerated() {
      result["\(index).step"] = Tensor([Float(entry.stepCount)], shape: [])
      guard entry.stepCount > 0 else { continue }
      for (slot, tensor) in zip(slots, entry.state) {
        if let slot, let tensor { result["\(index).\(slot)"] = tensor }
      }
      if keepsProduct { result["\(index).mu_product"] = Tensor([entry.product], shape: []) }
    }
    return result
  }

  /// See ``Optimizer/load(state:)``.
  mutating func load(_ state: [String: Tensor]) throws(OptimizerStateError) {
    var rest = state
    func take(_ name: String, _ shape: [Int]) throws(OptimizerStateError) -> Tensor {
      guard let value = rest.removeValue(forKey: name) else { throw .missing(name: name) }
      guard value.shape == shape else { throw .shape(name: name, expected: shape, found: value.shape) }
      return value.detached
    }
    var loaded = entries
    for index in loaded.indices {
      let steps = try take("\(index).step", []).scalar
      guard steps >= 0, steps <= 0x1p24, steps == steps.rounded() else {
        throw .invalidStep(name: "\(index).step", found: steps)
      }
      loaded[index].stepCount = Int(steps)
      loaded[index].state = []
      loaded[index].product = 1
      guard steps > 0 else { continue }
      for slot in slots {
        guard let slot else {
          loaded[index].state.append(nil)
          continue
        }
        loaded[index].state.append(try take("\(index).\(slot)", loaded[index].parameter.shape))
      }
      if keepsProduct { loaded[index].product = try take("\(index).mu_product", []).scalar }
    }
    if let unknown = rest.keys.min() { throw .unknown(name: unknown) }
    entries = loaded
  }
}

extension Tensor {
  /// Zeros where a weight is zero, ones elsewhere; `nil` for vectors, and where hardly any is.
  fileprivate var zeroMask: Tensor? {
    guard rank >= 2 else { return nil }
    let numbers = scalars
    let zeros = numbers.count { $0 == 0 }
    guard zeros * 100 >= numbers.count, zeros > 0 else { return nil }
    return Tensor(numbers.map { $0 == 0 ? 0 : 1 }, shape: shape)
  }
}

extension Gradient {
  /// The rows that a step with it changes; `nil` for all.
  fileprivate var changedRows: [Int32]? {
    if case .rows(let rows) = self { rows.rows } else { nil }
  }
}
