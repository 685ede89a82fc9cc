public import NeuralNetworks
import Tensors

/// What a model says of a text.
public enum TextTask: String, Sendable, Hashable, Codable, CaseIterable {
  /// One of K labels.
  case singleLabel = "text-classification"
  /// Any number of K labels.
  case multiLabel = "multi-label-text-classification"
  /// A number.
  case regression = "text-regression"
}

/// What a model is to say of a text, and what is minimised to learn it.
public enum TextHead: Sendable, Hashable, Codable {
  /// One of K labels. With balanced classes all count alike however many texts they have: each text has the weight
  /// N / (K · texts of its class).
  case singleLabel(ClassificationLoss = ClassificationLoss(), balancesClasses: Bool = false)
  /// Those of K labels that have at least a probability of `threshold`; the loss is the binary cross-entropy. With
  /// balanced labels what is positive has the weight of the number of texts without the label over that with it.
  case multiLabel(threshold: Double = 0.5, balancesLabels: Bool = false)
  /// A number; the loss is that of numbers with mean 0 and variance 1 in the training texts.
  case regression(RegressionLoss = .squared)

  /// What a model with this head does.
  public var task: TextTask {
    switch self {
    case .singleLabel: .singleLabel
    case .multiLabel: .multiLabel
    case .regression: .regression
    }
  }
}

/// The mean and the standard deviation of numbers.
public struct ValueScale: Sendable, Hashable, Codable {
  /// The mean.
  public let mean: Double
  /// The standard deviation, or 1 where it is 0.
  public let deviation: Double

  /// Of some numbers.
  init(of values: [Float]) {
    let count = Double(max(values.count, 1))
    mean = values.reduce(0) { $0 + Double($1) } / count
    let center = mean
    let variance = values.reduce(0) { $0 + (Double($1) - center) * (Double($1) - center) } / count
    deviation = variance > 0 ? variance.squareRoot() : 1
  }
}

/// The loss of a head on the training texts, with all that it takes from them.
struct HeadLoss {
  private enum Kind {
    case classes(ClassificationLoss)
    case labelSets(positiveWeights: [Float]?)
    case values(RegressionLoss, ValueScale)
  }

  private let kind: Kind

  /// - Parameters:
  ///   - targets: those of the training texts.
  ///   - outputSize: K.
  ///   - scale: of a model's numbers; that of the targets unless given.
  init(_ head: TextHead, targets: TextTargets, outputSize: Int, scale: ValueScale? = nil) {
    switch (head, targets) {
    case (.singleLabel(var loss, let isBalanced), .classes(let classes)):
      if isBalanced {
        var counts = [Int](repeating: 0, count: outputSize)
        for index in classes { counts[Int(index)] += 1 }
        loss.classWeights = counts.map { $0 == 0 ? 0 : Float(classes.count) / Float(outputSize * $0) }
      }
      kind = .classes(loss)
    case (.multiLabel(_, let isBalanced), .labelSets(let sets)):
      var counts = [Int](repeating: 0, count: outputSize)
      for label in sets.joined() { counts[Int(label)] += 1 }
      let weights = counts.map { Float(sets.count - $0) / Float(max($0, 1)) }
      kind = .labelSets(positiveWeights: isBalanced ? weights : nil)
    case (.regression(let loss), .values(let values)):
      kind = .values(loss, scale ?? ValueScale(of: values))
    default:
      preconditionFailure("HeadLoss: targets of another task than \(head.task.rawValue)")
    }
  }

  /// The mean loss of scores [B, K] for B targets.
  func callAsFunction(_ scores: Tensor, _ targets: TextTargets) -> Tensor {
    switch (kind, targets) {
    case (.classes(let loss), .classes(let classes)):
      return loss(scores, targets: classes)
    case (.labelSets(let weights), .labelSets(let sets)):
      return scores.binaryCrossEntropy(targets: sets.asMatrix(width: scores.shape[1]), positiveWeights: weights)
    case (.values(let loss, let scale), .values(let values)):
      let wanted = values.map { (Double($0) - scale.mean) / scale.deviation }
      return loss(scores.reshaped([values.count]), targets: Tensor(wanted.map(Float.init)))
    default:
      preconditionFailure("HeadLoss: targets of another task")
    }
  }
}

extension [[Int32]] {
  /// Ones where a row's label is, zeros elsewhere: [B, K].
  func asMatrix(width: Int) -> Tensor {
    var matrix = [Float](repeating: 0, count: count * width)
    for (row, labels) in enumerated() { for label in labels { matrix[row * width + Int(label)] = 1 } }
    return Tensor(matrix, shape: [count, width])
  }
}
