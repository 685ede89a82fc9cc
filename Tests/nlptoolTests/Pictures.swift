import Foundation
import ImageData

/// Pictures of two classes that a network learns at once.
enum Pictures {
  /// A picture of one class: bright above or below.
  static func picture(_ isBelow: Bool, _ number: Int, side: Int = 28) throws -> Image {
    let pixels = (0..<side * side).map { place in
      UInt8((place / side * 2 / side == (isBelow ? 1 : 0) ? 150 : 0) + (place * 31 + number * 17) % 90)
    }
    return try Image(width: side, height: side, channels: 1, pixels: pixels)
  }

  /// Folders of two classes with images of different sizes.
  static func write(_ folder: String, count: Int = 24) throws -> String {
    for name in ["above", "below"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/data/\(name)", withIntermediateDirectories: true)
      for number in 0..<count {
        let image = try picture(name == "below", number, side: 26 + number % 5)
        try write(image.encodedAsPNG(), "\(folder)/data/\(name)/\(number).png")
      }
    }
    return folder + "/data"
  }

  @discardableResult
  static func write(_ bytes: [UInt8], _ path: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }
}
