import Foundation
import Testing

@testable import TextProcessing

/// Compressed files, other character sets, and bytes that are none.
@Suite("Bytes that become UTF-8")
struct InputTests {
  private static let text = String(repeating: "Grüße\n今天\n", count: 3)

  /// `text` as gzip -9, xz -6 and zstd write it.
  static let compressed = [
    "H4sIAAAAAAACA3MvOrzn8PxUrie7u54uWcnljpcLAP2tZZItAAAA",
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AAsABddACOclGvGS1g4bgKdbhsLu471cRGasAAAAAA3/l1ZgrUg8gABMy1ujDKRH7bzfQEAAAAABFla",
    "KLUv/QRYrQAAeEdyw7zDn2UK5LuK5aSpCgEAIs46aq1Oiw==",
  ]

  /// The lines of some bytes, as a file and as a pipe that gives a few bytes at a time.
  private func read(
    _ bytes: [UInt8], _ encoding: TextEncoding = TextEncoding()
  ) throws -> (
    text: String, report: TextEncodingReport
  ) {
    let file = FileManager.default.temporaryDirectory.appending(path: "nlptool-input-\(UUID().uuidString)").path
    try Data(bytes).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    let fromFile = try Self.text(try LineReader(path: file, encoding: encoding))

    let pipe = Pipe()
    let writer = Thread {
      for start in stride(from: 0, to: bytes.count, by: max(3, bytes.count / 200)) {
        try? pipe.fileHandleForWriting.write(
          contentsOf: Data(bytes[start..<min(bytes.count, start + max(3, bytes.count / 200))]))
      }
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    let reader = LineReader(
      fileDescriptor: pipe.fileHandleForReading.fileDescriptor, name: "pipe", encoding: encoding)
    let fromPipe = try Self.text(reader)
    #expect(fromPipe.text == fromFile.text && fromPipe.report == fromFile.report)
    return fromFile
  }

  private static func text(_ reader: LineReader) throws -> (text: String, report: TextEncodingReport) {
    var bytes: [UInt8] = []
    while try reader.advance() {
      reader.withLine { line in line.withUnsafeBufferPointer { bytes += $0 } }
      if reader.lineEnding != .none { bytes.append(0x0A) }
    }
    return (String(decoding: bytes, as: UTF8.self), reader.encodingReport)
  }

  /// "hi" as `xz --lzma2=dict=1GiB` writes it.
  @Test("what needs a gigabyte to be decompressed is refused, and not called damaged")
  func largeDictionary() throws {
    let bytes = [UInt8](
      try #require(
        Data(base64Encoded: "/Td6WFoAAATm1rRGAgAhASQAAABeH8f5AQACaGkKAAD7e+joKlhDTwABGwMLL7kQH7bzfQEAAAAABFla")))
    do {
      _ = try read(bytes)
      Issue.record("it was read")
    } catch CorpusError.unreadable(_, let reason) {
      #expect(reason.contains("more memory"), "\(reason)")
    }
  }

  @Test("compressed files are read as if they were not", arguments: compressed)
  func compression(base64: String) throws {
    let bytes = [UInt8](try #require(Data(base64Encoded: base64)))
    #expect(try read(bytes).text == Self.text)
    #expect(try read(bytes + bytes).text == Self.text + Self.text)
    for end in 6..<bytes.count - 1 {
      #expect(throws: CorpusError.self) { try read(Array(bytes[..<end])) }
    }
    for index in 6..<bytes.count {
      var changed = bytes
      changed[index] ^= 0x55
      _ = try? read(changed)
    }
  }

  @Test("character sets by a mark, by name and by what the bytes look like")
  func characterSets() throws {
    let sets: [(String, String.Encoding)] = [
      ("UTF-16BE", .utf16BigEndian), ("UTF-16LE", .utf16LittleEndian), ("UTF-32BE", .utf32BigEndian),
      ("UTF-32LE", .utf32LittleEndian),
    ]
    for (name, encoding) in sets {
      let bytes = [UInt8](try #require(Self.text.data(using: encoding)))
      #expect(try read(bytes, TextEncoding(.named(name))).text == Self.text)
      let mark = [UInt8](try #require("\u{FEFF}".data(using: encoding)))
      let marked = try read(mark + bytes)
      #expect(marked.text == Self.text && marked.report.characterSet == String(name.prefix(6)))
    }
    let latin: [UInt8] =
      Array("Tr".utf8) + [0xE8] + Array("s bien, le caf".utf8) + [0xE9] + Array(" est l".utf8) + [0xE0]
    #expect(try read(latin, TextEncoding(.named("windows-1252"))).text == "Très bien, le café est là")
    let guess = try read(latin, TextEncoding(.detected))
    #expect(guess.text == "Très bien, le café est là" && guess.report.characterSet != nil)
    // What is UTF-8 is no other set, also where the part that is looked at ends within a character.
    let long = "a" + String(repeating: "é", count: 40_000)
    let detected = try read(Array(long.utf8), TextEncoding(.detected))
    #expect(detected.text == long && detected.report == TextEncodingReport())
    #expect(try read([], TextEncoding(.detected)).text.isEmpty)
    #expect(throws: CorpusError.self) { try read(latin, TextEncoding(.named("klingon"))) }
    let bad: [UInt8] = [0x61, 0x81, 0x20, 0x62]
    #expect(throws: CorpusError.invalidBytes(path: "pipe", charset: "Shift_JIS", offset: 1)) {
      let pipe = Pipe()
      try pipe.fileHandleForWriting.write(contentsOf: Data(bad))
      try pipe.fileHandleForWriting.close()
      _ = try Self.text(
        LineReader(
          fileDescriptor: pipe.fileHandleForReading.fileDescriptor, name: "pipe",
          encoding: TextEncoding(.named("Shift_JIS"))))
    }
    #expect(try read(bad, TextEncoding(.named("Shift_JIS"), invalidBytes: .skip)).text == "a b")
  }

  @Test("bytes that are no UTF-8 are replaced as Swift's strings do it, or left out")
  func repair() throws {
    var generator = SystemRandomNumberGenerator()
    let parts: [[UInt8]] = [
      [0x61], Array("é".utf8), Array("今".utf8), Array("😀".utf8), [0xC3], [0xE4, 0xBB], [0xF0, 0x9F, 0x98], [0x80],
      [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xFF], [0xF4, 0x90, 0x80, 0x80],
    ]
    for size in [1, 5, 100, 60_000] {
      for _ in 0..<(size > 1000 ? 3 : 50) {
        // The first bytes decide what a file is.
        let bytes: [UInt8] = [0x61] + (0..<size).flatMap { _ in parts.randomElement(using: &generator) ?? [] }
        let expected = String(decoding: bytes, as: UTF8.self)
        let replaced = try read(bytes, TextEncoding(invalidBytes: .replace))
        #expect(replaced.text == expected)
        #expect(replaced.report.repairCount == expected.unicodeScalars.count { $0 == "\u{FFFD}" })
        let skipped = try read(bytes, TextEncoding(invalidBytes: .skip))
        #expect(skipped.text == expected.replacing("\u{FFFD}", with: ""))
        #expect(skipped.report.firstRepair == UTF8Validation.firstInvalidOffset(in: bytes.span))
      }
    }
  }
}
