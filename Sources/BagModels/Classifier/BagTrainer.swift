import Tensors

/// Where training stands.
public struct BagProgress: Sendable {
  /// Words seen so far, all passes together.
  public let wordsDone: Int
  /// Words of all passes.
  public let words: Int
  /// Words a second.
  public let rate: Double
  /// Mean loss of the texts since the last report.
  public let loss: Double
  /// The learning rate of the next step.
  public let learningRate: Float

  /// Seconds to the end.
  public var remainingSeconds: Double { rate > 0 ? Double(words - wordsDone) / rate : 0 }
}

/// Trains the two tables of a bag classifier: stochastic gradient descent, whose result does not depend on the number of
/// threads.
///
/// A step takes some texts. While one thread takes the texts of the step through the output layer, one after the other,
/// the other threads find rows and means of the texts of the next step; then all threads add the gradients to the rows,
/// each to rows of its own (``UpdateShards``). The thread with the output layer also reads and changes the most frequent
/// rows (``TrainingBags``). So the output layer and the frequent rows learn exactly as if there were one thread and steps
/// of one text, and the rarer rows that a text is read with are at most two steps old, which is nothing as long as few
/// texts share them: the accuracy is that of steps of one text.
struct BagTrainer {
  /// Rows of a step, about: much below it a step is too short for threads to share.
  private static let rowsPerStep = 4096
  /// Texts of a step, at most.
  private static let textsPerStep = 64
  /// Steps of a pass, at least, as long as there are as many texts.
  private static let stepsPerEpoch = 128

  let options: BagClassifierOptions
  let bags: TrainingBags
  let labels: [Int32]
  let labelStarts: [Int]
  let table: RowTable
  let output: OutputLayer
  /// Multiplies the learning rate of each row; empty for 1.
  let rates: [Float]
  /// Of a linear classifier.
  let adaptive: AdaptiveRates?

  /// - Throws: ``BagModelError/diverged(step:learningRate:)`` and ``BagModelError/cancelled``.
  func run(shouldStop: () -> Bool, report: (BagProgress) -> Void) throws(BagModelError) {
    let random = RandomStream(seed: options.seed)
    let training = OutputTraining(
      output, isIdentity: options.isLinear, negatives: options.negatives, random: random.split("labels"))
    var plan = StepPlan(
      bags: bags, epochs: options.epochs, order: options.shuffles ? random.split("order") : nil,
      rows: Self.rowsPerStep, texts: min(Self.textsPerStep, max(1, bags.textCount / Self.stepsPerEpoch)))
    let dropout = random.split("dropout")
    let words = bags.wordCounts.reduce(0) { $0 + Int($1) } * options.epochs
    var (current, next) = (BagBatch(), BagBatch())
    var (wordsDone, step) = (0, 0)
    var (loss, texts) = (0.0, 0)
    let start = ContinuousClock.now
    var lastReport = start

    var epoch = plan.take(into: next, bags: bags, stride: table.stride)
    var hasNext = epoch != nil
    gather(next, beside: {}, dropout.split(epoch ?? 0))
    while hasNext {
      swap(&current, &next)
      let rate = options.learningRate * Float(1 - Double(wordsDone) / Double(max(words, 1)))
      epoch = plan.take(into: next, bags: bags, stride: table.stride)
      hasNext = epoch != nil
      step += 1
      var stepLoss = 0.0
      let batch = current
      let learn = { stepLoss = self.learn(batch, training, rate) }
      if training.isWide {
        // The output layer takes all threads for itself.
        learn()
        gather(next, beside: {}, dropout.split(epoch ?? 0))
      } else {
        gather(next, beside: learn, dropout.split(epoch ?? 0))
      }
      guard stepLoss.isFinite else { throw .diverged(step: step, learningRate: options.learningRate) }
      parallelFor(UpdateShards.count) { batch.apply(shard: $0, to: table, adaptive: adaptive) }
      wordsDone += batch.wordCount
      loss += stepLoss
      texts += batch.texts.count
      let now = ContinuousClock.now
      if now - lastReport > .milliseconds(100) || !hasNext {
        lastReport = now
        report(
          BagProgress(
            wordsDone: wordsDone, words: words, rate: Double(wordsDone) / max((now - start).seconds, 1e-9),
            loss: loss / Double(max(texts, 1)), learningRate: rate))
        (loss, texts) = (0, 0)
      }
      if hasNext, shouldStop() { throw .cancelled }
    }
  }

  /// Reads the texts of a step, and does something else at the same time.
  private func gather(_ batch: BagBatch, beside other: () -> Void, _ random: RandomStream) {
    parallelFor(batch.partCount + 1) { index in
      if index == 0 { return other() }
      batch.gather(
        part: index - 1, bags: bags, table: table, dropout: options.dropout, random: random, rates: rates)
    }
  }

  /// Takes the texts of a step through the output layer. Returns the sum of their losses.
  private func learn(_ batch: BagBatch, _ training: OutputTraining, _ rate: Float) -> Double {
    var loss = 0.0
    for (index, text) in batch.texts.enumerated() {
      batch.addCommonRows(index, bags: bags, table: table)
      loss += training.step(
        hidden: batch.hidden(index), labels: labels[labelStarts[text]..<labelStarts[text + 1]], rate: rate,
        gradient: batch.gradient(index))
      if adaptive != nil { batch.measureGradient(index, rate: rate) }
      batch.updateCommonRows(index, bags: bags, table: table, rates: rates, adaptive: adaptive)
    }
    return loss
  }
}

/// Which texts each step takes, pass by pass.
struct StepPlan {
  private let rowCounts: [Int32]
  private let epochs: Int
  private let random: RandomStream?
  private let rowLimit: Int
  private let textLimit: Int
  private var order: [Int] = []
  private var position = 0
  private var epoch = 0

  init(bags: TrainingBags, epochs: Int, order random: RandomStream?, rows: Int, texts: Int) {
    rowCounts = bags.rowCounts
    self.epochs = epochs
    self.random = random
    rowLimit = rows
    textLimit = texts
  }

  /// Gives the batch the next texts and returns the number of their pass, from 1; nil and no texts at the end.
  mutating func take(into batch: BagBatch, bags: TrainingBags, stride: Int) -> Int? {
    if position == order.count {
      position = 0
      guard epoch < epochs, !rowCounts.isEmpty else {
        order = []
        batch.begin([], of: bags, stride: stride)
        return nil
      }
      epoch += 1
      order = random?.split(epoch).permutation(rowCounts.count) ?? Array(rowCounts.indices)
    }
    var rows = 0
    let first = position
    while position < order.count, rows < rowLimit, position - first < textLimit {
      rows += Int(rowCounts[order[position]])
      position += 1
    }
    batch.begin(Array(order[first..<position]), of: bags, stride: stride)
    return epoch
  }
}

extension Duration {
  /// As a number.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
