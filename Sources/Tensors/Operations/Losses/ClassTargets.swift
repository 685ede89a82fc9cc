/// The classes that the rows of a matrix [B, K] should have, each with its weight.
struct ClassTargets: Sendable {
  let classes: Int
  /// Rows that count.
  let count: Int
  /// Their weights together.
  let totalWeight: Double
  private let targets: [Int32]
  private let weights: [Float]?
  private let ignored: Int32?

  init(_ operation: StaticString, _ shape: [Int], _ targets: [Int32], weights: [Float]?, ignored: Int32?) {
    precondition(
      shape.count == 2 && targets.count == shape[0],
      "\(operation): \(targets.count) targets for logits of the shape \(shape)")
    let classes = shape[1]
    precondition(
      targets.allSatisfy { $0 == ignored || ($0 >= 0 && $0 < classes) },
      "\(operation): a target is outside of the \(classes) classes")
    precondition(
      weights.map { $0.count == classes } ?? true,
      "\(operation): \(weights?.count ?? 0) class weights for \(classes) classes")
    (self.classes, self.targets, self.weights, self.ignored) = (classes, targets, weights, ignored)
    let counted = targets.filter { $0 != ignored }
    count = counted.count
    totalWeight = weights.map { weights in counted.reduce(0) { $0 + Double(weights[Int($1)]) } } ?? Double(count)
  }

  /// Adds up the losses of the rows that count, in their order.
  func sum(_ loss: (_ row: Int, _ target: Int, _ weight: Double) -> Double) -> Double {
    var losses = [Double](repeating: 0, count: targets.count)
    losses.withUnsafeMutableBufferPointer { losses in
      forEach(fillingIgnored: nil) { losses[$0] = loss($0, $1, $2) }
    }
    return losses.reduce(0, +)
  }

  /// Calls `body` for the rows that count, on several threads, and sets the others of `gradient` to zero.
  func forEach(fillingIgnored gradient: Tensor?, _ body: (_ row: Int, _ target: Int, _ weight: Double) -> Void) {
    forEachTile(ofRows: targets.count, width: classes) { rows in
      for row in rows {
        let target = targets[row]
        if target == ignored {
          if let gradient { (gradient.floats + row * classes).update(repeating: 0, count: classes) }
        } else {
          body(row, Int(target), Double(weights?[Int(target)] ?? 1))
        }
      }
    }
  }
}
