/// The gradient of a loss with respect to a tensor.
public enum Gradient: Sendable {
  /// A number for each element.
  case dense(Tensor)
  /// Some rows of a table; all others are zero.
  case rows(RowGradient)

  /// A number for each element, zeros written out.
  public var tensor: Tensor {
    switch self {
    case .dense(let tensor): tensor
    case .rows(let rows): rows.dense
    }
  }

  /// Whether no element is infinite or not a number.
  public var isFinite: Bool { squaredNorm.isFinite }

  /// Σ g², in double precision.
  package var squaredNorm: Double {
    let values =
      switch self {
      case .dense(let tensor): tensor
      case .rows(let rows): rows.values
      }
    return values.withUnsafeElements { elements in
      elements.baseAddress.map { kernels.sum_of_squares($0, elements.count) } ?? 0
    }
  }

  func adding(_ other: Gradient) -> Gradient {
    switch (self, other) {
    case (.dense(var a), .dense(let b)):
      a.add(b)
      return .dense(a)
    case (.rows(let a), .rows(let b)):
      return .rows(a.adding(b))
    case (.dense(let a), .rows(let b)), (.rows(let b), .dense(let a)):
      return Gradient.dense(a).adding(.dense(b.dense))
    }
  }
}

/// The gradient of a table [V, E] of which a step reads only some rows.
public struct RowGradient: Sendable {
  /// The rows that were read, each once, in the order in which they appear first.
  public let rows: [Int32]
  /// Their gradients, [rows.count, E].
  public let values: Tensor
  /// V.
  public let tableRows: Int

  /// The whole table's gradient.
  public var dense: Tensor {
    let width = values.shape[1]
    var result = Tensor(zeros: [tableRows, width])
    result.withUnsafeMutableElements { to in
      values.withUnsafeElements { from in
        for (index, row) in rows.enumerated() {
          for column in 0..<width { to[Int(row) * width + column] = from[index * width + column] }
        }
      }
    }
    return result
  }

  func adding(_ other: RowGradient) -> RowGradient {
    let width = values.shape[1]
    let both = Tensor.concatenated([values, other.values], axis: 0)
    return RowGradient(summing: both, at: rows + other.rows, tableRows: tableRows, width: width)
  }
}

/// The gradients of one step, by parameter.
public struct Gradients: Sendable {
  private var values: [ObjectIdentifier: Gradient] = [:]

  /// No gradients yet.
  public init() {}

  /// The gradient of a parameter; `nil` where the loss does not depend on it.
  public subscript(parameter: Parameter) -> Gradient? {
    values[ObjectIdentifier(parameter)]
  }

  mutating func add(_ gradient: Gradient, for parameter: Parameter) {
    let key = ObjectIdentifier(parameter)
    // Taken out first, so that the sum can be formed in place.
    if let present = values.removeValue(forKey: key) {
      values[key] = present.adding(gradient)
    } else {
      values[key] = gradient
    }
  }

  /// Adds the gradients of another part of the same step.
  public mutating func add(_ other: Gradients) {
    for (key, gradient) in other.values {
      if let present = values.removeValue(forKey: key) {
        values[key] = present.adding(gradient)
      } else {
        values[key] = gradient
      }
    }
  }

  /// The norm of all gradients together, as for clipping.
  public var globalNorm: Double {
    // Summed in the order of the norms, since the order of a dictionary is not fixed.
    values.values.map(\.squaredNorm).sorted().reduce(0, +).squareRoot()
  }
}
