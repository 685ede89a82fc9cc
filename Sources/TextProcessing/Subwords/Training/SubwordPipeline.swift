/// What stands around the model of a tokenizer that is trained.
struct SubwordPipeline {
  let normalizer: SubwordNormalizer?
  let preTokenizer: PreTokenizer
  private let options: SubwordTrainingOptions

  init(_ options: SubwordTrainingOptions) {
    self.options = options
    var steps: [SubwordNormalizer] = []
    if let form = options.normalization { steps.append(.form(form)) }
    if options.cutting == .bert {
      steps.append(
        .bert(
          cleansText: true, spacesIdeographs: true, stripsAccents: options.stripsAccents,
          lowercases: options.lowercases))
    } else {
      if options.stripsAccents { steps += [.form(.nfd), .stripAccents] }
      if options.lowercases { steps.append(.lowercase) }
    }
    normalizer = steps.count > 1 ? .sequence(steps) : steps.first
    switch options.cutting {
    case .byteLevel: preTokenizer = .byteLevel(addsPrefixSpace: false, usesWords: true)
    case .metaspace: preTokenizer = .metaspace(mark: "▁", prepend: .always, splits: true)
    case .whitespace: preTokenizer = .whitespace
    case .bert: preTokenizer = .bert
    }
  }

  /// A tokenizer with a model.
  func tokenizer(_ model: SubwordModel) throws(SubwordTokenizerError) -> SubwordTokenizer {
    var added: [AddedToken] = []
    for token in options.allSpecialTokens {
      guard let id = model.vocabulary.id(of: token) else { continue }
      var special = AddedToken(token, id: Int(id))
      special.isSpecial = true
      special.isNormalized = false
      added.append(special)
    }
    return try SubwordTokenizer(
      model: model, addedTokens: added, normalizer: normalizer, preTokenizer: preTokenizer,
      postProcessor: postProcessor(model), decoder: decoder)
  }

  private var decoder: SubwordDecoder? {
    switch options.cutting {
    case .byteLevel: .byteLevel
    case .metaspace: .metaspace(mark: "▁", prepend: .always)
    case .whitespace, .bert: options.kind == .wordPiece ? .wordPiece(prefix: "##", cleansUp: true) : nil
    }
  }

  /// BERT's template, where its tokens are there.
  private func postProcessor(_ model: SubwordModel) -> PostProcessor? {
    if options.cutting == .byteLevel { return .byteLevel(trimsRanges: false, addsPrefixSpace: false) }
    guard options.kind == .wordPiece, let first = model.vocabulary.id(of: "[CLS]"),
      let separator = model.vocabulary.id(of: "[SEP]")
    else { return nil }
    func cls(_ type: Int32) -> TemplatePiece {
      .special(name: "[CLS]", ids: [first], tokens: ["[CLS]"], typeID: type)
    }
    func sep(_ type: Int32) -> TemplatePiece {
      .special(name: "[SEP]", ids: [separator], tokens: ["[SEP]"], typeID: type)
    }
    return .template(
      single: [cls(0), .sequence(0, typeID: 0), sep(0)],
      pair: [cls(0), .sequence(0, typeID: 0), sep(0), .sequence(1, typeID: 1), sep(1)])
  }
}
