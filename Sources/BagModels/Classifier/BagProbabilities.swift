import CKernels
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension BagClassifier {
  /// What `model.json` calls its task.
  public static var task: String { BagClassifierDescription.taskName }

  /// Numbers of the rows and of the output layer.
  public var parameterCount: Int { (rows.count + output.table.count) * options.dimensions }

  /// The probability of each label for each text, in the order of ``labels``, on all threads. The likeliest ones of very
  /// many are found faster by ``predict(_:top:threshold:)-(String,_,_)``.
  public func probabilities(_ texts: [String]) -> [[Float]] {
    forEach(texts.count) { index, scratch in
      scratch.read(texts[index], features)
      scratch.findMean(rows, once: options.countsFeaturesOnce)
      return output.probabilities(scratch)
    }
  }
}

extension OutputLayer {
  /// The probabilities of all labels for the hidden vector that the scratch holds.
  func probabilities(_ scratch: PredictionScratch) -> [Float] {
    let (scores, hidden) = (scratch.scores.base, scratch.hidden.base)
    kernels.dot_rows(table.base, table.stride, table.width, nil, table.count, hidden, scores)
    guard let tree else {
      if loss == .softmax {
        kernels.softmax(scores, 1, labelCount, scores)
      } else {
        kernels.sigmoid(scores, scores, labelCount)
      }
      return Array(UnsafeBufferPointer(start: scores, count: labelCount))
    }
    // Down the tree from its root; a single label has no node above it.
    guard let root = tree.root else { return [1] }
    var all = [Float](repeating: 0, count: labelCount)
    var open: [(place: Int32, probability: Float)] = [(~root, 1)]
    while let (place, probability) = open.popLast() {
      guard place < 0 else {
        all[Int(place)] = probability
        continue
      }
      let node = Int(~place)
      let turn = 1 / (1 + exp(-scores[node]))
      open.append((tree.right[node], probability * turn))
      open.append((tree.left[node], probability * (1 - turn)))
    }
    return all
  }
}
