// Compiled into one module with the readers.

/// ONNX files: an error, or a model that runs on zeros. Also arrays of NumPy, which begin with a byte that no model does.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  if bytes.first == 0x93 {
    if let value = try? NumPyArrays.read(bytes: bytes) { _ = try? NumPyArrays.bytes(value) }
    return 0
  }
  guard let model = try? ONNXRuntimeModel(bytes: bytes, memoryLimit: 64 << 20) else { return 0 }
  var inputs: [String: ONNXValue] = [:]
  for input in model.inputs {
    let extents = (input.shape ?? []).map { extent in
      if case .fixed(let number) = extent { min(number, 16) } else { 3 }
    }
    guard extents.count <= 8 else { return 0 }
    let elements = extents.reduce(1, *)
    guard elements <= 1 << 16 else { return 0 }
    let value =
      input.type == .int64
      ? ONNXValue([Int64](repeating: 1, count: elements), shape: extents)
      : ONNXValue([Float](repeating: 0.5, count: elements), shape: extents)
    inputs[input.name] = value
  }
  _ = try? model.run(inputs)
  return 0
}
