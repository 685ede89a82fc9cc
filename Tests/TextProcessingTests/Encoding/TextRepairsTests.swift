import Foundation
import Testing

@testable import TextProcessing

@Suite("Offsets into texts that were mended")
struct TextRepairsTests {
  /// Pieces of lines: well-formed, ill-formed, and ends of lines.
  private static let pieces: [[UInt8]] = [
    Array("a".utf8), Array("b".utf8), Array(" ".utf8), Array("é".utf8), Array("今".utf8), Array("😀".utf8),
    Array("\u{0301}".utf8), [0xC3], [0xE4, 0xBB], [0xF0, 0x9F, 0x98], [0x80], [0xED, 0xA0, 0x80], [0xFF], [0x0A],
    [0x0D, 0x0A],
  ]

  /// The bytes of the original that a piece of the mended text stands for, and the offset of the piece among the scalars of the
  /// decoded original and among its units of UTF-16.
  private struct Place {
    var bytes: Range<Int>
    var scalars: Range<Int>
    var utf16: Range<Int>
  }

  /// A line as it is mended, and for each of its bytes the place in the original; by Swift's own decoder.
  private static func mended(_ line: [UInt8], skips: Bool) -> (text: [UInt8], places: [Place]) {
    var (text, places) = ([UInt8](), [Place]())
    var (byte, scalar, unit) = (0, 0, 0)
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = line.makeIterator()
    while true {
      let (encoded, size, width): ([UInt8], Int, Int)
      switch parser.parseScalar(from: &iterator) {
      case .valid(let bytes): (encoded, size, width) = (Array(bytes), bytes.count, bytes.count == 4 ? 2 : 1)
      case .error(let length): (encoded, size, width) = (skips ? [] : [0xEF, 0xBF, 0xBD], length, 1)
      case .emptyInput: return (text, places)
      }
      let place = Place(
        bytes: byte..<byte + size, scalars: scalar..<scalar + 1, utf16: unit..<unit + width)
      text += encoded
      places += encoded.map { _ in place }
      byte += size
      scalar += 1
      unit += width
    }
  }

  /// The lines of a text without their ends.
  private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    if lines.last == [] { lines.removeLast() }
    return lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }
  }

  @Test(
    "words of random lines, cut into blocks and line by line", arguments: [TextEncoding.InvalidBytes.replace, .skip])
  func randomLines(invalid: TextEncoding.InvalidBytes) throws {
    let tokenizer = try Tokenizer(everything())
    let workspace = tokenizer.makeWorkspace()
    let converters = try [OffsetUnit.bytes, .scalars, .utf16].map { try OffsetConverter(to: $0) }
    var generator = SystemRandomNumberGenerator()
    func check(_ line: Span<UInt8>, _ original: [UInt8], _ repairs: TextRepairs) throws {
      let (text, places) = Self.mended(original, skips: invalid == .skip)
      let read = line.withUnsafeBufferPointer { Array($0) }
      try #require(read == text, "\(original)")
      try tokenizer.tokenize(line, with: workspace)
      let ranges = (0..<workspace.count).map { workspace.range(at: $0) }
      func expected(_ part: (Place) -> Range<Int>) -> [Range<Int>] {
        ranges.map { part(places[$0.lowerBound]).lowerBound..<part(places[$0.upperBound - 1]).upperBound }
      }
      let (bytes, scalars, utf16) = (expected(\.bytes), expected(\.scalars), expected(\.utf16))
      for (converter, expected) in zip(converters, [bytes, scalars, utf16]) {
        #expect(converter.convert(ranges, in: line, repairs: repairs) == expected, "\(converter.unit) \(original)")
      }
    }
    // Long ones pass over the ends of the buffers.
    for size in [1, 8, 60, 200_000] {
      for _ in 0..<(size > 1000 ? 1 : 100) {
        // The end is no line of bytes that are all left out, which would be none.
        let middle = (0..<size).flatMap { _ in Self.pieces.randomElement(using: &generator) ?? [] }
        let bytes: [UInt8] = [0x61] + middle + [0x62]
        let file = FileManager.default.temporaryDirectory.appending(path: "nlptool-repairs-\(UUID().uuidString)").path
        try Data(bytes).write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let originals = Self.lines(bytes)
        let encoding = TextEncoding(invalidBytes: invalid)
        let reader = try LineReader(path: file, encoding: encoding)
        reader.keepsRepairs = true
        var repairCount = 0
        while try reader.advance() {
          let repairs = reader.lineRepairs
          repairCount += repairs.count
          try reader.withLine { try check($0, originals[reader.lineNumber - 1], repairs) }
        }
        #expect(reader.lineNumber == originals.count)
        #expect(repairCount == reader.encodingReport.repairCount)
        let blocks = try LineReader(path: file, encoding: encoding)
        blocks.keepsRepairs = true
        while let block = try blocks.nextBlock(size: 5000) {
          #expect(blocks.lineRepairs.isEmpty)
          try block.forEachLine { number, line, repairs in try check(line, originals[number - 1], repairs) }
        }
      }
    }
  }

  @Test("what was left out is in what it stood within, and counts as one character elsewhere")
  func skipped() throws {
    // ff "a" ff "b" ff " " ff, of which the middle was one word.
    let repairs = TextRepairs([0, 1, 2, 3].map { TextRepairs.Repair(offset: $0, originalSize: 1, size: 0) })
    let text = Array("ab ".utf8)
    #expect(repairs.originalRanges(of: [0..<2, 2..<3, 0..<0, 3..<3]) == [1..<4, 5..<6, 0..<0, 6..<6])
    #expect(
      repairs.within(1..<2) == TextRepairs([0, 1].map { TextRepairs.Repair(offset: $0, originalSize: 1, size: 0) }))
    for unit in [OffsetUnit.scalars, .utf16, .graphemes] {
      #expect(
        try OffsetConverter(to: unit).convert([0..<2, 2..<3], in: text.span, repairs: repairs) == [1..<4, 5..<6])
    }
    // A mark that follows what was left out belongs to it in the decoded original.
    let marked = TextRepairs([TextRepairs.Repair(offset: 1, originalSize: 2, size: 0)])
    let accent = Array("a\u{0301}b".utf8)
    #expect(
      try OffsetConverter(to: .graphemes).convert([0..<3, 3..<4], in: accent.span, repairs: marked) == [0..<2, 2..<3])
    #expect(
      try OffsetConverter(to: .bytes).convert([0..<3, 3..<4], in: accent.span, repairs: marked) == [0..<5, 5..<6])
  }
}
