import Tensors
import TextProcessing

/// How a bag classifier is made small.
public struct BagQuantizationOptions: Sendable, Hashable {
  /// Rows that stay, those with the largest norms; nil for all.
  public var cutoff: Int?
  /// Elements that share a byte.
  public var subDimensions = 2
  /// Whether the length of a row is rounded apart from its direction, for a byte more.
  public var normalizes = false
  /// Passes of a retraining; nil for as many as the model was trained with.
  public var epochs: Int?
  /// Its first learning rate; nil for the model's.
  public var learningRate: Float?
  /// Seed of all that is random.
  public var seed: UInt64 = 1

  /// The defaults.
  public init() {}

  func fault(for model: BagClassifier) -> String? {
    if !(1...model.dimensions).contains(subDimensions) {
      return "\(subDimensions) elements a byte; 1 to \(model.dimensions) are possible"
    }
    return model.isQuantized ? "a model that is quantised already" : nil
  }
}

extension BagClassifier {
  /// The classifier with a byte for some numbers of a row, and of its rows those that count most (Joulin et al. 2016,
  /// "FastText.zip: Compressing text classification models").
  ///
  /// - Parameters:
  ///   - texts: with them the rows that stay learn again before they are rounded, and the output layer afterwards.
  ///     Their tokens must be cut as the model's; labels that it does not know are left out.
  ///   - shouldStop: asked after each step; then ``BagModelError/cancelled`` is thrown.
  ///   - report: told about ten times a second while rows learn.
  /// - Throws: ``BagModelError/invalidOptions(reason:)``, ``BagModelError/noTexts(reason:)`` where no text has a label
  ///   of the model, ``BagModelError/diverged(step:learningRate:)``, ``BagModelError/outOfMemory(rows:dimensions:)``.
  public func quantized(
    _ quantization: BagQuantizationOptions, retraining texts: TextCollection? = nil,
    shouldStop: () -> Bool = { false }, report: (BagProgress) -> Void = { _ in }
  ) throws(BagModelError) -> BagClassifier {
    if let fault = quantization.fault(for: self) { throw .invalidOptions(reason: fault) }
    let selection = try FeatureSelection(features, rows, dimensions: dimensions, limit: quantization.cutoff)
    let output = try output.copy()
    var vectors = selection.rows
    var retraining: BagRetraining?
    if let texts {
      var options = options
      options.epochs = quantization.epochs ?? options.epochs
      options.learningRate = quantization.learningRate ?? options.learningRate
      options.seed = quantization.seed
      if let fault = options.fault { throw .invalidOptions(reason: fault) }
      let own = try BagRetraining(texts, labels: labels, options: options)
      vectors = try own.run(selection.features, vectors, output, shouldStop: shouldStop, report: report)
      retraining = own
    }
    let table = QuantizedRowTable(
      vectors, dimensions: dimensions, partWidth: quantization.subDimensions, normalizes: quantization.normalizes,
      random: RandomStream(seed: quantization.seed).split("quantizer"))
    let small = try BagClassifier(
      features: selection.features, rows: .quantized(table), output: output, labels: labels, options: options)
    try retraining?.refine(small, shouldStop: shouldStop)
    return small
  }
}

/// Texts that a small model learns from once more.
struct BagRetraining {
  private let texts: TextCollection
  private let options: BagClassifierOptions
  /// Texts with labels of the model.
  private let selection: [Int]
  private let labels: [Int32]
  private let labelStarts: [Int]

  init(_ texts: TextCollection, labels names: [String], options: BagClassifierOptions) throws(BagModelError) {
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    var (selection, labels, starts) = ([Int](), [Int32](), [0])
    for text in 0..<texts.count {
      let own = texts.labelNames(of: text).compactMap { places[$0] }
      guard !own.isEmpty || options.loss == .oneVersusAll else { continue }
      selection.append(text)
      labels += own
      starts.append(labels.count)
    }
    guard !labels.isEmpty else { throw .noTexts(reason: "no text of the retraining has a label of the model") }
    (self.texts, self.options, self.selection) = (texts, options, selection)
    (self.labels, labelStarts) = (labels, starts)
  }

