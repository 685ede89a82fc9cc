import GRDB

/// One of the vocabularies of a file.
public struct StoredVocabulary: Sendable, Hashable, Codable {
  /// What it is made of.
  public enum Kind: String, Sendable, Codable {
    /// Tokens with counts.
    case words
    /// A tokenizer of subwords: tokens with merges or scores.
    case subwords
  }

  /// Its name in the file.
  public let name: String
  /// What it is made of.
  public let kind: Kind
  /// The number of tokens.
  public let count: Int
  /// Numbers of each vector; nil where it has none.
  public let dimensions: Int?
}

/// The names of a file's vocabularies.
struct StoreContents {
  struct Item: Hashable {
    let name: String
    let kind: StoredVocabulary.Kind
  }

  /// In the order of the names.
  let items: [Item]

  init(items: [Item]) { self.items = items }

  init(_ database: Database, path: String) throws {
    // A file of schema 1 has words alone.
    let subwords =
      try database.tableExists("subword_tokenizer") ? "UNION ALL SELECT name, 1 FROM subword_tokenizer" : ""
    var items: [Item] = []
    let rows = try Row.fetchCursor(database, sql: "SELECT name, 0 FROM vocabulary \(subwords)")
    while let row = try rows.next() {
      guard let name = row.text(at: 0), let kind = row.integer(at: 1) else {
        throw VocabularyError.corrupt(path: path, reason: "the rows of its vocabularies are not readable")
      }
      items.append(Item(name: name, kind: kind == 0 ? .words : .subwords))
    }
    self.items = items.sorted { $0.name.unicodeScalars.lexicographicallyPrecedes($1.name.unicodeScalars) }
  }

  /// All that is told about them; counts their rows.
  func described(by database: Database) throws -> [StoredVocabulary] {
    let hasVectors = try database.tableExists("vector_set")
    return try items.map { item in
      func integer(_ sql: String) throws -> Int? {
        try Row.fetchOne(database, sql: sql, arguments: [item.name])?.integer(at: 0).flatMap(Int.init(exactly:))
      }
      let table = item.kind == .words ? "vocabulary" : "subword_tokenizer"
      let (rows, key) = item.kind == .words ? ("token", "vocabulary") : ("subword", "tokenizer")
      return StoredVocabulary(
        name: item.name, kind: item.kind,
        count: try integer("SELECT count(*) FROM \(rows) WHERE \(key) = (SELECT id FROM \(table) WHERE name = ?)") ?? 0,
        dimensions: hasVectors && item.kind == .words
          ? try integer(
            "SELECT dimensions FROM vector_set WHERE vocabulary = (SELECT id FROM vocabulary WHERE name = ?)") : nil)
    }
  }

  /// The one of this name. Swift's comparison takes two spellings for one where Unicode does, since a person cannot tell
  /// them apart; the database compares bytes, so what is asked of it is the spelling that is stored.
  func item(named name: String) -> Item? {
    items.first { $0.name.utf8.elementsEqual(name.utf8) } ?? items.first { $0.name == name }
  }

  /// The name that is meant; who gives none means the default or the only one.
  ///
  /// - Parameter kind: what it is to be; nil leaves it open.
  func resolve(
    _ name: String?, _ kind: StoredVocabulary.Kind? = nil, path: String
  ) throws(VocabularyError) -> Item {
    let candidates = items.filter { kind == nil || $0.kind == kind }
    let names = candidates.map(\.name)
    let named = name.flatMap { item(named: $0) }
    if let named, kind == nil || named.kind == kind { return named }
    if name == nil, let implied = implied(of: kind) { return implied }
    let things =
      switch kind {
      case .words: "vocabulary of words"
      case .subwords: "tokenizer of subwords"
      case nil: "vocabulary"
      }
    guard !names.isEmpty else { throw .noSuchName(path: path, reason: "it holds no \(things)") }
    let listed = names.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
    let there = listed + (names.count > 10 ? " and \(names.count - 10) more" : "")
    guard let name else {
      throw .noSuchName(path: path, reason: "it holds several, say which by name: \(there)")
    }
    throw .noSuchName(
      path: path, reason: named != nil ? "'\(name)' is no \(things)" : "it holds no '\(name)', but \(there)")
  }

  /// What is meant where nobody gives a name.
  func implied(of kind: StoredVocabulary.Kind?) -> Item? {
    let candidates = items.filter { kind == nil || $0.kind == kind }
    return candidates.first { $0.name == VocabularyStore.defaultName } ?? (candidates.count == 1 ? candidates[0] : nil)
  }
}
