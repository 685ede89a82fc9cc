/// An extent that a model declares for a dimension of an input or output.
public enum ONNXDimension: Sendable, Hashable, CustomStringConvertible {
  /// Always the same.
  case fixed(Int)
  /// Any, but the same wherever the name stands.
  case symbolic(String)
  /// Any.
  case unknown

  /// The number, the name, or `?`.
  public var description: String {
    switch self {
    case .fixed(let extent): "\(extent)"
    case .symbolic(let name): name
    case .unknown: "?"
    }
  }
}

/// What a model says of one of its inputs or outputs.
public struct ONNXValueDescription: Sendable, Hashable, CustomStringConvertible {
  /// The name by which it is given or found.
  public let name: String
  /// The type of its elements; `nil` where the model does not say. Values of float16 and bfloat16 are given as float32.
  public let type: ONNXElementType?
  /// Extents; `nil` where the model does not even say how many.
  public let shape: [ONNXDimension]?

  /// Such as `float32 [batch, 3, 224, 224]`.
  public var description: String {
    let extents = shape.map { "[\($0.map(\.description).joined(separator: ", "))]" } ?? "[…]"
    return "\(type?.description ?? "any") \(extents)"
  }

  init(_ message: ONNXValueInfo) throws(OperatorFault) {
    name = message.name
    guard !name.isEmpty else { throw .wrong("name is missing") }
    guard message.hasType else {
      (type, shape) = (nil, nil)
      return
    }
    guard case .tensorType(let tensor)? = message.type.value else {
      throw .unsupported("\"\(name)\", which is no tensor")
    }
    if tensor.elemType == 0 {
      type = nil
    } else {
      guard let known = ONNXElementType(rawValue: tensor.elemType) else {
        throw .unsupported("\"\(name)\" of elements of \(ONNXElementType.name(ofUnknown: tensor.elemType))")
      }
      type = known
    }
    guard tensor.hasShape else {
      shape = nil
      return
    }
    var extents: [ONNXDimension] = []
    for dimension in tensor.shape.dim {
      switch dimension.value {
      case .dimValue(let extent)?:
        // Some exporters write what they do not know as -1.
        guard extent >= -1, extent < 1 << 48 else { throw .wrong("type.shape of \"\(name)\" has the extent \(extent)") }
        extents.append(extent < 0 ? .unknown : .fixed(Int(extent)))
      case .dimParam(let name)?: extents.append(name.isEmpty ? .unknown : .symbolic(name))
      case nil: extents.append(.unknown)
      }
    }
    shape = extents
  }

  /// Why a value does not fit; `nil` where it does.
  ///
  /// - Parameter extents: what names stand for, as far as it is known.
  func refusal(of value: ONNXValue, extents: inout [String: Int]) -> String? {
    if let type, type.held != value.type {
      return "it has elements of \(value.type), the model takes \(description)"
    }
    guard let shape else { return nil }
    guard shape.count == value.rank else { return "it has the shape \(value.shape), the model takes \(description)" }
    for (dimension, extent) in zip(shape, value.shape) {
      switch dimension {
      case .fixed(let wanted) where wanted != extent:
        return "it has the shape \(value.shape), the model takes \(description)"
      case .symbolic(let name):
        if let known = extents[name], known != extent {
          return "it has the shape \(value.shape), where \(name) is \(known) in another input"
        }
        extents[name] = extent
      default: continue
      }
    }
    return nil
  }
}
