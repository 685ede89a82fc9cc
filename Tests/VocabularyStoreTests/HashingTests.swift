import Testing

@testable import VocabularyStore

@Suite struct HashingTests {
  private func hex(_ text: String) -> String {
    var digest = SHA256()
    digest.update(Array(text.utf8).span.bytes)
    return digest.digest().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  @Test("SHA-256 gives the digests of FIPS 180-4")
  func sha256() {
    #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      hex(String(repeating: "a", count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("SHA-256 does not depend on how the bytes are split")
  func sha256Splits() {
    let text = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var whole = SHA256()
    whole.update(text.span.bytes)
    let expected = whole.digest()
    for cut in 0...text.count {
      var parts = SHA256()
      parts.update(text.span.bytes.extracting(0..<cut))
      parts.update(text.span.bytes.extracting(cut..<text.count))
      #expect(parts.digest() == expected)
    }
  }

  @Test("hashes are those of earlier files")
  func stability() {
    // Values of the first release: files hold them, so a difference here breaks every file that exists.
    let token = Array("vocabulary".utf8)
    let long = (0..<200).map { UInt8($0) }
    #expect(tokenHash(token) == Self.storedToken)
    #expect(checksum(long) == Self.storedChecksum)
  }

  private static let storedToken: UInt64 = 0xFCE5_0198_281B_7CCB
  private static let storedChecksum: UInt64 = 0x1878_BE07_CBC2_9248

  @Test("the token hash tells all strings of up to two bytes apart, in both halves")
  func shortTokens() {
    var hashes: Set<UInt64> = [tokenHash([UInt8]())]
    var strings = 1
    for first in UInt8.min ... .max {
      hashes.insert(tokenHash([first]))
      strings += 1
      for second in UInt8.min ... .max {
        hashes.insert(tokenHash([first, second]))
        strings += 1
      }
    }
    #expect(hashes.count == strings)
    // The slot comes from the lower half, the tag from the upper: some 65,793² / 2³³ = 0.5 collisions are chance.
    #expect(Set(hashes.map { UInt32(truncatingIfNeeded: $0) }).count >= strings - 6)
    #expect(Set(hashes.map { UInt32(truncatingIfNeeded: $0 >> 32) }).count >= strings - 6)
  }

  @Test("the checksum notices every flipped bit, at all sizes around its blocks")
  func noticesFlips() {
    for size in [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 63, 64, 65, 79, 80, 81, 127, 128, 129, 200] {
      var bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 5) }
      let expected = checksum(bytes)
      for bit in 0..<size * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8)
        #expect(checksum(bytes) != expected)
        bytes[bit / 8] ^= 1 << (bit % 8)
      }
      #expect(checksum(bytes + [0]) != expected)
    }
  }

  @Test("comparison of bytes looks at every byte, at all sizes around its words")
  func comparison() {
    for size in 0...40 {
      let token = (0..<size).map { UInt8($0 + 1) }
      let arena: [UInt8] = [9, 9, 9] + token + [9]
      #expect(matches(arena, token, at: 3))
      for index in 0..<size {
        var other = token
        other[index] ^= 0x80
        #expect(!matches(arena, other, at: 3))
      }
    }
  }
}
