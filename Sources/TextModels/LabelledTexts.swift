import Tensors
public import TextProcessing

/// Texts with their labels, read whole.
public struct LabelledTexts: Sendable {
  /// One text.
  public struct Example: Sendable, Hashable {
    /// The text.
    public let text: String
    /// Its labels.
    public let labels: [String]
    /// Where it stands.
    public let source: String
    /// Line of the source, from 1.
    public let line: Int

    /// An example with one label; source and line serve for messages.
    public init(text: String, label: String, source: String = "", line: Int = 0) {
      self.init(text: text, labels: [label], source: source, line: line)
    }

    /// An example with any number of labels.
    public init(text: String, labels: [String], source: String = "", line: Int = 0) {
      self.text = text
      self.labels = labels
      self.source = source
      self.line = line
    }

    /// The label of an example that has one, the first of several, and nothing of none.
    public var label: String { labels.first ?? "" }
  }

  /// The texts in their order.
  public var examples: [Example]
  /// What the reader guessed about the format of each file, for a person.
  public private(set) var guesses: [String] = []

  /// Texts from memory.
  public init(_ examples: [Example]) { self.examples = examples }

  /// Reads corpora one after the other.
  public init(
    paths: [String], options: CorpusOptions
  ) throws(TextModelError) {
    var examples: [Example] = []
    guesses = try Self.forEachRecord(of: paths, options: options) {
      examples.append(Example(text: $0.text, labels: $0.labels, source: $0.source, line: $0.line))
    }
    self.examples = examples
  }

  /// Reads corpora one after the other and hands on each text, for those who need none of them twice.
  ///
  /// - Returns: what the reader guessed about the format of each file, for a person.
  public static func forEachRecord(
    of paths: [String], options: CorpusOptions, _ body: (CorpusRecord) -> Void
  ) throws(TextModelError) -> [String] {
    var guesses: [String] = []
    for path in paths {
      do {
        var reader = try CorpusReader(path: path, options: options)
        if let guess = reader.guess { guesses.append("\(path): \(guess)") }
        while let record = try reader.next() {
          if record.labels.isEmpty, options.labelCount == .one { continue }
          body(record)
        }
        if let summary = reader.encodingReport.summary { guesses.append("\(path): \(summary)") }
      } catch {
        throw .corpus(error)
      }
    }
    return guesses
  }

  /// The labels in order: first numbers by their value, then others by their scalars.
  public var labels: [String] {
    let distinct = Set(examples.flatMap(\.labels)).map { label in
      (label: label, number: Double(label).flatMap { $0.isNaN ? nil : $0 })
    }
    return distinct.sorted { a, b in
      switch (a.number, b.number) {
      case (let x?, let y?) where x != y: x < y
      case (.some, nil): true
      case (nil, .some): false
      default: a.label.unicodeScalars.lexicographicallyPrecedes(b.label.unicodeScalars)
      }
    }.map(\.label)
  }
}

// MARK: - Parts

extension LabelledTexts {
  /// Some of the texts.
  public func selecting(_ indices: some Sequence<Int>) -> LabelledTexts {
    LabelledTexts(indices.map { examples[$0] })
  }

  /// `count` parts of about equal shares of each label, that each text is in exactly one of: the places of their texts.
  ///
  /// - Throws: ``TextModelError/tooFewExamples(count:folds:)`` and ``TextModelError/labelIsNoNumber(_:source:line:)``.
  public func folds(_ count: Int, task: TextTask, seed: UInt64) throws(TextModelError) -> [[Int]] {
    guard count >= 2, count <= examples.count / 2 else {
      throw .tooFewExamples(count: examples.count, folds: count)
    }
    let random = RandomStream(seed: seed).split("folds")
    return StratifiedSplit.folds(count, of: try targets(task, labels: labels).strata, random: random)
  }

  /// A share of the texts, about the same of each label, and the rest: the places of their texts.
  public func holdingOut(
    _ share: Double, task: TextTask, seed: UInt64
  ) throws(TextModelError) -> (kept: [Int], heldOut: [Int]) {
    let random = RandomStream(seed: seed).split("validation")
    return StratifiedSplit.holdOut(share, of: try targets(task, labels: labels).strata, random: random)
  }
}
