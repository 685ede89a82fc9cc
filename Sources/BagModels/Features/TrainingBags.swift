import VocabularyStore

/// The rows of all training texts, found once before the first epoch: one number a feature, one text behind the other.
///
/// The most frequent rows, which are in nearly every text, are kept apart with how often a text has each of them.
struct TrainingBags {
  /// Rows that are kept apart, at most: they are about half of a text's words, and what texts have in common is nearly
  /// all in them. Their floats fit in a first-level cache.
  private static let commonRowLimit = 64

  /// A row; or, where words have subwords, `~n` for all rows of the distinct token n.
  private(set) var entries: [Int32] = []
  /// Where each text begins in `entries`, and where the last one ends.
  private(set) var starts: [Int] = [0]
  /// Rows of each text, the common ones included.
  private(set) var rowCounts: [Int32] = []
  /// Words of each text, the end mark included: what the learning rate falls by.
  private(set) var wordCounts: [Int32] = []
  /// The rows of each distinct token, where words have subwords.
  private(set) var tokenRows: [Int32] = []
  private(set) var tokenRowStarts: [Int32] = []
  /// The common rows of each text, how often it has each, and where those of each text begin.
  private(set) var commonRows: [Int32] = []
  private(set) var commonCounts: [Float] = []
  private(set) var commonStarts: [Int] = [0]
  let features: FeatureMap

  var textCount: Int { rowCounts.count }

  /// Finds vocabulary, n-grams and rows of some texts of a collection.
  ///
  /// - Parameter distinct: whether a row that a text has several times counts once.
  init(
    _ texts: TextCollection, selection: [Int], options: FeatureOptions, distinct: Bool
  ) throws(BagModelError) {
    self.init(
      texts, selection: selection, features: try FeatureMap(texts, selection: selection, options: options),
      distinct: distinct)
  }

  /// Finds the rows of some texts of a collection, where the features are known.
  init(_ texts: TextCollection, selection: [Int], features: FeatureMap, distinct: Bool) {
    self.features = features
    let arena = texts.arena
    var isUsed = [Bool](repeating: false, count: arena.count)
    for text in selection { for token in texts.tokens(of: text) { isUsed[Int(token)] = true } }

    // The rows of each distinct token.
    tokenRowStarts.reserveCapacity(arena.count + 1)
    tokenRowStarts.append(0)
    for token in 0..<arena.count {
      if isUsed[token] {
        arena.bytes[arena.range(of: token)].withUnsafeBufferPointer {
          features.appendRows(of: $0.span, to: &tokenRows)
        }
      }
      tokenRowStarts.append(Int32(truncatingIfNeeded: tokenRows.count))
    }
    appendTexts(texts, selection: selection, distinct: distinct)
    separateCommonRows()
  }

  private mutating func appendTexts(_ texts: TextCollection, selection: [Int], distinct: Bool) {
    let hasSubwords = features.hasSubwords
    let tokenHashes = texts.arena.hashes
    let usesNgrams = features.options.wordNgrams > 1
    var hashes: [UInt64] = []
    var rows: [Int32] = []
    /// The last text that had a row.
    var seen = [Int32](repeating: -1, count: distinct ? features.rowCount + texts.arena.count : 0)
    for (place, text) in selection.enumerated() {
      rows.removeAll(keepingCapacity: true)
      hashes.removeAll(keepingCapacity: true)
      let tokens = texts.tokens(of: text)
      for token in tokens {
        let own = Int(tokenRowStarts[Int(token)])..<Int(tokenRowStarts[Int(token) + 1])
        if hasSubwords {
          if !own.isEmpty { rows.append(~token) }
        } else if !own.isEmpty {
          rows.append(tokenRows[own.lowerBound])
        }
      }
      rows.append(FeatureMap.endID)
      if usesNgrams {
        for token in tokens { hashes.append(tokenHashes[Int(token)]) }
        hashes.append(FeatureMap.endHash)
        features.appendNgramRows(of: hashes, to: &rows)
      }
      if distinct {
        let stamp = Int32(truncatingIfNeeded: place)
        rows.removeAll { row in
          let index = row < 0 ? features.rowCount + Int(~row) : Int(row)
          defer { seen[index] = stamp }
          return seen[index] == stamp
        }
      }
      entries += rows
      starts.append(entries.count)
      wordCounts.append(Int32(truncatingIfNeeded: tokens.count + 1))
      rowCounts.append(
        hasSubwords
          ? rows.reduce(0) {
            $0 + ($1 < 0 ? tokenRowStarts[Int(~$1) + 1] - tokenRowStarts[Int(~$1)] : 1)
          } : Int32(truncatingIfNeeded: rows.count))
    }
  }

  /// Takes the common rows out of the entries of each text and out of the rows of each token.
  private mutating func separateCommonRows() {
    let slots = commonSlots()
    var counts = [Float](repeating: 0, count: Self.commonRowLimit)
    var rowOfSlot = [Int32](repeating: 0, count: Self.commonRowLimit)
    for (row, slot) in slots.enumerated() where slot >= 0 { rowOfSlot[Int(slot)] = Int32(row) }
    var kept = 0
    for text in 0..<textCount {
      let range = starts[text]..<starts[text + 1]
      starts[text] = kept
      for place in range {
        let entry = entries[place]
        if entry < 0 {
          for index in Int(tokenRowStarts[Int(~entry)])..<Int(tokenRowStarts[Int(~entry) + 1]) {
            let slot = slots[Int(tokenRows[index])]
            if slot >= 0 { counts[Int(slot)] += 1 }
          }
        } else if slots[Int(entry)] >= 0 {
          counts[Int(slots[Int(entry)])] += 1
          continue
        }
        entries[kept] = entry
        kept += 1
      }
      for slot in 0..<Self.commonRowLimit where counts[slot] > 0 {
        commonRows.append(rowOfSlot[slot])
        commonCounts.append(counts[slot])
        counts[slot] = 0
      }
      commonStarts.append(commonRows.count)
    }
    starts[textCount] = kept
    entries.removeLast(entries.count - kept)
    guard features.hasSubwords else { return }
    kept = 0
    for token in 0..<tokenRowStarts.count - 1 {
      let range = Int(tokenRowStarts[token])..<Int(tokenRowStarts[token + 1])
      tokenRowStarts[token] = Int32(kept)
      for place in range where slots[Int(tokenRows[place])] < 0 {
        tokenRows[kept] = tokenRows[place]
        kept += 1
      }
    }
    tokenRowStarts[tokenRowStarts.count - 1] = Int32(kept)
  }

  /// For each row its place among the most frequent ones, or -1.
  private func commonSlots() -> [Int8] {
    var counts = [Int32](repeating: 0, count: features.rowCount)
    for entry in entries {
      if entry >= 0 {
        counts[Int(entry)] += 1
      } else {
        for index in Int(tokenRowStarts[Int(~entry)])..<Int(tokenRowStarts[Int(~entry) + 1]) {
          counts[Int(tokenRows[index])] += 1
        }
      }
    }
    // The limit's own count by a search over counts: sorting all rows would cost more than the rest.
    var (low, high) = (Int32(1), (counts.max() ?? 0) + 1)
    while low < high {
      let middle = low + (high - low) / 2
      var above = 0
      for count in counts where count >= middle { above += 1 }
      if above > Self.commonRowLimit { low = middle + 1 } else { high = middle }
    }
    var slots = [Int8](repeating: -1, count: counts.count)
    var slot: Int8 = 0
    for (row, count) in counts.enumerated() where count >= low {
      slots[row] = slot
      slot += 1
    }
    return slots
  }
}
