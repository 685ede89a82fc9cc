/// The scalars that words are spelt with, or of a byte-level model the bytes.
struct Alphabet {
  /// In rising order.
  let scalars: [Unicode.Scalar]
  private let isByteLevel: Bool

  init(_ counts: WordCounts, _ options: SubwordTrainingOptions) {
    isByteLevel = options.kind == .byteLevelBytePair
    if isByteLevel {
      scalars = (0..<256).map { ByteAlphabet.scalar(of: UInt8($0)) }.sorted()
      return
    }
    var frequencies = [Int64](repeating: 0, count: 0x11_0000)
    Self.forEachScalar(counts) { scalar, _, count in frequencies[Int(scalar)] += count }
    var kept = frequencies.indices.filter { frequencies[$0] > 0 }
    let limit = options.characterLimit
    if kept.count > limit {
      // Equally frequent ones in their order.
      kept.sort { frequencies[$0] != frequencies[$1] ? frequencies[$0] > frequencies[$1] : $0 < $1 }
      kept = kept.prefix(limit).sorted()
    }
    scalars = kept.compactMap { Unicode.Scalar(UInt32($0)) }
  }

  /// The scalars of the alphabet that do not begin a word somewhere, in rising order.
  func goingOn(_ counts: WordCounts) -> [Unicode.Scalar] {
    var isFound = [Bool](repeating: false, count: 0x11_0000)
    Self.forEachScalar(counts) { scalar, isFirst, _ in if !isFirst { isFound[Int(scalar)] = true } }
    return scalars.filter { isFound[Int($0.value)] }
  }

  /// The words as symbols; scalars that the alphabet does not have are left out.
  ///
  /// - Parameters:
  ///   - tokens: the alphabet's ids.
  ///   - goingOn: ids of ``goingOn(_:)``, in that order.
  func symbols(_ counts: WordCounts, _ tokens: SymbolTable, goingOn: [Int32]) -> SymbolText {
    var text = SymbolText()
    var word: [Int32] = []
    var ids = [Int32](repeating: -1, count: isByteLevel ? 256 : 0x11_0000)
    for scalar in scalars {
      var token = String(Character(scalar))
      let place = isByteLevel ? Int(ByteAlphabet.byte(of: scalar) ?? 0) : Int(scalar.value)
      ids[place] = token.withUTF8 { tokens.id(of: $0) } ?? -1
    }
    var next = goingOn.isEmpty ? [] : [Int32](repeating: -1, count: 0x11_0000)
    if !goingOn.isEmpty {
      for (scalar, id) in zip(self.goingOn(counts), goingOn) { next[Int(scalar.value)] = id }
    }
    for index in 0..<counts.count {
      word.removeAll(keepingCapacity: true)
      counts.withWord(index) { bytes in
        if isByteLevel {
          for byte in bytes { word.append(ids[Int(byte)]) }
          return
        }
        var place = 0
        while place < bytes.count {
          let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: place)
          let id = place > 0 && !next.isEmpty ? next[Int(scalar)] : ids[Int(scalar)]
          if id >= 0 { word.append(id) }
          place += size
        }
      }
      text.append(word, count: counts.counts[index])
    }
    return text
  }

  /// The words as places in the alphabet, longer ones in pieces; scalars that the alphabet does not have are left out.
  func places(_ counts: WordCounts, wordLimit: Int) -> SymbolText {
    var text = SymbolText(wordLimit: wordLimit, pieceSize: wordLimit, shortest: 1)
    var ids = [Int32](repeating: -1, count: 0x11_0000)
    for (place, scalar) in scalars.enumerated() { ids[Int(scalar.value)] = Int32(place) }
    var word: [Int32] = []
    // Sums of floating-point numbers depend on their order.
    for index in counts.sortedIndices {
      word.removeAll(keepingCapacity: true)
      counts.withWord(index) { bytes in
        var place = 0
        while place < bytes.count {
          let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: place)
          if ids[Int(scalar)] >= 0 { word.append(ids[Int(scalar)]) }
          place += size
        }
      }
      text.append(word, count: counts.counts[index])
    }
    return text
  }

  private static func forEachScalar(
    _ counts: WordCounts, _ body: (_ scalar: UInt32, _ isFirst: Bool, _ count: Int64) -> Void
  ) {
    for index in 0..<counts.count {
      counts.withWord(index) { bytes in
        var place = 0
        while place < bytes.count {
          let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: place)
          body(scalar, place == 0, counts.counts[index])
          place += size
        }
      }
    }
  }
}
