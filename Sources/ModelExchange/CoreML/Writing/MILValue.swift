/// The type of a value of an ML Program: its elements, and its extents, `nil` where one is open.
struct MILType: Hashable {
  let element: CoreMLTensorType.Element
  let shape: [Int?]

  init(_ element: CoreMLTensorType.Element, _ shape: [Int?]) { (self.element, self.shape) = (element, shape) }

  static func floats(_ shape: [Int?]) -> MILType { MILType(.float32, shape) }

  var message: CoreMLValueType {
    .with {
      $0.tensorType.dataType = element
      $0.tensorType.rank = Int64(shape.count)
      $0.tensorType.dimensions = shape.map { extent in
        .with { if let extent { $0.constant.size = UInt64(extent) } else { $0.unknown = .init() } }
      }
    }
  }
}

/// A value of an ML Program.
struct MILValue {
  let name: String
  let type: MILType

  var shape: [Int?] { type.shape }
  var message: CoreMLNamedValueType { .with { ($0.name, $0.type) = (name, type.message) } }
}

/// What an ML Program gives.
struct MILOutput {
  enum Kind {
    case tensor(MILType)
    /// A string.
    case label
    /// A number for each label.
    case probabilities
  }

  let name: String
  let kind: Kind
}

/// A value that stands in the program itself.
enum MILConstant: Hashable {
  case int(Int)
  case ints([Int])
  case float(Float)
  case bool(Bool)
  case bools([Bool])
  case string(String)

  var type: MILType {
    switch self {
    case .int: MILType(.int32, [])
    case .ints(let values): MILType(.int32, [values.count])
    case .float: MILType(.float32, [])
    case .bool: MILType(.bool, [])
    case .bools(let values): MILType(.bool, [values.count])
    case .string: MILType(.string, [])
    }
  }

  var message: CoreMLValue {
    .with {
      $0.type = type.message
      switch self {
      case .int(let value): $0.immediateValue.tensor.ints.values = [Int32(value)]
      case .ints(let values): $0.immediateValue.tensor.ints.values = values.map { Int32($0) }
      case .float(let value): $0.immediateValue.tensor.floats.values = [value]
      case .bool(let value): $0.immediateValue.tensor.bools.values = [value]
      case .bools(let values): $0.immediateValue.tensor.bools.values = values
      case .string(let value): $0.immediateValue.tensor.strings.values = [value]
      }
    }
  }
}

/// What an operation takes for one of its parameters.
enum MILOperand {
  case value(MILValue)
  case values([MILValue])
  case constant(MILConstant)
  /// The default of the parameter.
  case absent

  static func optional(_ value: MILValue?) -> MILOperand { value.map { .value($0) } ?? .absent }
  static func int(_ value: Int) -> MILOperand { .constant(.int(value)) }
  static func ints(_ values: [Int]) -> MILOperand { .constant(.ints(values)) }
  static func float(_ value: Float) -> MILOperand { .constant(.float(value)) }
  static func bool(_ value: Bool) -> MILOperand { .constant(.bool(value)) }
  static func bools(_ values: [Bool]) -> MILOperand { .constant(.bools(values)) }
  static func string(_ value: String) -> MILOperand { .constant(.string(value)) }
}
