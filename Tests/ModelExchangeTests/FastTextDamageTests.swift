import Foundation
import ModelFiles
import Testing

@testable import ModelExchange

/// Files that are cut short, changed, or made to do harm: an error that names the field, never a crash.
@Suite("Damaged models of fastText")
struct FastTextDamageTests {
  private func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: FastTextFixture.path(name))))
  }

  private func error(_ bytes: [UInt8]) throws -> ExchangeError? {
    try FastTextFixture.withFile(bytes) { path in
      do throws(ExchangeError) {
        let model = try FastTextModel(contentsOf: path)
        _ = model.predict("the good film 很 好 xyzzy", top: 3)
        _ = model.vector(of: "unbelievably")
        return nil
      } catch {
        return error
      }
    }
  }

  /// The field that an error names.
  private func field(_ bytes: [UInt8]) throws -> String? {
    switch try error(bytes) {
    case .malformed(_, let field, let reason):
      #expect(!reason.isEmpty)
      return field
    case let other: return other.map { "\($0)" }
    }
  }

  @Test("a file that is cut at any byte is an error", arguments: ["softmax-bigrams.bin", "quantized-norm-cutoff.ftz"])
  func cut(name: String) throws {
    let bytes = try bytes(name)
    for count in Array(1..<200) + stride(from: 200, to: bytes.count, by: 397) + [bytes.count - 1] {
      guard case .malformed = try error(Array(bytes[..<count])) else {
        Issue.record("\(name) cut at \(count) is no error")
        continue
      }
    }
  }

  @Test("any byte may be changed", arguments: FastTextFixture.all)
  func changed(name: String) throws {
    let original = try bytes(name)
    let places = Array(0..<120) + stride(from: 120, to: original.count, by: max(1, original.count / 200))
    for place in places {
      for value: UInt8 in [0, 0x7F, 0xFF] {
        var bytes = original
        bytes[place] = value
        _ = try error(bytes)
      }
    }
  }

  @Test("a field that cannot be is named")
  func named() throws {
    let original = try bytes("softmax-bigrams.bin")
    func with(_ value: Int32, at place: Int) -> [UInt8] {
      var bytes = original
      withUnsafeBytes(of: value.littleEndian) { for index in 0..<4 { bytes[place + index] = $0[index] } }
      return bytes
    }
    let fields: [(Int, Int32, String)] = [
      (0, 1, "magic number"), (4, 13, "version"), (8, 0, "args.dim"), (8, 11, "input matrix: columns"),
      (8, Int32.max, "input matrix: columns"), (28, -1, "args.wordNgrams"), (32, 5, "args.loss"),
      (36, 0, "args.model"), (40, 0, "args.bucket"), (40, Int32.max, "input matrix: rows"), (48, -1, "args.maxn"),
      (64, Int32.max, "dictionary.size"), (64, -1, "dictionary.size"), (68, 0, "dictionary.size"),
      (84, 5, "dictionary.pruneidx"), (84, -2, "dictionary.pruneidx_size"),
    ]
    for (place, value, name) in fields {
      let found = try field(with(value, at: place))
      // Of the numbers with 64 bits only the lower half was changed.
      #expect(
        found?.hasPrefix(name) == true || (place == 84 && found?.hasPrefix("dictionary") == true),
        "\(place): \(found ?? "none")")
    }
    #expect(try field([1]) == "magic number")
    #expect(try field(Array("{\"json\": 1}".utf8)) == "magic number")
    // Another count, another kind of the first word, which stand behind it and a zero.
    var bytes = original
    let name = try #require(bytes[92...].firstIndex(of: 0)) + 1
    bytes[name + 7] = 0xFF
    #expect(try field(bytes) == "dictionary.entry 0.count")
    bytes = original
    bytes[name + 8] = 1
    #expect(try field(bytes)?.hasPrefix("dictionary.entry 0") == true)
  }

  @Test("fields of a quantiser are named")
  func quantizer() throws {
    let original = try bytes("quantized.ftz")
    // The quantiser of the input stands behind its codes; dim, nsubq, dsub and lastdsub are 10, 5, 2 and 2.
    let pattern: [UInt8] = [10, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]
    let place = try #require(
      (0..<original.count - pattern.count).first { original[$0..<$0 + pattern.count].elementsEqual(pattern) })
    for (index, name) in ["dim", "nsubq", "dsub", "lastdsub"].enumerated() {
      for value: UInt8 in [0, 1, 7, 255] where pattern[4 * index] != value {
        var bytes = original
        bytes[place + 4 * index] = value
        let found = try field(bytes)
        #expect(found?.hasPrefix("input matrix: quantizer") == true, "\(name) \(value): \(found ?? "none")")
      }
    }
  }

  @Test("what is missing or empty is an error of the file")
  func files() throws {
    #expect(throws: ExchangeError.file(.missing(path: "/nowhere.bin"))) {
      _ = try FastTextModel(contentsOf: "/nowhere.bin")
    }
    #expect(!FastTextModel.isModel("/nowhere.bin") && !FastTextModel.isModel("/"))
    #expect(FastTextModel.isModel(FastTextFixture.path("quantized.ftz")))
    #expect(!FastTextModel.isModel(FastTextFixture.path("quantized.json")))
  }
}
