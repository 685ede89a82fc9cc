import Foundation
import Tensors
import Testing

@testable import ImageData

@Suite("transforms of images")
struct TransformTests {
  private let fixtures: Fixtures

  init() throws { fixtures = try Fixtures() }

  @Test("resized pixels are those of Pillow")
  func resizing() throws {
    #expect(fixtures.expected.resized.count > 100)
    for expected in fixtures.expected.resized {
      let source = try Image.picture(expected.from[0], expected.from[1], channels: expected.channels)
      let result = try source.transformed(by: .resize(width: expected.width, height: expected.height))
      #expect(result.width == expected.width && result.height == expected.height)
      #expect(result.hash == expected.hash, "\(source) to \(expected.width)×\(expected.height)")
    }
  }

  @Test("recoloured pixels are those of Pillow")
  func recolouring() throws {
    for expected in fixtures.expected.recoloured {
      var image = try Image.picture(61, 47, channels: expected.channels)
      switch expected.change {
      case "brightness": image.adjustBrightness(Float(expected.factor))
      case "contrast": image.adjustContrast(Float(expected.factor))
      case "saturation": image.adjustSaturation(Float(expected.factor))
      case "hue": image.adjustHue(expected.factor)
      case "L": image.convert(toChannels: 1)
      default: image.convert(toChannels: 3)
      }
      #expect(image.hash == expected.hash, "\(expected)")
    }
  }

  @Test("the shorter side gets its length, the longer one keeps the shape")
  func shorterSide() throws {
    for (width, height, side, newWidth, newHeight) in [
      (500, 375, 256, 341, 256), (375, 500, 256, 256, 341), (64, 64, 32, 32, 32), (10, 7, 7, 10, 7), (3, 100, 1, 1, 33),
    ] {
      let image = try Image.picture(width, height, channels: 1).transformed(by: .resizeShorterSide(side))
      #expect(image.width == newWidth && image.height == newHeight)
    }
  }

