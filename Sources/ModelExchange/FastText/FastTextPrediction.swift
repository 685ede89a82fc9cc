public import BagModels
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Labels of texts. Probabilities are the numbers that fastText tells: it adds 1e-5 before it takes a logarithm, so that
/// the surest labels have a little more than 1, and with one-versus-all and negative sampling it looks the sigmoid up in a
/// table of 512 steps.
extension FastTextModel {
  /// The likeliest labels of a text, likeliest first, as `fasttext predict-prob` tells them. The text is what stands before
  /// its first line feed. There are none where no word and no n-gram of the text has a row, and of a model of word vectors.
  ///
  /// - Parameters:
  ///   - count: at most so many.
  ///   - threshold: none of a lower probability.
  public func predict(_ text: String, top count: Int = 1, threshold: Double = 0) -> [LabelProbability] {
    guard count > 0, output != nil else { return [] }
    return withScratch { scratch in
      read(text, scratch)
      return ranking(scratch, count, Float(threshold)).sorted().map {
        LabelProbability(label: labels[Int($0.label)], probability: Double(exp($0.score)))
      }
    }
  }

  /// The likeliest labels of each text, on all threads.
  public func predict(_ texts: [String], top count: Int = 1, threshold: Double = 0) -> [[LabelProbability]] {
    mapTexts(texts) { predict($0, top: count, threshold: threshold) }
  }

  /// The probability of each label for each text, in the order of ``labels``, on all threads. Empty for a text for which
  /// ``predict(_:top:threshold:)-(String,_,_)`` gives nothing.
  public func probabilities(_ texts: [String]) -> [[Float]] {
    mapTexts(texts) { text in
      withScratch { scratch in
        read(text, scratch)
        guard output != nil, !scratch.words.rows.isEmpty else { return [] }
        var all = [Float](repeating: 0, count: labels.count)
        // No label is below a logarithm of this.
        for entry in ranking(scratch, labels.count, -.infinity).entries { all[Int(entry.label)] = exp(entry.score) }
        return all
      }
    }
  }

  private func mapTexts<R: Sendable>(_ texts: [String], _ body: (String) -> R) -> [R] {
    let perTile = 32
    let tiles = (texts.count + perTile - 1) / perTile
    let parts = FastTextParts<R>(tiles)
    parallelFor(tiles) { tile in
      parts.set(tile, texts[tile * perTile..<min(texts.count, (tile + 1) * perTile)].map(body))
    }
    return parts.joined
  }

  private func ranking(_ scratch: FastTextScratch, _ count: Int, _ threshold: Float) -> FastTextRanking {
    var best = FastTextRanking(limit: min(count, labels.count))
    guard let output, !scratch.words.rows.isEmpty else { return best }
    findMean(scratch)
    if let tree {
      search(tree, output, scratch, threshold, &best)
      return best
    }
    output.dot(first: 0, count: labels.count, scratch.hidden, into: &scratch.scores)
    if settings.loss == .softmax {
      softmax(&scratch.scores, labels.count)
    } else {
      for label in labels.indices { scratch.scores[label] = FastTextSigmoid.value(scratch.scores[label]) }
    }
    for label in labels.indices where !(scratch.scores[label] < threshold) {
      // What is no number, in a model that diverged, says nothing for a label.
      let score = Self.logarithm(scratch.scores[label].isNaN ? 0 : Double(scratch.scores[label]))
      if !best.excludes(score) { best.add(score, Int32(truncatingIfNeeded: label)) }
    }
    return best
  }

  /// Goes down the tree, left before right, and leaves out what is below a node that is not likelier than the worst label
  /// found.
  private func search(
    _ tree: FastTextTree, _ output: FastTextMatrix, _ scratch: FastTextScratch, _ threshold: Float,
    _ best: inout FastTextRanking
  ) {
    let least = threshold >= 0 ? Self.logarithm(Double(threshold)) : -.infinity
    var open: [(node: Int32, score: Float)] = [(tree.root, 0)]
    while let (node, score) = open.popLast() {
      if score < least || best.excludes(score) { continue }
      let inner = Int(node) - tree.labelCount
      guard inner >= 0 else {
        best.add(score, node)
        continue
      }
      output.dot(first: inner, count: 1, scratch.hidden, into: &scratch.scores)
      let sigmoid = Float(1 / (1 + Double(exp(-scratch.scores[0]))))
      let turn = sigmoid.isNaN ? 0 : sigmoid
      open.append((tree.right[inner], score + Self.logarithm(Double(turn))))
      open.append((tree.left[inner], score + Self.logarithm(Double(Float(1 - Double(turn))))))
    }
  }

  @inline(__always)
  private static func logarithm(_ probability: Double) -> Float { Float(log(probability + 1e-5)) }

  private func softmax(_ scores: inout [Float], _ count: Int) {
    scores.withUnsafeMutableBufferPointer { scores in
      guard let base = scores.baseAddress else { return }
      kernels.softmax(base, 1, count, base)
    }
  }
}

/// The sigmoid as fastText has it, a table of -8 to 8.
private enum FastTextSigmoid {
  private static let limit: Float = 8
  private static let steps = 512

  private static let table: [Float] = (0...steps).map {
    let x = Float($0 * 2 * Int(limit)) / Float(steps) - limit
    return Float(1 / (1 + Double(exp(-x))))
  }

  static func value(_ x: Float) -> Float {
    if x < -limit { return 0 }
    if x > limit { return 1 }
    guard !x.isNaN else { return x }
    return table[Int((x + limit) * Float(steps) / limit / 2)]
  }
}
