/// From a text to rows. A line is what fastText's command reads as one: words are what stands between the ASCII
/// characters of white space (and the byte 0), and the line's end is the word `</s>`.
extension FastTextModel {
  private static let lineFeed: UInt8 = 0x0A

  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 || (0x09...0x0D).contains(byte) }

  /// Leaves the rows of a text's first line in the scratch.
  func read(_ text: String, _ scratch: FastTextScratch) { read(text, into: &scratch.words) }

  private func read(_ text: String, into words: inout FastTextWords) {
    words.removeAll()
    text.utf8.span.withUnsafeBufferPointer { bytes in
      dictionary.withLookup { lookup in
        var place = 0
        while place < bytes.count {
          let byte = bytes[place]
          if byte == Self.lineFeed { break }
          if Self.isSpace(byte) {
            place += 1
            continue
          }
          let start = place
          var hash = FastTextHash.start
          while place < bytes.count, !Self.isSpace(bytes[place]) {
            hash = FastTextHash.extend(hash, bytes[place])
            place += 1
          }
          let word = UnsafeBufferPointer(rebasing: bytes[start..<place])
          // A word that reads like the end of a line is one.
          if FastTextDictionary.isEndOfLine(word) { break }
          add(word, hash, lookup, to: &words)
        }
        FastTextDictionary.endOfLine.withUnsafeBufferPointer {
          add($0, FastTextHash.word($0), lookup, to: &words)
        }
      }
    }
    words.addNgrams()
  }

  @inline(__always)
  private func add(
    _ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32, _ lookup: FastTextDictionary.Lookup,
    to words: inout FastTextWords
  ) {
    let index = lookup.index(of: UnsafeRawBufferPointer(word), hash: hash)
    // Labels of a text are no words of it.
    if let index {
      guard index < dictionary.wordCount else { return }
    } else if word[0] == UInt8(ascii: "_"), word.starts(with: FastTextDictionary.labelPrefix) {
      return
    }
    words.add(word, hash: hash, index: index)
  }

  /// Leaves the mean of the scratch's rows in `hidden`; zeros without any.
  func findMean(_ scratch: FastTextScratch) {
    let rows = scratch.words.rows
    guard !rows.isEmpty else {
      for index in scratch.hidden.indices { scratch.hidden[index] = 0 }
      return
    }
    input.sum(rows, into: &scratch.hidden)
    let share = 1 / Float(rows.count)
    for index in scratch.hidden.indices { scratch.hidden[index] *= share }
  }
}
