import Foundation
import Testing

@testable import ImageData

/// The real data sets that some tests read, where the environment variable NLPTOOL_CORPORA says where they are.
enum Corpora {
  static let folder: String? = ProcessInfo.processInfo.environment["NLPTOOL_CORPORA"].flatMap { $0.isEmpty ? nil : $0 }
  static var areThere: Bool { folder != nil }
  static let missing = "skipped: NLPTOOL_CORPORA does not say where the data sets are"

  static func path(_ file: String) -> String { (folder ?? "") + "/" + file }
}

/// A folder for one test, removed with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-images-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes a file, with the folders that lead to it; returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What `scripts/fixtures/images_data.py` wrote.
struct Fixtures {
  struct Expected: Decodable {
    let decoded: [String: Decoded]
    let refused: [String: String]
    let resized: [Resized]
    let recoloured: [Recoloured]
  }

  struct Decoded: Decodable {
    let width, height, channels: Int
    let hash: String
  }

  struct Resized: Decodable {
    let from: [Int]
    let channels, width, height: Int
    let hash: String
  }

  struct Recoloured: Decodable {
    let change: String
    let factor: Double
    let channels, width, height: Int
    let hash: String
  }

  let expected: Expected

  init() throws {
    expected = try JSONDecoder().decode(Expected.self, from: Data(try Self.bytes("expected.json")))
  }

  static func path(_ name: String) throws -> String {
    let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
    return folder.appendingPathComponent(name).path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name))))
  }
}

extension Image {
  /// The picture that the fixtures are made of: slopes, with a noise that any language can compute.
  static func picture(_ width: Int, _ height: Int, channels: Int = 3) throws -> Image {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels {
          let noise = (x * 73_856_093 ^ y * 19_349_663 ^ c * 83_492_791) % 61
          pixels.append(UInt8((x * 5 * (c + 1) + y * 3 * (3 - c) + noise) % 256))
        }
      }
    }
    return try Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  /// FNV-1a of the pixels, as hexadecimal digits.
  var hash: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in pixels { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The error that a body throws.
func imageError(_ body: () throws(ImageError) -> Void) -> ImageError? {
  do throws(ImageError) {
    try body()
    return nil
  } catch {
    return error
  }
}
