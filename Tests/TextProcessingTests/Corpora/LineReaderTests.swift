import Foundation
import Testing

@testable import TextProcessing

@Suite struct LineReaderTests {
  private func lines(_ reader: LineReader) throws -> [[UInt8]] {
    var lines: [[UInt8]] = []
    while try reader.advance() {
      lines.append(reader.withLine { $0.withUnsafeBufferPointer { Array($0) } })
      #expect(reader.lineNumber == lines.count)
    }
    return lines
  }

  private func strings(_ text: String) throws -> [String] {
    let file = try TemporaryPath(containing: text)
    let fromFile = try lines(LineReader(path: file.path)).map { String(decoding: $0, as: UTF8.self) }
    let fromMemory = try lines(LineReader(bytes: Array(text.utf8), name: "memory")).map {
      String(decoding: $0, as: UTF8.self)
    }
    #expect(fromFile == fromMemory)
    return fromFile
  }

  @Test func lineEnds() throws {
    #expect(try strings("") == [])
    #expect(try strings("a") == ["a"])
    #expect(try strings("a\n") == ["a"])
    #expect(try strings("a\r\nb\n\n\r\nc\rd\n") == ["a", "b", "", "", "c\rd"])
    #expect(try strings("\n") == [""])
    #expect(try strings("\r\n\r") == ["", "\r"])
    #expect(try strings("a\0b\n\0") == ["a\0b", "\0"])
  }

  /// Lines around and beyond the size of the buffer.
  @Test func longLines() throws {
    var expected: [[UInt8]] = []
    for size in [(1 << 18) - 1, 1 << 18, (1 << 18) + 1, 1_000_000, 3, 0, 2_000_000, 1] {
      expected.append([UInt8](repeating: UInt8(ascii: "a") + UInt8(expected.count), count: size))
    }
    let file = try TemporaryPath(containing: Array(expected.joined(separator: [UInt8(ascii: "\n")])))
    #expect(try lines(LineReader(path: file.path)) == expected)
    var blocks: [[UInt8]] = []
    let reader = try LineReader(path: file.path)
    while let block = try reader.nextBlock(size: 300_000) {
      #expect(block.firstLine == blocks.count + 1)
      block.forEachLine { number, line in
        blocks.append(line.withUnsafeBufferPointer { Array($0) })
        #expect(number == blocks.count)
      }
    }
    #expect(blocks == expected)
  }

  @Test(.enabled(if: Corpora.longTests))
  func lineOfHundredMegabytes() throws {
    let file = try TemporaryPath(containing: [UInt8](repeating: 0x61, count: 100_000_000) + Array("\nnext\n".utf8))
    #expect(try lines(LineReader(path: file.path)).map(\.count) == [100_000_000, 4])
  }

  /// A corpus may begin with a line that is larger than what is looked at.
  @Test func longFirstRow() throws {
    let file = try TemporaryPath(containing: "pos\t" + String(repeating: "gutes ä ", count: 100_000) + "\nneg\tb\n")
    var reader = try CorpusReader(path: file.path)
    #expect(try reader.next()?.text.utf8.count == 900_000)
    #expect(try reader.next()?.label == "neg")
    let quoted = try TemporaryPath(
      "x.csv", containing: "pos,\"" + String(repeating: "gutes ä\n", count: 100_000) + "\"\nneg,b\n")
    let options = CorpusOptions(textColumn: .number(2), labelColumn: .number(1), header: .no)
    var rows = try CorpusReader(path: quoted.path, options: options)
    #expect(try rows.next()?.text.utf8.count == 900_000)
    #expect(try rows.next()?.label == "neg")
  }

  /// A pipe gives bytes in pieces and cannot be looked at elsewhere.
  @Test func pipe() throws {
    let pipe = Pipe()
    let rows = (0..<1_000).map { "\($0 / 500)\ta text of several words\n" }.joined()
    Thread.detachNewThread {
      for byte in rows.utf8.chunked(by: 777) { pipe.fileHandleForWriting.write(Data(byte)) }
      try? pipe.fileHandleForWriting.close()
    }
    let lines = LineReader(fileDescriptor: pipe.fileHandleForReading.fileDescriptor, name: "-")
    // One value in the first rows: it is the only column that may be a label.
    var reader = try CorpusReader(reader: lines)
    var labels: [String: Int] = [:]
    while let record = try reader.next() { labels[record.label ?? "", default: 0] += 1 }
    #expect(labels == ["0": 500, "1": 500])
  }

  @Test func smallBlocks() throws {
    let reader = LineReader(bytes: Array("a\nbb\r\nccc\n\nd".utf8), name: "memory")
    var found: [String] = []
    while let block = try reader.nextBlock(size: 1) {
      #expect(block.lineCount == 1 || block.lineCount == 2)
      block.forEachLine { number, line in
        found.append("\(number):\(line.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })")
      }
    }
    #expect(found == ["1:a", "2:bb", "3:ccc", "4:", "5:d"])
  }

  @Test func byteOrderMark() throws {
    let reader = LineReader(bytes: Array("\u{FEFF}a\n\u{FEFF}b".utf8), name: "memory")
    #expect(try reader.advance() && reader.lineBeginsWithByteOrderMark)
    #expect(reader.withLine { $0.count } == 4)
    #expect(try reader.lineText() == "a")
    #expect(try reader.advance() && !reader.lineBeginsWithByteOrderMark)
    #expect(try reader.lineText().unicodeScalars.count == 2)
  }

  @Test func errors() throws {
    #expect(throws: CorpusError.missingFile(path: "/no/such/file")) { try LineReader(path: "/no/such/file") }
    #expect(throws: CorpusError.missingFile(path: "/etc\0/x")) { try LineReader(path: "/etc\0/x") }
    let folder = try TemporaryPath()
    try folder.makeFolder()
    #expect(throws: CorpusError.isDirectory(path: folder.path)) { try LineReader(path: folder.path) }
    let reader = LineReader(bytes: [0x61, 0x0A, 0x62, 0xFF], name: "x.txt")
    #expect(try reader.advance() && reader.lineText() == "a")
    #expect(try reader.advance())
    #expect(throws: CorpusError.invalidUTF8(path: "x.txt", line: 2, offset: 1)) { try reader.lineText() }
  }
}

extension Sequence<UInt8> {
  /// Pieces of a size.
  fileprivate func chunked(by size: Int) -> [[UInt8]] {
    let all = Array(self)
    return stride(from: 0, to: all.count, by: size).map { Array(all[$0..<Swift.min($0 + size, all.count)]) }
  }
}
