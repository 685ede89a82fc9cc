import CKernels
import Tensors

/// Trains the rows of words and n-grams by what stands near what, with a result that does not depend on the number of
/// threads.
///
/// A step takes some hundred positions of the text. First every part of them, on any thread, computes scores and gradients
/// with the tables as the step found them; then the gradients are added, each shard of the rows by one thread
/// (``UpdateShards``). Within so few positions rows are shared rarely, so that the vectors are as good as if positions
/// came one by one.
struct WordVectorTrainer {
  /// Pieces of a step, whatever the number of threads.
  private static let partCount = 16

  let options: WordVectorOptions
  let features: FeatureMap
  /// The words of all texts that are in the vocabulary, one text behind the other.
  let words: [Int32]
  /// Where each text begins in `words`, and where the last one ends.
  let starts: [Int]
  /// Rows of words and n-grams.
  let rows: RowTable
  /// What words are predicted with, a row each.
  let output: RowTable

  /// Positions of a step, about; a step ends with a sentence. Fewer where there are so few words that a step would change
  /// the same rows again and again.
  private var positionsPerStep: Int { min(256, max(1, features.vocabulary.count / 8)) }
  /// A longer text is read as several.
  private var sentenceLimit: Int { max(4 * positionsPerStep, 2 * options.window) }

  /// - Throws: ``BagModelError/diverged(step:learningRate:)`` and ``BagModelError/cancelled``.
  func run(shouldStop: () -> Bool, report: (BagProgress) -> Void) throws(BagModelError) {
    let random = RandomStream(seed: options.seed).split("word vectors")
    let keeping = keepingLimits()
    let counts = features.vocabulary.entries.map { $0.isReserved ? 0 : $0.count }
    let sampler = NegativeSampler(counts: counts, power: 0.5)
    let parts = (0..<Self.partCount).map { _ in WordVectorPart(options, features: features, sampler: sampler) }
    let step = WordVectorStep()
    let (positionsPerStep, sentenceLimit) = (positionsPerStep, sentenceLimit)
    let total = words.count * options.epochs
    var (wordsDone, stepCount) = (0, 0)
    var (loss, predictions) = (0.0, 0)
    let start = ContinuousClock.now
    var lastReport = start

    for epoch in 1...options.epochs {
      var generator = random.split("subsampling").split(epoch).generator
      var text = 0
      var place = 0
      while text < starts.count - 1 {
        step.removeAll()
        let before = wordsDone
        while step.count < positionsPerStep, text < starts.count - 1 {
          place = max(place, starts[text])
          let end = min(place + sentenceLimit, starts[text + 1])
          step.append(words[place..<end], keeping: keeping, &generator)
          wordsDone += end - place
          place = end
          if place == starts[text + 1] { text += 1 }
        }
        stepCount += 1
        let rate = options.learningRate * Float(1 - Double(before) / Double(max(total, 1)))
        let stepRandom = random.split("positions").split(stepCount)
        step.begin(parts: Self.partCount, stride: rows.stride, updates: updateLimit(step))
        parallelFor(Self.partCount) { part in
          parts[part].run(
            step, range: step.range(part, of: Self.partCount), part: part, rows: rows, output: output, rate: rate,
            random: stepRandom)
        }
        for part in parts {
          loss += part.loss
          predictions += part.predictions
        }
        guard loss.isFinite else { throw .diverged(step: stepCount, learningRate: options.learningRate) }
        parallelFor(2 * UpdateShards.count) { index in
          if index % 2 == 0 {
            step.outputUpdates.apply(
              shard: index / 2, to: output, sources: step.hidden.base, stride: rows.stride)
          } else {
            step.rowUpdates.apply(
              shard: index / 2, to: rows, sources: step.gradients.base, stride: rows.stride)
          }
        }
        let now = ContinuousClock.now
        let isLast = epoch == options.epochs && text == starts.count - 1
        if now - lastReport > .milliseconds(100) || isLast {
          lastReport = now
          report(
            BagProgress(
              wordsDone: wordsDone, words: total, rate: Double(wordsDone) / max((now - start).seconds, 1e-9),
              loss: loss / Double(max(predictions, 1)), learningRate: rate))
          (loss, predictions) = (0, 0)
        }
        if !isLast, shouldStop() { throw .cancelled }
      }
    }
  }

  /// For each word the limit below which 64 random bits keep an occurrence: √(t/f) + t/f as in word2vec.
  private func keepingLimits() -> [UInt64] {
    features.vocabulary.entries.map { entry in
      guard entry.count > 0 else { return .max }
      let ratio = options.subsampling * Double(max(words.count, 1)) / Double(entry.count)
      let share = ratio.squareRoot() + ratio
      return share >= 1 ? .max : UInt64(share * 0x1p64)
    }
  }

  /// Additions that a part of a step can make to either table.
  private func updateLimit(_ step: WordVectorStep) -> (rows: Int, output: Int) {
    let positions = step.count / Self.partCount + 1
    let neighbours = min(2 * options.window, step.count)
    let isSkipGram = options.model == .skipGram
    let rowsPerWord = 1 + features.longestSubwords
    return (
      positions * (isSkipGram ? rowsPerWord : neighbours * rowsPerWord),
      positions * (isSkipGram ? neighbours : 1) * (1 + options.negatives)
    )
  }
}

extension FeatureMap {
  /// Rows of the word that has most beside its own.
  var longestSubwords: Int {
    zip(subwordStarts, subwordStarts.dropFirst()).reduce(0) { max($0, Int($1.1 - $1.0)) }
  }
}

