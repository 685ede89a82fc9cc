import Tensors

/// The mean and the deviation of each feature of some images. Features of another program's network may have any scale:
/// with the mean 0 and the deviation 1 the usual rates of learning do well.
struct FeatureScale {
  private let mean: [Float]
  /// 1 / deviation, and 0 of a feature that is always the same.
  private let factor: [Float]

  /// - Parameter table: [N, F]
  init(of table: Tensor) {
    let (count, width) = (table.shape[0], table.shape[1])
    var sums = [Double](repeating: 0, count: width)
    var squares = sums
    let numbers = table.scalars
    for row in 0..<count {
      for column in 0..<width { sums[column] += Double(numbers[row * width + column]) }
    }
    let means = sums.map { $0 / Double(max(count, 1)) }
    for row in 0..<count {
      for column in 0..<width {
        let distance = Double(numbers[row * width + column]) - means[column]
        squares[column] += distance * distance
      }
    }
    mean = means.map { Float($0) }
    factor = zip(squares, means).map { square, mean in
      let deviation = (square / Double(max(count, 1))).squareRoot()
      // What is left of a constant feature is the rounding of its mean.
      return deviation > 1e-6 * abs(mean) && deviation > 1e-30 ? Float(1 / deviation) : 0
    }
  }

  /// The rows of a table [N, F] in this scale.
  func callAsFunction(_ table: Tensor) -> Tensor {
    var numbers = table.scalars
    for index in numbers.indices {
      let column = index % mean.count
      numbers[index] = (numbers[index] - mean[column]) * factor[column]
    }
    return Tensor(numbers, shape: table.shape)
  }

  /// The layer that makes of features as they were what a layer makes of features in this scale: x·Wᵀ + b for weight
  /// [K, F] and bias [K].
  func folded(weight: Tensor, bias: Tensor) -> (weight: Tensor, bias: Tensor) {
    var (weights, biases) = (weight.scalars, bias.scalars.map { Double($0) })
    for index in weights.indices {
      let (row, column) = index.quotientAndRemainder(dividingBy: mean.count)
      weights[index] *= factor[column]
      biases[row] -= Double(weights[index]) * Double(mean[column])
    }
    return (Tensor(weights, shape: weight.shape), Tensor(biases.map { Float($0) }, shape: bias.shape))
  }
}
