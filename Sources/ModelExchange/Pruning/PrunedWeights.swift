import Tensors

/// Weights by name, of which rows and columns go.
struct PrunedWeights {
  private(set) var tensors: [String: Tensor]

  init(_ tensors: [String: Tensor]) { self.tensors = tensors }

  /// A weight as a matrix: its first dimension, and all others together. Empty where there is none.
  private func matrix(_ name: String) -> (rows: Int, columns: Int, numbers: [Float]) {
    guard let tensor = tensors[name], let rows = tensor.shape.first, rows > 0 else { return (0, 0, []) }
    return (rows, tensor.count / rows, tensor.scalars)
  }

  /// The sum of the squares of each row.
  func rowNorms(_ name: String) -> [Float] {
    let (rows, columns, numbers) = matrix(name)
    return (0..<rows).map { row in numbers[row * columns..<(row + 1) * columns].reduce(0) { $0 + $1 * $1 } }
  }

  /// The sum of the squares of each column.
  func columnNorms(_ name: String) -> [Float] {
    let (rows, columns, numbers) = matrix(name)
    var norms = [Float](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns { norms[column] += numbers[row * columns + column] * numbers[row * columns + column] }
    }
    return norms
  }

  mutating func keepRows(_ names: [String], _ kept: [Int]) {
    for name in names {
      guard let tensor = tensors[name] else { continue }
      let (_, columns, numbers) = matrix(name)
      tensors[name] = Tensor(
        kept.flatMap { numbers[$0 * columns..<($0 + 1) * columns] }, shape: [kept.count] + tensor.shape.dropFirst())
    }
  }

  /// Keeps some inputs of a layer, each of which is `span` numbers of the second dimension, with all that is behind.
  mutating func keepInputs(_ name: String, _ kept: [Int], span: Int) {
    guard let tensor = tensors[name], tensor.rank >= 2 else { return }
    let (rows, columns, numbers) = matrix(name)
    let width = span * tensor.shape.dropFirst(2).reduce(1, *)
    var left: [Float] = []
    left.reserveCapacity(rows * kept.count * width)
    for row in 0..<rows {
      for input in kept {
        let first = row * columns + input * width
        left += numbers[first..<first + width]
      }
    }
    let shape: [Int] = [rows, kept.count * span] + tensor.shape.dropFirst(2)
    tensors[name] = Tensor(left, shape: shape)
  }

  mutating func keepColumns(_ name: String, _ kept: [Int]) {
    let (rows, columns, numbers) = matrix(name)
    guard rows > 0 else { return }
    tensors[name] = Tensor(
      (0..<rows).flatMap { row in kept.map { numbers[row * columns + $0] } }, shape: [rows, kept.count])
  }
}

extension [Float] {
  /// The places of the largest numbers, in their order; of equal ones the first.
  func largest(_ count: Int) -> [Int] {
    indices.sorted { (self[$1], $0) < (self[$0], $1) }.prefix(count).sorted()
  }
}
