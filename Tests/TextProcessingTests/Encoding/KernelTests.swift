import CTextKernels
import Testing

@testable import TextProcessing

/// Every scanner of every level that this machine has, against the plainest code, for all lengths around the width of a
/// block.
@Suite struct KernelTests {
  static let levels = [text_kernel_level_plain, text_kernel_level_avx2]
  static let scanners = levels.compactMap(ByteScanner.init(level:))

  /// Calls a body with bytes that end where their memory ends, so that a read beyond them shows under a sanitizer.
  private func withBytes<R>(_ bytes: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    defer { memory.deallocate() }
    _ = memory.initialize(from: bytes)
    return body(UnsafeBufferPointer(memory))
  }

  @Test func plainIsAlwaysThere() {
    #expect(ByteScanner(level: text_kernel_level_plain) != nil)
    #expect(ByteScanner(level: text_kernel_best_level()) != nil)
  }

  @Test func firstNonASCIIAndNewline() {
    for scanner in Self.scanners {
      for length in 0...200 {
        let letters = [UInt8](repeating: 0x61, count: length)
        #expect(withBytes(letters) { scanner.firstNonASCII(in: $0) } == length)
        #expect(withBytes(letters) { scanner.firstNewline(in: $0) } == nil)
        for place in 0..<length {
          var bytes = letters
          bytes[place] = 0x80
          bytes[length - 1] |= 0x80
          #expect(withBytes(bytes) { scanner.firstNonASCII(in: $0) } == place)
          bytes[place] = 0x0A
          #expect(withBytes(bytes) { scanner.firstNewline(in: $0) } == place)
        }
      }
    }
  }

  @Test func lowercasing() {
    let all = (0..<3).flatMap { _ in (0...255).map { UInt8($0) } }
    for scanner in Self.scanners {
      for length in 0...150 {
        for start in stride(from: 0, to: 256, by: 37) {
          let source = Array(all[start..<start + length])
          let expected = source.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
          var result = [UInt8](repeating: 0, count: length)
          result.withUnsafeMutableBufferPointer { destination in
            withBytes(source) { scanner.lowercaseASCII($0, to: destination) }
          }
          #expect(result == expected)
        }
      }
    }
  }

  /// The standard library's idea of where the first ill-formed sequence begins.
  private func reference(_ bytes: [UInt8]) -> Int? {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): offset += UTF8.width(scalar)
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }

  /// All sequences of up to three bytes out of those at which the definition turns, at every place of a block.
  @Test func validationOfAllSequences() {
    let turning: [UInt8] = [
      0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
      0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF,
    ]
    let places = [0, 29, 30, 31, 32, 60, 61, 62, 63, 64, 65]
    for first in turning {
      for second in turning {
        for third in turning {
          for fourth: UInt8 in [0x41, 0x80, 0xBF, 0xC3] {
            let sequence = [first, second, third, fourth]
            let wrong = reference(sequence + [0x41])
            for place in places {
              let bytes = [UInt8](repeating: 0x20, count: place) + sequence + [UInt8](repeating: 0x41, count: 70)
              for scanner in Self.scanners where withBytes(bytes, scanner.firstInvalidUTF8) != wrong.map({ $0 + place })
              {
                Issue.record("\(scanner.kernels.pointee.name) at \(place): \(sequence)")
              }
            }
          }
        }
      }
    }
  }

  @Test func validationOfRandomTexts() {
    var texts = RandomText(seed: 5)
    var random = SeededGenerator(seed: 6)
    for _ in 0..<3_000 {
      var bytes = Array(texts.next(runs: 12).utf8)
      for scanner in Self.scanners { #expect(withBytes(bytes, scanner.firstInvalidUTF8) == nil) }
      // One byte changed, and the text cut anywhere.
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      let expected = reference(bytes)
      for scanner in Self.scanners { #expect(withBytes(bytes, scanner.firstInvalidUTF8) == expected) }
    }
  }
}
