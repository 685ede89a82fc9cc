extension ImageFiles {
  /// Names of columns that hold paths, the likelier ones first.
  private static let pathColumns = [
    "path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img",
  ]
  /// Names of columns that hold labels.
  private static let labelColumns = [
    "label", "labels", "class", "class_name", "category", "target", "class_index", "class_id", "label_id", "species",
  ]

  /// A CSV or TSV file with a header, of which one column holds paths, from the folder of the file on, and one labels.
  ///
  /// - Parameters:
  ///   - pathColumn: its name; nil for `path`, `file`, `filename`, `image` or the like.
  ///   - labelColumn: its name; nil for `label`, `class`, `category` or the like.
  ///   - classNames: the classes in their order, such as those of a model; nil for the labels that there are, sorted, by
  ///     their value where all are whole numbers.
  ///   - skipBad: whether a first image that is not there may pass.
  public init(
    table path: String, pathColumn: String? = nil, labelColumn: String? = nil, classNames: [String]? = nil,
    skipBad: Bool = false
  ) throws(ImageError) {
    var rows = try TableRows(path: path)
    let header = rows.header
    let pathPlace = try Self.column(pathColumn, or: Self.pathColumns, "path", header, path)
    let labelPlace = try Self.column(labelColumn, or: Self.labelColumns, "label", header, path)
    let base = folder(of: path)
    var paths: [String] = []
    var texts: [String] = []
    while let (fields, line) = try rows.next() {
      guard fields.count > max(pathPlace, labelPlace) else {
        throw .badRow(
          path: path, line: line,
          reason: "\(fields.count) column\(fields.count == 1 ? "" : "s") where \(header.count) are wanted")
      }
      guard !fields[pathPlace].isEmpty else { throw .badRow(path: path, line: line, reason: "no path") }
      guard !fields[labelPlace].isEmpty else { throw .badRow(path: path, line: line, reason: "no label") }
      if let classNames, !classNames.contains(fields[labelPlace]) {
        throw .unknownLabel(path: "\(path), line \(line)", label: fields[labelPlace], known: classNames)
      }
      paths.append(joined(base, fields[pathPlace]))
      texts.append(fields[labelPlace])
    }
    guard let first = paths.first else { throw .noImages(path: path) }
    // A wrong folder shows at once.
    if !skipBad, PathKind(first) == .missing { throw .missing(path: first) }
    let classes = classNames ?? Self.sorted(Set(texts))
    let places = Dictionary(classes.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    self.init(classNames: classes, labels: texts.map { places[$0] ?? -1 }, paths: paths)
  }

  private static func column(
    _ name: String?, or usual: [String], _ purpose: String, _ header: [String], _ path: String
  ) throws(ImageError) -> Int {
    if let name {
      guard let place = header.firstIndex(of: name) else {
        throw .unknownColumn(path: path, column: name, available: header)
      }
      return place
    }
    let lowered = header.map { $0.lowercased() }
    for candidate in usual {
      if let place = lowered.firstIndex(of: candidate) { return place }
    }
    throw .unknownColumn(path: path, column: purpose, available: header)
  }

  /// Whole numbers by their value, other labels by their bytes: the same order on every machine.
  private static func sorted(_ labels: Set<String>) -> [String] {
    let byBytes = labels.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let numbers = byBytes.compactMap { label in Int(label).map { (number: $0, label: label) } }
    guard numbers.count == byBytes.count else { return byBytes }
    // Equal numbers, as of 1 and 01, stay in the order of their bytes.
    return numbers.enumerated().sorted { ($0.element.number, $0.offset) < ($1.element.number, $1.offset) }
      .map(\.element.label)
  }

  /// Whether a header names a column of paths.
  static func hasPathColumn(_ path: String) -> Bool {
    guard let rows = try? TableRows(path: path) else { return false }
    return rows.header.contains { pathColumns.contains($0.lowercased()) }
  }
}
