import Foundation

extension Vocabulary {
  /// Writes the vocabulary as text, piece by piece: memory does not grow with its size.
  ///
  /// - Parameters:
  ///   - format: The form to write.
  ///   - write: Called with pieces of some 64 KiB, each ending with a whole line.
  /// - Throws: What `write` throws.
  public func export<Failure: Error>(
    as format: VocabularyTextFormat, _ write: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    let pieceSize = 64 << 10
    let newline = UInt8(ascii: "\n")
    var piece = format == .tsv ? [UInt8(ascii: "#")] : []
    piece += TextFormHeader.line(for: self) + [newline]
    for index in 0..<table.count {
      switch format {
      case .tsv: appendTSV(index, to: &piece)
      case .jsonLines: appendJSON(index, to: &piece)
      }
      piece.append(newline)
      if piece.count >= pieceSize {
        try write(piece)
        piece.removeAll(keepingCapacity: true)
      }
    }
    if !piece.isEmpty { try write(piece) }
  }

  /// The whole vocabulary as text.
  public func exported(as format: VocabularyTextFormat) -> [UInt8] {
    var text: [UInt8] = []
    export(as: format) { text += $0 }
    return text
  }

  /// Writes the vocabulary as text to a file whose name appears when it is whole.
  ///
  /// - Throws: ``VocabularyError/alreadyExists(path:)``, ``VocabularyError/cannotCreate(path:reason:)`` or
  ///   ``VocabularyError/writeFailed(path:reason:)``; nothing is left behind then.
  public func export(
    as format: VocabularyTextFormat, to path: String, overwrite: Bool
  ) throws(VocabularyError) {
    try AtomicFile.create(at: path, overwrite: overwrite) { temporary throws(VocabularyError) in
      guard FileManager.default.createFile(atPath: temporary, contents: nil),
        let file = FileHandle(forWritingAtPath: temporary)
      else { throw .cannotCreate(path: path, reason: "no file can be made there; check that the folder is writable") }
      do {
        try export(as: format) { try file.write(contentsOf: $0) }
        try file.close()
      } catch {
        throw .writeFailed(path: path, reason: "the disk is full or took no more")
      }
    }
  }

  private func appendTSV(_ index: Int, to line: inout [UInt8]) {
    let columns = "\(index)\t\(table.occurrences(of: index))\t\(table.kind(of: index).name)\t"
    line += Array(columns.utf8)
    TokenEscaping.appendTSV(table.bytes[table.range(of: index)], to: &line)
  }

  private func appendJSON(_ index: Int, to line: inout [UInt8]) {
    let members =
      #"{"id":\#(index),"count":\#(table.occurrences(of: index)),"kind":"\#(table.kind(of: index).name)","#
    line += Array(members.utf8)
    TokenEscaping.appendJSON(table.bytes[table.range(of: index)], to: &line)
    line.append(UInt8(ascii: "}"))
  }
}
