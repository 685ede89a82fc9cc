import Foundation
import Tensors
import Testing
import TextProcessing

@testable import BagModels

/// Small texts that a bag can learn.
enum SmallTexts {
  static func sentiment(_ count: Int = 200) throws -> TextCollection {
    var texts = try TextCollection(tokenizer: TokenizerSettings(lowercase: true))
    let fillers = ["the film was", "my sister thought it", "a story that is", "we found it"]
    for index in 0..<count {
      let isGood = index % 2 == 0
      texts.append(
        "\(fillers[index / 2 % 4]) \(isGood ? "wonderful" : "dreadful") \(index / 2 % 7)",
        labels: [isGood ? "positive" : "negative"])
    }
    return texts
  }

  static func options(_ adjust: (inout BagClassifierOptions) -> Void = { _ in }) -> BagClassifierOptions {
    var options = BagClassifierOptions()
    options.dimensions = 10
    options.learningRate = 0.5
    adjust(&options)
    return options
  }
}

@Suite("Bag classifier")
struct BagClassifierTests {
  static let variants: [BagClassifierOptions] = [
    SmallTexts.options(),
    SmallTexts.options { $0.features.wordNgrams = 3 },
    SmallTexts.options { ($0.features.characterNgrams, $0.features.wordNgrams) = (2...4, 2) },
    SmallTexts.options { ($0.dropout, $0.countsFeaturesOnce, $0.naiveBayesRates) = (0.3, true, true) },
    SmallTexts.options { $0.loss = .oneVersusAll },
    SmallTexts.options { ($0.isLinear, $0.learningRate, $0.features.wordNgrams) = (true, 4, 2) },
    SmallTexts.options { ($0.isLinear, $0.learningRate, $0.loss) = (true, 4, .oneVersusAll) },
    SmallTexts.options { $0.loss = .hierarchicalSoftmax },
    SmallTexts.options { $0.loss = .negativeSampling },
    SmallTexts.options { ($0.shuffles, $0.features.minimumNgramCount, $0.features.wordNgrams) = (false, 2, 2) },
  ]

  @Test("every variant learns, with the same bits for any number of threads", arguments: variants)
  func threads(options: BagClassifierOptions) throws {
    let texts = try SmallTexts.sentiment()
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    var first: [[LabelProbability]]?
    for count in [1, 2, 4] {
      Parallelism.threads = count
      let classifier = try BagClassifierTraining(options).run(texts)
      let answers = classifier.predict(["we found it wonderful 3", "a dreadful story", "", "unheard-of"], top: 2)
      #expect(answers[0][0].label == "positive" && answers[1][0].label == "negative", "\(count) threads")
      #expect(answers == first ?? answers, "\(count) threads")
      first = answers
    }
  }

  @Test("steps of many texts across threads give the same rows to the bit")
  func manySteps() throws {
    // Long enough for many steps of many parts; words by Zipf's law, so that texts share rows.
    var texts = try TextCollection(tokenizer: TokenizerSettings(unit: .whitespace))
    let numbers = RandomStream(seed: 5).uniform([600 * 60]).scalars
    for text in 0..<600 {
      texts.append(
        tokens: (0..<60).map { "w\(Int(1 / (numbers[text * 60 + $0] + 1e-3)))" }, labels: ["l\(text % 3)"])
    }
    var options = SmallTexts.options { ($0.features.wordNgrams, $0.epochs) = (2, 3) }
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    var vectors: [[Float]] = []
    for (threads, seed) in [(1, 1), (2, 1), (3, 1), (2, 2)] as [(Int, UInt64)] {
      Parallelism.threads = threads
      options.seed = seed
      let classifier = try BagClassifierTraining(options).run(texts)
      vectors.append((0..<classifier.rowCount).flatMap { classifier.rows.vector($0) })
    }
    #expect(vectors[0] == vectors[1] && vectors[0] == vectors[2])
    #expect(vectors[0] != vectors[3])
  }

