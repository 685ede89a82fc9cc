/// What an ONNX file says of itself, whether or not it can be run here.
public struct ONNXSummary: Sendable, Encodable {
  /// An input or an output.
  public struct Value: Sendable, Encodable {
    /// Its name.
    public let name: String
    /// Type and shape, such as `float32 [batch, 3, 224, 224]`.
    public let form: String
  }

  /// A kind of operator.
  public struct Operator: Sendable, Encodable {
    /// Its name, with its domain before it where that is not ONNX's own.
    public let name: String
    /// Nodes of it.
    public let count: Int
    /// Whether ``ONNXRuntimeModel`` computes it.
    public let isSupported: Bool

    private enum CodingKeys: String, CodingKey {
      case name, count
      case isSupported = "supported"
    }
  }

  /// The program that wrote the file, with its version; empty where it does not say.
  public let producer: String
  /// The version of the format.
  public let irVersion: Int
  /// The version of ONNX's own operators; `nil` where none is said.
  public let opset: Int?
  /// What it takes.
  public let inputs: [Value]
  /// What it gives.
  public let outputs: [Value]
  /// Numbers that are part of it, in tensors of floating-point numbers and bytes.
  public let parameters: Int
  /// By name.
  public let operators: [Operator]
  /// Free text by name, as labels and preparation that nlptool writes.
  public let metadata: [String: String]

  private enum CodingKeys: String, CodingKey {
    case producer
    case irVersion = "ir_version"
    case opset, inputs, outputs, parameters, operators, metadata
  }

  /// Reads a file. Nothing but its message is read: no numbers in other files, no graph is checked.
  ///
  /// - Throws: ``ExchangeError`` where it cannot be read or is no ONNX model.
  public init(contentsOf path: String) throws(ExchangeError) {
    let message = try ONNXModel(contentsOf: path)
    guard message.hasGraph else { throw .malformed(path: path, field: "graph", reason: "it is missing") }
    let graph = message.graph
    (producer, irVersion, metadata) = (message.producer, Int(message.irVersion), message.metadata)
    let opset = message.standardOpset.map { Int($0) }
    self.opset = opset
    let constants = Set(graph.initializer.map(\.name))
    inputs = graph.input.filter { !constants.contains($0.name) }.map(Self.value)
    outputs = graph.output.map(Self.value)
    parameters = graph.initializer.reduce(0) { $0 &+ Self.count($1) }
    var counts: [String: Int] = [:]
    var unsupported: Set<String> = []
    for node in graph.node {
      let isStandard = node.domain.isEmpty || node.domain == "ai.onnx"
      let name = isStandard ? node.opType : "\(node.domain).\(node.opType)"
      counts[name, default: 0] += 1
      let since = isStandard ? OperatorLibrary.standard.definitions[node.opType]?.since : nil
      if since.map({ $0 > opset ?? 0 }) ?? true { unsupported.insert(name) }
    }
    operators = counts.sorted { $0.key < $1.key }.map {
      Operator(name: $0.key, count: $0.value, isSupported: !unsupported.contains($0.key))
    }
  }

  private static func value(_ message: ONNXValueInfo) -> Value {
    let form = (try? ONNXValueDescription(message)).map(\.description) ?? "no tensor that is known"
    return Value(name: message.name, form: form)
  }

  /// The numbers of a tensor that are weights: integers of other types are shapes, axes and the like.
  private static func count(_ tensor: ONNXTensor) -> Int {
    switch ONNXElementType(rawValue: tensor.dataType) {
    case .float32, .float64, .float16, .bfloat16, .int8, .uint8: break
    default: return 0
    }
    var count = 1
    for extent in tensor.dims {
      let (product, overflows) = count.multipliedReportingOverflow(by: Int(extent))
      guard !overflows, product >= 0, product < 1 << 48 else { return 0 }
      count = product
    }
    return count
  }
}
