#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An ONNX model that is run by the library's own kernels.
///
///     let model = try ONNXRuntimeModel(contentsOf: "model.onnx")
///     let outputs = try model.run(["image": ONNXValue(image)])
///     let scores = outputs["scores"]?.tensor
///
/// A value: many threads may run one model at the same time. Loading checks the whole file, names every operator that
/// cannot be computed, computes what does not depend on the inputs and packs weights.
public struct ONNXRuntimeModel: Sendable {
  /// What ``run(_:)`` takes.
  public let inputs: [ONNXValueDescription]
  /// What ``run(_:)`` gives.
  public let outputs: [ONNXValueDescription]
  /// The version of ONNX's operators that the model is written in.
  public let opset: Int
  /// The program that wrote the file, with its version; empty where it does not say.
  public let producer: String
  /// Free text by name.
  public let metadata: [String: String]

  private let path: String
  private let plan: ExecutionPlan
  private let inputValues: [Int]
  private let outputValues: [Int]
  private let memoryLimit: Int

  /// A quarter of the machine's memory.
  public static let usualMemoryLimit: Int = {
    let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0 ? pages / 4 * size : 1 << 30
  }()

  /// Reads a file. Numbers in files beside it are read from its own folder only.
  ///
  /// - Parameter memoryLimit: bytes that the values of a run may have together; what asks for more is an error.
  /// - Throws: `ExchangeError`, which names the part of the file that is wrong or not supported.
  public init(contentsOf path: String, memoryLimit: Int = usualMemoryLimit) throws(ExchangeError) {
    try self.init(
      ONNXModel(contentsOf: path), path: path, folder: ONNXModel.folder(of: path), memoryLimit: memoryLimit)
  }

  /// Reads a model that is in memory, which can have no numbers elsewhere.
  ///
  /// - Parameters:
  ///   - bytes: what a file would hold.
  ///   - name: what errors call it.
  ///   - memoryLimit: see ``init(contentsOf:memoryLimit:)``.
  public init(
    bytes: [UInt8], name: String = "model", memoryLimit: Int = usualMemoryLimit
  ) throws(ExchangeError) {
    let result: Result<ONNXModel, ExchangeError> = bytes.withUnsafeBytes { bytes in
      do throws(ExchangeError) { return .success(try ONNXModel(bytes, path: name)) } catch { return .failure(error) }
    }
    try self.init(result.get(), path: name, folder: nil, memoryLimit: memoryLimit)
  }

  /// The model of a message.
  ///
  /// - Parameters:
  ///   - path: what errors call it.
  ///   - folder: where files beside it are looked for.
  ///   - joins: whether operators that follow each other are computed together; for tests.
  init(
    _ message: ONNXModel, path: String, folder: String?, memoryLimit: Int = usualMemoryLimit, joins: Bool = true
  ) throws(ExchangeError) {
    let built: Result<(ReadGraph, ExecutionPlan), ExchangeError> = ValueLimit.$bytes.withValue(memoryLimit) {
      do throws(ExchangeError) {
        var reader = ONNXGraphReader(path: path, folder: folder)
        let graph = try reader.read(message)
        return .success((graph, try ExecutionPlan(graph, path: path, joins: joins)))
      } catch {
        return .failure(error)
      }
    }
    let (graph, plan) = try built.get()
    (self.path, self.plan, self.memoryLimit) = (path, plan, memoryLimit)
    inputs = graph.inputs.map(\.description)
    outputs = graph.outputs.map(\.description)
    inputValues = graph.inputs.map(\.value)
    outputValues = graph.outputs.map(\.value)
    opset = graph.opset
    producer = message.producer
    metadata = message.metadata
  }

  /// Computes the outputs for some inputs, both by name.
  ///
  /// Values of float16 and bfloat16 are given and found as float32.
  ///
  /// - Throws: `ExchangeError.wrongInput` where one is missing, unknown, or of another type or shape than the model
  ///   declares; `.malformed` and `.unsupported` where a node cannot compute with what it gets.
  public func run(_ inputs: [String: ONNXValue]) throws(ExchangeError) -> [String: ONNXValue] {
    var slots = [ONNXValue?](repeating: nil, count: plan.valueCount)
    var extents: [String: Int] = [:]
    for (description, value) in zip(self.inputs, inputValues) {
      guard let input = inputs[description.name] else {
        throw .wrongInput(name: description.name, reason: "it is missing; the model takes \(description)")
      }
      if let refusal = description.refusal(of: input, extents: &extents) {
        throw .wrongInput(name: description.name, reason: refusal)
      }
      slots[value] = input
    }
    if let unknown = inputs.keys.sorted().first(where: { name in !self.inputs.contains { $0.name == name } }) {
      throw .wrongInput(
        name: unknown, reason: "the model has no such input; it has \(self.inputs.map(\.name).joined(separator: ", "))")
    }
    let failure: ExchangeError? = ValueLimit.$bytes.withValue(memoryLimit) {
      do throws(ExchangeError) {
        try execute(&slots)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    var results: [String: ONNXValue] = [:]
    for (description, value) in zip(outputs, outputValues) {
      guard let result = slots[value] ?? plan.constants[value] else {
        throw .malformed(
          path: path, field: "graph.output \"\(shown(description.name))\"", reason: "nothing was computed")
      }
      results[description.name] = result.plain
    }
    return results
  }

  private func execute(_ slots: inout [ONNXValue?]) throws(ExchangeError) {
    var bytes = slots.reduce(0) { $0 + ($1?.byteCount ?? 0) }
    for node in plan.nodes {
      let operands = Operands(
        values: node.inputs.map { input in input.flatMap { slots[$0] ?? plan.constants[$0] } },
        outputCount: (node.outputs.lastIndex { $0 != nil } ?? -1) + 1)
      let results: [ONNXValue]
      do throws(OperatorFault) { results = try node.body(operands) } catch {
        throw error.locatedInRun(path: path, node.label)
      }
      for (place, output) in node.outputs.enumerated() {
        guard let output else { continue }
        guard place < results.count else {
          throw .unsupported(path: path, what: "\(node.label) with output[\(place)]")
        }
        slots[output] = results[place]
        bytes += results[place].byteCount
      }
      for value in node.lastReads {
        bytes -= slots[value]?.byteCount ?? 0
        slots[value] = nil
      }
      guard bytes <= memoryLimit else {
        throw .malformed(
          path: path, field: node.label,
          reason: "the values take more than the \(memoryLimit >> 20) MB that a run may have")
      }
    }
  }
}