  @Test("one text a step is plain stochastic gradient descent")
  func plainDescent() throws {
    var texts = try TextCollection(tokenizer: TokenizerSettings(unit: .whitespace))
    for (text, label) in [("a b c", "x"), ("b d", "y"), ("a a e", "x"), ("d e", "y")] {
      texts.append(text, labels: [label])
    }
    let options = SmallTexts.options { ($0.dimensions, $0.epochs, $0.shuffles) = (3, 4, false) }
    let classifier = try BagClassifierTraining(options).run(texts)

    let features = classifier.features
    let start = try BagClassifierTraining.makeTable(features.rowCount, 3)
    start.fill(RandomStream(seed: 1).split("rows"), bound: 1 / 3)
    var rows = (0..<features.rowCount).map { start.vector($0) }
    var output = [[Float]](repeating: [0, 0, 0], count: 2)
    let total = (0..<texts.count).reduce(0) { $0 + texts.tokens(of: $1).count + 1 } * options.epochs
    var done = 0
    for _ in 0..<options.epochs {
      for text in 0..<texts.count {
        let tokens = texts.tokenTexts(of: text)
        let own = tokens.compactMap { features.vocabulary.id(of: $0).map(Int.init) } + [2]
        let rate = 0.5 * (1 - Float(done) / Float(total))
        done += own.count
        let hidden = (0..<3).map { k in own.reduce(Float(0)) { $0 + rows[$1][k] } / Float(own.count) }
        let scores = output.map { row in zip(row, hidden).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
        let sum = scores.reduce(Float(0)) { $0 + Float(exp(Double($1))) }
        var gradient: [Float] = [0, 0, 0]
        let gold = classifier.labels.firstIndex(of: texts.labelNames(of: text)[0])
        for label in 0..<2 {
          let factor = rate * ((label == gold ? 1 : 0) - Float(exp(Double(scores[label]))) / sum)
          for k in 0..<3 {
            gradient[k] += factor * output[label][k]
            output[label][k] += factor * hidden[k]
          }
        }
        for row in own { for k in 0..<3 { rows[row][k] += gradient[k] / Float(own.count) } }
      }
    }
    // The orders of the sums differ.
    for (row, expected) in rows.enumerated() {
      for (a, b) in zip(classifier.rows.vector(row), expected) { #expect(abs(a - b) < 1e-5) }
    }
    for (label, expected) in output.enumerated() {
      for (a, b) in zip(classifier.output.table.vector(label), expected) { #expect(abs(a - b) < 1e-5) }
    }
  }

  @Test("a linear classifier is logistic regression with AdaGrad by row")
  func linear() throws {
    var texts = try TextCollection(tokenizer: TokenizerSettings(unit: .whitespace))
    for (text, label) in [("a b c", "x"), ("b d", "y"), ("a f e", "x"), ("d e", "z")] {
      texts.append(text, labels: [label])
    }
    let options = SmallTexts.options {
      ($0.isLinear, $0.learningRate, $0.epochs, $0.shuffles) = (true, 2, 4, false)
    }
    let classifier = try BagClassifierTraining(options).run(texts)
    #expect(classifier.dimensions == 3)
    #expect((0..<3).map { classifier.output.table.vector($0) } == [[1, 0, 0], [0, 1, 0], [0, 0, 1]])

    let features = classifier.features
    var rows = [[Double]](repeating: [0, 0, 0], count: features.rowCount)
    var squares = [Double](repeating: 1e-8, count: features.rowCount)
    let total = (0..<texts.count).reduce(0) { $0 + texts.tokens(of: $1).count + 1 } * options.epochs
    var done = 0
    for _ in 0..<options.epochs {
      for text in 0..<texts.count {
        let own = texts.tokenTexts(of: text).compactMap { features.vocabulary.id(of: $0).map(Int.init) } + [2]
        let rate = 2 * (1 - Double(done) / Double(total))
        done += own.count
        let scores = (0..<3).map { k in own.reduce(0) { $0 + rows[$1][k] } / Double(own.count) }
        let sum = scores.reduce(0) { $0 + exp($1) }
        let gold = classifier.labels.firstIndex(of: texts.labelNames(of: text)[0])
        let gradient = (0..<3).map { ($0 == gold ? 1 : 0) - exp(scores[$0]) / sum }
        let square = gradient.reduce(0) { $0 + $1 * $1 }
        for row in own {
          squares[row] += square / Double(own.count * own.count)
          for k in 0..<3 { rows[row][k] += rate * gradient[k] / Double(own.count) / squares[row].squareRoot() }
        }
      }
    }
    for (row, expected) in rows.enumerated() {
      for (a, b) in zip(classifier.rows.vector(row), expected) { #expect(abs(Double(a) - b) < 1e-4) }
    }
  }

  @Test("a linear classifier refuses what it cannot be")
  func linearFaults() throws {
    let texts = try SmallTexts.sentiment()
    for options in [
      SmallTexts.options { ($0.isLinear, $0.loss) = (true, .hierarchicalSoftmax) },
      SmallTexts.options { ($0.isLinear, $0.naiveBayesRates) = (true, true) },
    ] {
      #expect(throws: BagModelError.self) { try BagClassifierTraining(options).run(texts) }
    }
  }

  @Test("several labels a text: each is found where every label stands for itself")
  func severalLabels() throws {
    var texts = try TextCollection(tokenizer: TokenizerSettings(unit: .whitespace))
    for index in 0..<300 {
      var labels: [String] = []
      var words = ["filler\(index % 5)"]
      for (label, word) in [("red", "rose"), ("green", "leaf"), ("blue", "sky")].enumerated().map({ ($1.0, $1.1) }) {
        if (index * 7 + label.utf8.count * 3) % 3 != 0 || index % 11 == label.utf8.count {
          labels.append(label)
          words.append(word)
        }
      }
      texts.append(tokens: words, labels: labels)
    }
    let options = SmallTexts.options { ($0.loss, $0.epochs, $0.learningRate) = (.oneVersusAll, 30, 1) }
    let classifier = try BagClassifierTraining(options).run(texts)
    #expect(Set(classifier.predict("rose sky", top: 5, threshold: 0.5).map(\.label)) == ["red", "blue"])
    #expect(classifier.predict("leaf", top: 5, threshold: 0.5).map(\.label) == ["green"])
    let evaluation = try classifier.evaluate(texts, top: 3, threshold: 0.5)
    #expect(evaluation.precision > 0.95 && evaluation.recall > 0.95)
    #expect(classifier.predict("leaf", top: 0).isEmpty)
  }

  @Test("labels: none, one only, unlabelled texts")
  func labels() throws {
    let training = BagClassifierTraining(SmallTexts.options())
    var texts = try TextCollection()
    #expect(throws: BagModelError.self) { try training.run(texts) }
    texts.append("one")
    #expect(throws: BagModelError.self) { try training.run(texts) }
    texts.append("two", labels: ["a"])
    #expect(throws: BagModelError.self) { try training.run(texts) }
    texts.append("three", labels: ["b", "b"])
    let classifier = try training.run(texts)
    #expect(classifier.labels == ["a", "b"])
    // Labels that training never saw count as not found.
    var others = try TextCollection()
    others.append("two", labels: ["c"])
    #expect(try classifier.evaluate(others).recall == 0)
    #expect(throws: BagModelError.self) { try classifier.evaluate(TextCollection()) }
    // A yes or no for one label.
    var single = try TextCollection()
    for index in 0..<40 { single.append(index % 2 == 0 ? "spam" : "letter", labels: index % 2 == 0 ? ["spam"] : []) }
    let detector = try BagClassifierTraining(
      SmallTexts.options { ($0.loss, $0.learningRate, $0.epochs) = (.oneVersusAll, 1, 200) }
    ).run(single)
    #expect(detector.predict("spam")[0].probability > 0.8 && detector.predict("letter")[0].probability < 0.2)
  }

  @Test("empty texts are read")
  func emptyTexts() throws {
    var texts = try TextCollection()
    for index in 0..<50 { texts.append("", labels: [index % 5 == 0 ? "rare" : "frequent"]) }
    #expect(throws: BagModelError.self) { try BagClassifierTraining(SmallTexts.options()).run(texts) }
    texts.append("word", labels: ["rare"])
    let classifier = try BagClassifierTraining(SmallTexts.options()).run(texts)
    #expect(classifier.predict("")[0].label == "frequent")
  }

  @Test("many labels: wide layers on all threads, and short paths", arguments: [BagLoss.softmax, .hierarchicalSoftmax])
  func manyLabels(loss: BagLoss) throws {
    var texts = try TextCollection(tokenizer: TokenizerSettings(unit: .whitespace))
    let count = loss == .softmax ? 5000 : 100_000
    for index in 0..<count { texts.append(tokens: ["w\(index)", "w\(index % 50)"], labels: ["l\(index)"]) }
    var options = SmallTexts.options { ($0.loss, $0.epochs, $0.dimensions) = (loss, 1, 16) }
    options.learningRate = 1
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    var answers: [[LabelProbability]] = []
    for threads in [1, 2] {
      Parallelism.threads = threads
      answers.append(try BagClassifierTraining(options).run(texts).predict("w7 w7", top: 5))
    }
    #expect(answers[0] == answers[1] && answers[0].count == 5)
    let falls = zip(answers[0], answers[0].dropFirst()).allSatisfy { $0.probability >= $1.probability }
    #expect(falls)
  }

  @Test("a learning rate that is too large gives an error, not a model")
  func divergence() throws {
    let texts = try SmallTexts.sentiment(2000)
    let options = SmallTexts.options { ($0.learningRate, $0.epochs) = (1e20, 5) }
    #expect {
      try BagClassifierTraining(options).run(texts)
    } throws: {
      guard case BagModelError.diverged(let step, let rate) = $0 else { return false }
      return step > 0 && rate == 1e20
    }
  }

  @Test("options that cannot be are refused")
  func impossibleOptions() throws {
    let texts = try SmallTexts.sentiment(10)
    for adjust: (inout BagClassifierOptions) -> Void in [
      { $0.dimensions = 0 }, { $0.epochs = 0 }, { $0.learningRate = .nan }, { $0.dropout = 1 }, { $0.negatives = 0 },
      { $0.features.wordNgrams = 0 }, { ($0.features.wordNgrams, $0.features.bucketCount) = (2, 0) },
      { $0.features.characterNgrams = 0...3 }, { $0.features.minimumCount = 0 },
    ] {
      #expect(throws: BagModelError.self) { try BagClassifierTraining(SmallTexts.options(adjust)).run(texts) }
    }
    #expect(throws: BagModelError.self) {
      try BagClassifierTraining(SmallTexts.options()).run(texts, shouldStop: { true })
    }
  }

  @Test("progress ends with all words and a rate that has fallen")
  func progress() throws {
    let texts = try SmallTexts.sentiment()
    var last: BagProgress?
    _ = try BagClassifierTraining(SmallTexts.options()).run(texts, report: { last = $0 })
    let words = (texts.tokenCount + texts.count) * 5
    #expect(last?.wordsDone == words && last?.words == words)
    #expect((last?.learningRate ?? 1) < 0.05 && (last?.loss ?? 1) < 0.3)
  }
}