  /// Trains rows and output from where they stand. Returns the rows.
  func run(
    _ features: FeatureMap, _ rows: [Float], _ output: OutputLayer, shouldStop: () -> Bool,
    report: (BagProgress) -> Void
  ) throws(BagModelError) -> [Float] {
    let dimensions = options.dimensions
    let table = try BagClassifierTraining.makeTable(features.rowCount, dimensions)
    table.fill(Tensor(rows, shape: [features.rowCount, dimensions]))
    let bags = TrainingBags(
      texts, selection: selection, features: features, distinct: options.countsFeaturesOnce)
    try BagTrainer(
      options: options, bags: bags, labels: labels, labelStarts: labelStarts, table: table, output: output,
      rates: [], adaptive: options.isLinear ? AdaptiveRates(rowCount: features.rowCount) : nil
    ).run(shouldStop: shouldStop, report: report)
    guard table.isFinite, output.table.isFinite else {
      throw .diverged(step: bags.textCount * options.epochs, learningRate: options.learningRate)
    }
    return (0..<table.count).flatMap { table.vector($0) }
  }

  /// Texts whose means are found together.
  private static let textsPerStep = 1024

  /// Trains the output layer of a model, whose rows stay as they have been rounded.
  func refine(_ model: BagClassifier, shouldStop: () -> Bool) throws(BagModelError) {
    guard !options.isLinear else { return }
    let random = RandomStream(seed: options.seed).split("refinement")
    let training = OutputTraining(model.output, isIdentity: false, negatives: options.negatives, random: random)
    var gradient = ScratchBuffer<Float>()
    gradient.reserve(model.output.table.stride)
    let tokens = texts.distinctTokens
    let count = selection.count
    var done = 0
    for epoch in 0..<options.epochs {
      let order = random.split(epoch).permutation(count)
      for first in stride(from: 0, to: count, by: Self.textsPerStep) {
        if shouldStop() { throw .cancelled }
        let step = order[first..<min(count, first + Self.textsPerStep)]
        let means = model.means(of: step.map { selection[$0] }, texts, tokens)
        for (text, mean) in zip(step, means) {
          let rate = options.learningRate * Float(1 - Double(done) / Double(count * options.epochs))
          done += 1
          let loss = training.step(
            hidden: mean, labels: labels[labelStarts[text]..<labelStarts[text + 1]], rate: rate,
            gradient: gradient.base)
          guard loss.isFinite else { throw .diverged(step: done, learningRate: options.learningRate) }
        }
      }
    }
    guard model.output.table.isFinite else { throw .diverged(step: done, learningRate: options.learningRate) }
  }
}

extension BagClassifier {
  /// The mean of the rows of some texts of a collection, each with zeros up to the width that the kernels read.
  fileprivate func means(of texts: [Int], _ collection: TextCollection, _ tokens: [String]) -> [[Float]] {
    let width = output.table.stride
    return forEach(texts.count) { index, scratch in
      scratch.read(collection.tokens(of: texts[index]).lazy.map { tokens[Int($0)] }, features)
      scratch.findMean(rows, once: options.countsFeaturesOnce)
      let mean = UnsafeBufferPointer(start: scratch.hidden.base, count: dimensions)
      return Array(mean) + Array(repeating: 0, count: width - dimensions)
    }
  }
}

extension OutputLayer {
  /// A layer that may learn while others use this one.
  fileprivate func copy() throws(BagModelError) -> OutputLayer {
    let other = try BagClassifierTraining.makeTable(table.count, table.dimensions)
    other.base.update(from: table.base, count: table.count * table.stride)
    return OutputLayer(loss: loss, labelCounts: labelCounts, table: other)
  }
}