/// The positions of a step, with the hidden vector and the gradient of each.
final class WordVectorStep {
  private(set) var words: [Int32] = []
  /// The sentence that each position belongs to.
  private(set) var sentences: [Range<Int>] = []
  private(set) var hidden = ScratchBuffer<Float>()
  private(set) var gradients = ScratchBuffer<Float>()
  var rowUpdates = UpdateShards()
  var outputUpdates = UpdateShards()
  private(set) var limits = (rows: 0, output: 0)

  var count: Int { words.count }

  func removeAll() {
    words.removeAll(keepingCapacity: true)
    sentences.removeAll(keepingCapacity: true)
  }

  /// Adds those words of a sentence that chance keeps.
  func append(_ sentence: ArraySlice<Int32>, keeping: [UInt64], _ generator: inout RandomStream.Generator) {
    let first = words.count
    for word in sentence where generator.next() <= keeping[Int(word)] { words.append(word) }
    sentences += repeatElement(first..<words.count, count: words.count - first)
  }

  /// Makes room for so many parts, each with at most so many additions.
  func begin(parts: Int, stride: Int, updates: (rows: Int, output: Int)) {
    limits = updates
    hidden.reserve(count * stride)
    gradients.reserve(count * stride)
    rowUpdates.begin(parts: parts, updates: parts * updates.rows)
    outputUpdates.begin(parts: parts, updates: parts * updates.output)
  }

  /// The positions of a part.
  func range(_ part: Int, of parts: Int) -> Range<Int> { count * part / parts..<count * (part + 1) / parts }
}

/// What one part of a step works in.
final class WordVectorPart {
  private let options: WordVectorOptions
  private let features: FeatureMap
  private let sampler: NegativeSampler
  private var inputs: [Int32] = []
  private var predicted: [Int32] = []
  private var targets: [Float] = []
  private var scores = ScratchBuffer<Float>()
  private var factors = ScratchBuffer<Float>()
  private var rowUpdates: [row_update] = []
  private var outputUpdates: [row_update] = []
  /// Of the last run.
  private(set) var loss = 0.0
  private(set) var predictions = 0

  init(_ options: WordVectorOptions, features: FeatureMap, sampler: NegativeSampler) {
    self.options = options
    self.features = features
    self.sampler = sampler
  }

  func run(
    _ step: WordVectorStep, range: Range<Int>, part: Int, rows: RowTable, output: RowTable, rate: Float,
    random: RandomStream
  ) {
    (loss, predictions) = (0, 0)
    rowUpdates.removeAll(keepingCapacity: true)
    outputUpdates.removeAll(keepingCapacity: true)
    for position in range {
      choose(position, step, random)
      guard !predicted.isEmpty, !inputs.isEmpty else { continue }
      let hidden = step.hidden.base + position * rows.stride
      let gradient = step.gradients.base + position * rows.stride
      var bounds: (Int32, Int32) = (0, Int32(truncatingIfNeeded: inputs.count))
      withUnsafePointer(to: &bounds) { bounds in
        bounds.withMemoryRebound(to: Int32.self, capacity: 2) {
          kernels.sum_rows(rows.base, rows.stride, rows.width, inputs, $0, 1, hidden, rows.stride)
        }
      }
      kernels.scale(hidden, 1 / Float(inputs.count), hidden, rows.width)
      gradient.update(repeating: 0, count: rows.stride)
      let count = predicted.count
      scores.reserve(count)
      factors.reserve(count)
      kernels.dot_rows(output.base, output.stride, output.width, predicted, count, hidden, scores.base)
      loss += kernels.logistic_factors(scores.base, targets, count, rate, factors.base)
      kernels.blend_rows(output.base, output.stride, output.width, predicted, count, factors.base, nil, gradient)
      let source = Int32(truncatingIfNeeded: position)
      for (index, word) in predicted.enumerated() {
        outputUpdates.append(row_update(row: word, source: source, factor: factors.base[index]))
      }
      // The whole gradient to each row, as fastText has it.
      for row in inputs { rowUpdates.append(row_update(row: row, source: source, factor: 1)) }
    }
    let limits = step.limits
    step.outputUpdates.collect(
      part: part, first: part * limits.output, count: outputUpdates.count, row: { outputUpdates[$0].row },
      update: { outputUpdates[$0] })
    step.rowUpdates.collect(
      part: part, first: part * limits.rows, count: rowUpdates.count, row: { rowUpdates[$0].row },
      update: { rowUpdates[$0] })
  }

  /// Finds what a position reads and what it predicts.
  private func choose(_ position: Int, _ step: WordVectorStep, _ random: RandomStream) {
    inputs.removeAll(keepingCapacity: true)
    predicted.removeAll(keepingCapacity: true)
    targets.removeAll(keepingCapacity: true)
    var generator = random.split(position).generator
    let reach = 1 + generator.next(below: options.window)
    let sentence = step.sentences[position]
    let neighbours = max(sentence.lowerBound, position - reach)..<min(sentence.upperBound, position + reach + 1)
    guard neighbours.count > 1 else { return }
    switch options.model {
    case .skipGram:
      appendRows(of: step.words[position])
      for place in neighbours where place != position { predict(step.words[place], &generator) }
    case .continuousBag:
      for place in neighbours where place != position { appendRows(of: step.words[place]) }
      predict(step.words[position], &generator)
    }
  }

  private func appendRows(of word: Int32) {
    inputs.append(word)
    if features.hasSubwords {
      inputs += features.subwords[Int(features.subwordStarts[Int(word)])..<Int(features.subwordStarts[Int(word) + 1])]
    }
  }

  private func predict(_ word: Int32, _ generator: inout RandomStream.Generator) {
    predictions += 1
    predicted.append(word)
    targets.append(1)
    for _ in 0..<options.negatives {
      let other = sampler.number(generator.next())
      guard other != word else { continue }
      predicted.append(other)
      targets.append(0)
    }
  }
}