  @Test("the middle lies where torchvision cuts it")
  func centers() throws {
    // (length, size, first pixel): half a pixel goes to the even side.
    for (length, size, first) in [
      (341, 224, 58), (256, 224, 16), (5, 4, 0), (7, 4, 2), (9, 4, 2), (4, 4, 0), (3, 8, -2), (4, 7, -1),
    ] {
      #expect(CropPlace.centered(size, of: length) == first, "\(size) of \(length)")
    }
    let image = try Image.picture(7, 9, channels: 3)
    let middle = try image.transformed(by: .centerCrop(width: 4, height: 3))
    for y in 0..<3 {
      for x in 0..<4 {
        for c in 0..<3 { #expect(middle.pixels[(y * 4 + x) * 3 + c] == image.pixels[((y + 3) * 7 + x + 2) * 3 + c]) }
      }
    }
    let wide = try Image(width: 1, height: 1, channels: 1, pixels: [9]).transformed(
      by: .centerCrop(width: 3, height: 2))
    #expect(wide.pixels == [0, 9, 0, 0, 0, 0])
  }

  @Test("left and right are exchanged")
  func flipping() throws {
    let image = try Image(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
    #expect(try image.transformed(by: .horizontalFlip(probability: 1)).pixels == [3, 2, 1, 6, 5, 4])
    #expect(try image.transformed(by: .horizontalFlip(probability: 0)) == image)
    let colours = try Image(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
    #expect(try colours.transformed(by: .horizontalFlip(probability: 1)).pixels == [4, 5, 6, 1, 2, 3])
    let flipped = try (0..<1000).filter {
      try image.transformed(by: .horizontalFlip, random: RandomStream(seed: UInt64($0))) != image
    }
    #expect((440...560).contains(flipped.count))
  }

  @Test("random crops reach every place, margins are black")
  func randomCrops() throws {
    let image = try Image(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4])
    var seen: Set<[UInt8]> = []
    for seed in 0..<400 {
      seen.insert(
        try image.transformed(by: .randomCrop(2, padding: 1), random: RandomStream(seed: UInt64(seed))).pixels)
    }
    #expect(
      seen == [
        [0, 0, 0, 1], [0, 0, 1, 2], [0, 0, 2, 0], [0, 1, 0, 3], [1, 2, 3, 4], [2, 0, 4, 0], [0, 3, 0, 0], [3, 4, 0, 0],
        [4, 0, 0, 0],
      ])
    #expect(throws: ImageError.self) { try image.transformed(by: .randomCrop(5, padding: 1)) }
  }

  @Test("random parts have the areas and shapes that are asked for")
  func randomParts() {
    for seed in 0..<500 {
      var draws = RandomDraws(RandomStream(seed: UInt64(seed)))
      let part = CropPlace.random(within: 200, 150, scale: 0.2...0.7, ratio: 0.75...1.5, &draws)
      let share = Double(part.width * part.height) / 30_000
      #expect(part.left >= 0 && part.top >= 0 && part.left + part.width <= 200 && part.top + part.height <= 150)
      #expect((0.19...0.71).contains(share))
      #expect((0.73...1.53).contains(Double(part.width) / Double(part.height)))
      // A strip that no allowed shape of that area fits into.
      let strip = CropPlace.random(within: 1000, 10, scale: 0.9...1, ratio: 0.75...1.5, &draws)
      #expect(strip == (492, 0, 15, 10))
    }
  }

  @Test("normalised numbers are (pixel / 255 - mean) / deviation")
  func normalization() throws {
    let image = try Image.picture(9, 7)
    let tensor = try ImagePreparation(channels: 3, normalization: .imageNet).numbers(of: image)
    #expect(tensor.shape == [7, 9, 3])
    let scalars = tensor.scalars
    for (index, pixel) in image.pixels.enumerated() {
      let (mean, deviation) = (
        PixelNormalization.imageNet.mean[index % 3], PixelNormalization.imageNet.deviation[index % 3]
      )
      #expect(scalars[index] == (Float(pixel) / 255 - mean) / deviation)
    }
  }

  @Test("erased rectangles are zero, the rest stays")
  func erasures() throws {
    let image = try Image(width: 20, height: 16, channels: 1, pixels: [UInt8](repeating: 255, count: 320))
    for (erasure, areas) in [
      (ImageErasure.randomErasing(probability: 1, scale: 0.1...0.3, ratio: 0.5...2), 25...105),
      (.cutout(side: 6), 9...36),
    ] {
      let preparation = try ImagePreparation(channels: 1, erasures: [erasure])
      var places: Set<Int> = []
      for seed in 0..<200 {
        let numbers = try preparation.numbers(of: image, random: RandomStream(seed: UInt64(seed))).scalars
        let erased = numbers.indices.filter { numbers[$0] == 0 }
        #expect(areas.contains(erased.count), "\(erasure): \(erased.count)")
        #expect(numbers.allSatisfy { $0 == 0 || $0 == 1 })
        places.formUnion(erased)
      }
      #expect(places.count > 310)
    }
  }

  @Test("weights of mixtures follow the beta distribution")
  func betaNumbers() {
    var draws = RandomDraws(RandomStream(seed: 5))
    for parameter in [0.01, 0.2, 1, 4] {
      let numbers = (0..<20_000).map { _ in draws.beta(parameter) }
      let mean = numbers.reduce(0, +) / 20_000
      let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
      #expect(numbers.allSatisfy { (0...1).contains($0) })
      #expect(abs(mean - 0.5) < 0.02)
      // 1 / (4 (2 α + 1)).
      #expect(abs(variance - 1 / (4 * (2 * parameter + 1))) < 0.01, "\(parameter)")
    }
  }

  @Test("numbers that make no sense are refused, also when they come from a file")
  func checks() throws {
    let wrong: [ImageTransform] = [
      .resize(width: 0, height: 5), .resizeShorterSide(-1), .centerCrop(0), .randomCrop(4, padding: -1),
      .randomResizedCrop(width: 8, height: 8, scale: 0.5...1.5, ratio: 1...2),
      .randomResizedCrop(width: 8, height: 8, scale: 0.5...1, ratio: 0...2), .horizontalFlip(probability: 1.5),
      .randomResizedCrop(width: 8, height: 8, scale: 0.5...1, ratio: 1...1e308),
      .colorJitter(brightness: -1, contrast: 0, saturation: 0, hue: 0),
      .colorJitter(brightness: 0, contrast: 0, saturation: 0, hue: 0.6), .resize(width: 65_536, height: 65_536),
      .horizontalFlip(probability: .nan),
    ]
    for transform in wrong {
      let error = imageError { () throws(ImageError) in _ = try ImagePreparation(channels: 3, steps: [transform]) }
      #expect(error?.category == .usage, "\(transform)")
    }
    #expect(throws: ImageError.self) { try ImagePreparation(channels: 1, normalization: .imageNet) }
    #expect(throws: ImageError.self) { try PixelNormalization(mean: [0], deviation: [0]) }
    let preparation = try ImagePreparation(
      channels: 3, steps: [.randomResizedCrop(224), .horizontalFlip], normalization: .imageNet,
      erasures: [.randomErasing])
    let encoded = try JSONEncoder().encode(preparation)
    #expect(try JSONDecoder().decode(ImagePreparation.self, from: encoded) == preparation)
    let text = String(decoding: encoded, as: UTF8.self).replacingOccurrences(
      of: "\"channels\":3", with: "\"channels\":2")
    #expect(throws: (any Error).self) { try JSONDecoder().decode(ImagePreparation.self, from: Data(text.utf8)) }
  }

  @Test("a strip whose longer side would get enormous is refused")
  func strips() throws {
    let strip = try Image(width: 1, height: 60_000, channels: 1, pixels: [UInt8](repeating: 1, count: 60_000))
    #expect(throws: ImageError.self) { try strip.transformed(by: .resizeShorterSide(256)) }
  }
}
