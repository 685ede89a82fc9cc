import Tensors

extension NodeJoining {
  /// The four nodes behind a division by √2 that make a GELU of it, as exporters write it out before version 20: an error
  /// function, the addition of 1, and products with the operand and with ½.
  func gelu(from first: Int) -> [Int]? {
    let start = nodes[first]
    guard start.inputs.count == 2, case let x?? = start.inputs.first, let scale = number(start.inputs[1]),
      abs((start.operation == "Div" ? 1 / scale : scale) - 0.5.squareRoot()) < 1e-6,
      let error = onlyReader(of: first), nodes[error].operation == "Erf",
      let sum = onlyReader(of: error), nodes[sum].operation == "Add", number(otherOperand(of: sum, than: error)) == 1,
      let product = onlyReader(of: sum), nodes[product].operation == "Mul",
      let last = onlyReader(of: product), nodes[last].operation == "Mul"
    else { return nil }
    let others = [otherOperand(of: product, than: sum), otherOperand(of: last, than: product)]
    let isHalved = number(others[0]) == 0.5 && others[1] == x || others[0] == x && number(others[1]) == 0.5
    return isHalved ? [error, sum, product, last] : nil
  }

  /// The number that an operand is in every run, of float32 and one element.
  private func number(_ input: Int?) -> Double? {
    guard let value = input.flatMap({ constants[$0] }), value.count == 1, value.type == .float32 else { return nil }
    return value.doubles.first
  }
}
