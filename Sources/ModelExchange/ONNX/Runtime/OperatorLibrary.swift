/// What a node of a graph computes with.
typealias OperatorBody = @Sendable (Operands) throws(OperatorFault) -> [ONNXValue]

/// What is known of a node when the model is loaded.
struct OperatorContext {
  /// The version of the operators that the model is written in.
  let opset: Int
  var attributes: OperatorAttributes
  /// Operands that are the same in every run.
  let constants: [ONNXValue?]
  /// Which operands are given.
  let isGiven: [Bool]
  /// Results that have names.
  let outputCount: Int
  /// Constant operands that the body keeps in a form of its own and is not handed again.
  var packed: Set<Int> = []

  func constant(_ index: Int) -> ONNXValue? { index < constants.count ? constants[index] : nil }
  func has(_ index: Int) -> Bool { index < isGiven.count && isGiven[index] }
}

/// The operators that are computed, by ONNX's names.
struct OperatorLibrary: Sendable {
  typealias Maker = @Sendable (inout OperatorContext) throws(OperatorFault) -> OperatorBody

  struct Definition: Sendable {
    let inputs: ClosedRange<Int>
    let outputs: ClosedRange<Int>
    /// The first version of the operators that it is computed as.
    let since: Int
    /// Checks the attributes, and prepares what is constant.
    let make: Maker
  }

  private(set) var definitions: [String: Definition] = [:]

  /// Adds an operator.
  ///
  /// - Parameters:
  ///   - inputs: how many operands it takes.
  ///   - outputs: how many results it can give.
  mutating func add(
    _ name: String, inputs: ClosedRange<Int>, outputs: ClosedRange<Int> = 1...1, since: Int = 7,
    _ make: @escaping Maker
  ) {
    definitions[name] = Definition(inputs: inputs, outputs: outputs, since: since, make: make)
  }

  /// Adds an operator without attributes.
  mutating func add(_ name: String, inputs: ClosedRange<Int>, since: Int = 7, body: @escaping OperatorBody) {
    add(name, inputs: inputs, since: since) { (_) throws(OperatorFault) in body }
  }

  /// All of them.
  static let standard: OperatorLibrary = {
    var library = OperatorLibrary()
    library.addElementwise()
    library.addActivations()
    library.addArithmetic()
    library.addComparisons()
    library.addConvolutions()
    library.addPooling()
    library.addNormalizations()
    library.addProducts()
    library.addRecurrent()
    library.addReductions()
    library.addShapes()
    library.addSlicing()
    library.addGathering()
    library.addScattering()
    library.addConstants()
    library.addJoining()
    library.addPadding()
    library.addQuantization()
    library.addSoftmax()
    library.addSelection()
    library.addResizing()
    return library
  }()

  /// The versions of the operators that models may be written in.
  static let opsets = 7...28
}
