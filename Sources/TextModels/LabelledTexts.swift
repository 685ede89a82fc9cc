public import TextProcessing

/// Texts with their labels, read whole.
public struct LabelledTexts: Sendable {
  /// One text.
  public struct Example: Sendable, Hashable {
    /// The text.
    public let text: String
    /// Its label.
    public let label: String
    /// Where it stands.
    public let source: String
    /// Line of the source, from 1.
    public let line: Int

    /// An example; source and line serve for messages.
    public init(text: String, label: String, source: String = "", line: Int = 0) {
      self.text = text
      self.label = label
      self.source = source
      self.line = line
    }
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
    examples = []
    for path in paths {
      do {
        var reader = try CorpusReader(path: path, options: options)
        if let guess = reader.guess { guesses.append("\(path): \(guess)") }
        while let record = try reader.next() {
          guard let label = record.label else { continue }
          examples.append(Example(text: record.text, label: label, source: record.source, line: record.line))
        }
      } catch {
        throw .corpus(error)
      }
    }
  }

  /// The labels in order: first numbers by their value, then others by their scalars.
  public var labels: [String] {
    let distinct = Set(examples.map(\.label)).map { label in
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

  /// The class of each text.
  func classes(of labels: [String]) throws(TextModelError) -> [Int32] {
    let indices = Dictionary(
      labels.enumerated().map { ($0.element, Int32($0.offset)) }, uniquingKeysWith: { first, _ in first })
    var classes: [Int32] = []
    for example in examples {
      guard let index = indices[example.label] else {
        throw .unknownLabel(example.label, source: example.source, line: example.line, known: labels)
      }
      classes.append(index)
    }
    return classes
  }
}
