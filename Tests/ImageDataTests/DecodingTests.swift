import Foundation
import Testing

@testable import ImageData

@Suite("decoding of images")
struct DecodingTests {
  private let fixtures: Fixtures

  init() throws { fixtures = try Fixtures() }

  @Test("all variants of PNG and JPEG decode to the pixels of Pillow")
  func variants() throws {
    #expect(fixtures.expected.decoded.count > 25)
    let decoder = ImageDecoder()
    for (name, expected) in fixtures.expected.decoded {
      let image = try decoder.image(contentsOf: Fixtures.path(name))
      #expect(image.channels == expected.channels, "\(name)")
      let rgb = try image.converted(toChannels: 3)
      #expect(rgb.width == expected.width && rgb.height == expected.height && rgb.hash == expected.hash, "\(name)")
    }
  }

  @Test("a file cut at any byte gives an error")
  func truncation() throws {
    let decoder = ImageDecoder()
    for name in fixtures.expected.decoded.keys {
      let bytes = try Fixtures.bytes(name)
      for length in 0..<bytes.count {
        let error = imageError { () throws(ImageError) in
          _ = try decoder.image(decoding: Array(bytes.prefix(length)), name: name)
        }
        #expect(error?.category == .content, "\(name) cut to \(length) of \(bytes.count) bytes")
      }
    }
  }

  @Test("damaged bytes give an image or an error, never a crash")
  func damage() throws {
    let decoder = ImageDecoder(pixelLimit: 1 << 20)
    var state: UInt64 = 1
    for name in fixtures.expected.decoded.keys.sorted() {
      let bytes = try Fixtures.bytes(name)
      for _ in 0..<300 {
        var damaged = bytes
        for _ in 0..<3 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          damaged[Int(state >> 33) % damaged.count] = UInt8(truncatingIfNeeded: state >> 20)
        }
        let image = try? decoder.image(decoding: damaged, name: name)
        if let image { #expect(image.pixels.count == image.width * image.height * image.channels) }
      }
    }
  }

  @Test("other kinds of images are refused by their names")
  func refusals() throws {
    for (kind, digits) in fixtures.expected.refused {
      var bytes: [UInt8] = []
      var rest = digits[...]
      while !rest.isEmpty {
        bytes.append(try #require(UInt8(rest.prefix(2), radix: 16)))
        rest = rest.dropFirst(2)
      }
      #expect(throws: ImageError.unsupportedFormat(name: "photo", format: kind)) {
        try Image(decoding: bytes, name: "photo")
      }
    }
    let error = ImageError.unsupportedFormat(name: "photo.gif", format: "a GIF")
    #expect("\(error)" == "photo.gif is a GIF; convert it to PNG or JPEG")
  }

  @Test("what is no image has an error of its own")
  func noImages() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("notes.png", "not an image at all")
    let nothing = try folder.write("nothing.jpg", "")
    #expect(throws: ImageError.notAnImage(name: text)) { try Image(contentsOf: text) }
    #expect(throws: ImageError.empty(name: nothing)) { try Image(contentsOf: nothing) }
    #expect(throws: ImageError.isFolder(path: folder.path)) { try Image(contentsOf: folder.path) }
    let missing = folder.path + "/missing.png"
    #expect(throws: ImageError.missing(path: missing)) { try Image(contentsOf: missing) }
    #expect(ImageError.missing(path: "").category == .input)
    #expect(throws: ImageError.missing(path: text + "/x.png")) { try Image(contentsOf: text + "/x.png") }
    if getuid() != 0 {
      chmod(text, 0)
      let error = imageError { () throws(ImageError) in _ = try Image(contentsOf: text) }
      #expect(error?.category == .input)
    }
  }

  @Test("more pixels than are allowed are refused before memory is asked for")
  func limit() throws {
    let image = try Image.picture(40, 30).encodedAsPNG()
    #expect(throws: ImageError.tooLarge(name: "x", width: 40, height: 30, limit: 1199)) {
      try Image(decoding: image, name: "x", pixelLimit: 1199)
    }
    #expect(try Image(decoding: image, pixelLimit: 1200).width == 40)
    var bomb = image
    bomb.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
    let error = imageError { () throws(ImageError) in _ = try Image(decoding: bomb, name: "bomb") }
    guard case .tooLarge = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.category == .content)
  }

  @Test("what is encoded is decoded again")
  func encoding() throws {
    for channels in [1, 3] {
      for (width, height) in [(1, 1), (5, 3), (64, 33)] {
        let image = try Image.picture(width, height, channels: channels)
        #expect(try Image(decoding: image.encodedAsPNG()) == image)
      }
    }
  }

  @Test("pixels that do not fill an image are refused")
  func invalidPixels() {
    for (width, height, channels, count) in [
      (0, 1, 1, 0), (2, 2, 3, 11), (2, 2, 2, 8), (-1, -1, 1, 1), (.max, 2, 3, 6),
    ] {
      let error = imageError { () throws(ImageError) in
        _ = try Image(
          width: width, height: height, channels: channels, pixels: [UInt8](repeating: 0, count: count))
      }
      #expect(error != nil)
    }
  }
}
