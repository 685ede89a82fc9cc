/// Texts of a folder with one sub-folder a label and one file a text, in the order of the names.
struct FolderTexts {
  /// aclImdb keeps its texts without a label beside the labelled ones under this name.
  private static let unlabelled = "unsup"

  private let path: String
  private let encoding: TextEncoding
  /// The sub-folders.
  let labels: [String]
  private var nextLabel = 0
  private var label = ""
  /// Files of the sub-folder at hand.
  private var files: ArraySlice<String> = []
  private var fileNumber = 0

  init(path: String, encoding: TextEncoding = TextEncoding()) throws(CorpusError) {
    guard FileSystem.isDirectory(path) else {
      // Opening it tells a file from nothing at all.
      _ = try ByteSource(path: path)
      throw .notADirectory(path: path)
    }
    self.path = path
    self.encoding = encoding
    labels = try FileSystem.visibleNames(in: path).filter {
      $0 != Self.unlabelled && FileSystem.isDirectory(path + "/" + $0)
    }
    guard !labels.isEmpty else { throw .isDirectory(path: path) }
    for label in labels {
      let folder = path + "/" + label
      let names = try FileSystem.visibleNames(in: folder)
      if let inner = names.first(where: { FileSystem.isDirectory(folder + "/" + $0) }) {
        throw .ambiguous(
          path: path,
          question: "the sub-folder '\(label)' holds folders itself ('\(inner)'); "
            + "give the folder whose sub-folders are the labels, such as \(folder)")
      }
    }
  }

  mutating func next() throws(CorpusError) -> CorpusRecord? {
    while files.isEmpty {
      guard nextLabel < labels.count else { return nil }
      label = labels[nextLabel]
      nextLabel += 1
      files = try FileSystem.visibleNames(in: path + "/" + label)[...]
    }
    let file = path + "/" + label + "/" + files.removeFirst()
    fileNumber += 1
    return CorpusRecord(text: try text(of: file), labels: [label], line: fileNumber, source: file)
  }

  /// The text of a file, without the line end at its end.
  private func text(of file: String) throws(CorpusError) -> String {
    let reader = try LineReader(path: file, encoding: encoding)
    var text = ""
    var ending = ""
    while try reader.advance() {
      text += ending
      text += try reader.lineText()
      ending = reader.lineEnding == .returnAndLineFeed ? "\r\n" : "\n"
    }
    return text
  }
}
