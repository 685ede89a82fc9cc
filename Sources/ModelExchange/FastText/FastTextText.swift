/// From a text to rows. A line is what fastText's command reads as one: words are what stands between the ASCII
/// characters of white space (and the byte 0), and the line's end is the word `</s>`.
extension FastTextModel {
  private static let lineFeed: UInt8 = 0x0A

  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 || (0x09...0x0D).contains(byte) }

  /// Leaves the rows of a text's first line in the scratch.
  func read(_ text: String, _ scratch: FastTextScratch) {
    scratch.rows.removeAll(keepingCapacity: true)
    scratch.hashes.removeAll(keepingCapacity: true)
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
          if word.elementsEqual(FastTextDictionary.endOfLine) { break }
          add(word, hash, lookup, scratch)
        }
        FastTextDictionary.endOfLine.withUnsafeBufferPointer { word in
          add(word, word.reduce(FastTextHash.start, FastTextHash.extend), lookup, scratch)
        }
      }
    }
    if settings.wordNgrams > 1 { addNgrams(scratch) }
  }

  private func add(
    _ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32, _ lookup: FastTextDictionary.Lookup,
    _ scratch: FastTextScratch
  ) {
    let index = lookup.index(of: UnsafeRawBufferPointer(word), hash: hash)
    // Labels of a text are no words of it.
    if let index {
      guard index < dictionary.wordCount else { return }
    } else if word.starts(with: FastTextDictionary.labelPrefix) {
      return
    }
    scratch.hashes.append(Int32(bitPattern: hash))
    addRows(of: word, index: index, scratch)
  }

  /// Appends the rows of a word: its own and those of its character n-grams.
  func addRows(of word: UnsafeBufferPointer<UInt8>, index: Int?, _ scratch: FastTextScratch) {
    if let index { scratch.rows.append(Int32(truncatingIfNeeded: index)) }
    let longest = settings.longestCharacterNgram
    guard longest > 0, settings.shortestCharacterNgram <= longest, !word.elementsEqual(FastTextDictionary.endOfLine)
    else { return }
    scratch.marked.removeAll(keepingCapacity: true)
    scratch.marked.append(UInt8(ascii: "<"))
    scratch.marked.append(contentsOf: word)
    scratch.marked.append(UInt8(ascii: ">"))
    let buckets = UInt32(settings.bucketCount)
    scratch.marked.withUnsafeBufferPointer { marked in
      FastTextHash.forEachCharacterNgram(of: marked, lengths: settings.shortestCharacterNgram...longest) { hash in
        addRow(ofBucket: { hash % buckets }, scratch)
      }
    }
  }

  private func addNgrams(_ scratch: FastTextScratch) {
    let (hashes, buckets) = (scratch.hashes, UInt64(settings.bucketCount))
    for start in hashes.indices {
      var ngram = UInt64(bitPattern: Int64(hashes[start]))
      for next in start + 1..<max(start + 1, min(hashes.count, start + settings.wordNgrams)) {
        ngram = FastTextHash.extend(ngram: ngram, with: hashes[next])
        addRow(ofBucket: { UInt32(truncatingIfNeeded: ngram % buckets) }, scratch)
      }
    }
  }

  /// Appends the row of a bucket, where it is kept. Without any there may be no buckets to divide by.
  @inline(__always)
  private func addRow(ofBucket bucket: () -> UInt32, _ scratch: FastTextScratch) {
    let first = Int32(truncatingIfNeeded: dictionary.wordCount)
    guard let kept = dictionary.keptBuckets else {
      scratch.rows.append(first + Int32(bitPattern: bucket()))
      return
    }
    guard kept.count > 0, let place = kept.place(of: bucket()) else { return }
    scratch.rows.append(first + place)
  }

  /// Leaves the mean of the scratch's rows in `hidden`; zeros without any.
  func findMean(_ scratch: FastTextScratch) {
    guard !scratch.rows.isEmpty else {
      for index in scratch.hidden.indices { scratch.hidden[index] = 0 }
      return
    }
    input.sum(scratch.rows, into: &scratch.hidden)
    let share = 1 / Float(scratch.rows.count)
    for index in scratch.hidden.indices { scratch.hidden[index] *= share }
  }
}
