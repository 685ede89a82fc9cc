/// What should be said of each of N texts.
public enum TextTargets: Sendable, Hashable {
  /// A class of 0..<K each.
  case classes([Int32])
  /// Classes of 0..<K, any number each.
  case labelSets([[Int32]])
  /// A number each.
  case values([Float])

  /// N.
  public var count: Int {
    switch self {
    case .classes(let classes): classes.count
    case .labelSets(let sets): sets.count
    case .values(let values): values.count
    }
  }

  /// Those of some texts.
  public subscript(indices: some Collection<Int>) -> TextTargets {
    switch self {
    case .classes(let classes): .classes(indices.map { classes[$0] })
    case .labelSets(let sets): .labelSets(indices.map { sets[$0] })
    case .values(let values): .values(indices.map { values[$0] })
    }
  }

  /// A class for each text, such that parts with equal shares of each are alike: the class itself, the first of several, or
  /// the tenth of all numbers that it is in.
  var strata: [Int32] {
    switch self {
    case .classes(let classes):
      return classes
    case .labelSets(let sets):
      return sets.map { ($0.first ?? -1) + 1 }
    case .values(let values):
      var strata = [Int32](repeating: 0, count: values.count)
      let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
      for (place, index) in order.enumerated() { strata[index] = Int32(place * 10 / values.count) }
      return strata
    }
  }

  /// The targets of both, one behind the other. They are of the same kind.
  static func + (a: TextTargets, b: TextTargets) -> TextTargets {
    switch (a, b) {
    case (.classes(let x), .classes(let y)): .classes(x + y)
    case (.labelSets(let x), .labelSets(let y)): .labelSets(x + y)
    case (.values(let x), .values(let y)): .values(x + y)
    default: preconditionFailure("TextTargets: of two kinds")
    }
  }

  /// Numbers that differ where the target of a text does.
  func code(_ index: Int) -> [Int32] {
    switch self {
    case .classes(let classes): [classes[index]]
    case .labelSets(let sets): sets[index]
    case .values(let values): [Int32(bitPattern: values[index].bitPattern)]
    }
  }
}

extension LabelledTexts {
  /// What a model of these labels should say of the texts.
  ///
  /// - Throws: ``TextModelError/unknownLabel(_:source:line:known:)`` and
  ///   ``TextModelError/labelIsNoNumber(_:source:line:)``.
  public func targets(_ task: TextTask, labels: [String]) throws(TextModelError) -> TextTargets {
    if task == .regression {
      var values: [Float] = []
      for example in examples {
        guard let value = Float(example.label), value.isFinite else {
          throw .labelIsNoNumber(example.label, source: example.source, line: example.line)
        }
        values.append(value)
      }
      return .values(values)
    }
    let places = Dictionary(
      labels.enumerated().map { ($0.element, Int32($0.offset)) }, uniquingKeysWith: { first, _ in first })
    var sets: [[Int32]] = []
    for example in examples {
      var own: [Int32] = []
      for label in example.labels {
        guard let place = places[label] else {
          throw .unknownLabel(label, source: example.source, line: example.line, known: labels)
        }
        own.append(place)
      }
      sets.append(own.sorted())
    }
    return task == .multiLabel ? .labelSets(sets) : .classes(sets.map { $0.first ?? 0 })
  }
}
