import Foundation
import Tensors
import Testing

@testable import ImageData

@Suite("batches of images", .serialized)
struct PipelineTests {
  private let folder: TemporaryFolder
  private let set: ImageFiles

  init() throws {
    folder = try TemporaryFolder()
    for index in 0..<23 {
      let image = try Image.picture(20 + index, 30 - index, channels: index % 3 == 0 ? 1 : 3)
      try folder.write("\(index % 2)/\(index + 10).png", image.encodedAsPNG())
    }
    set = try ImageFiles(folders: folder.path)
  }

  private let augmentation: [ImageTransform] = [
    .randomResizedCrop(16), .horizontalFlip, .colorJitter(brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1),
    .randomCrop(16, padding: 2),
  ]

  private func pipeline(_ set: any ImageDataSet, skipBad: Bool = false) throws -> ImagePipeline {
    let preparation = try ImagePreparation(
      channels: 3, steps: augmentation, normalization: .imageNet, erasures: [.randomErasing, .cutout(side: 4)])
    return try ImagePipeline(set, preparation: preparation, random: RandomStream(seed: 3), skipBad: skipBad)
  }

  @Test("the same seed gives the same pixels for any number of threads and any batches")
  func determinism() throws {
    let before = Parallelism.threads
    defer { Parallelism.threads = before }
    let pipeline = try pipeline(set)
    #expect(pipeline.imageShape == [16, 16, 3])
    Parallelism.threads = 1
    let whole = try pipeline.batch(Array(0..<23), epoch: 4)
    #expect(whole.images.shape == [23, 16, 16, 3] && whole.labels == set.labels)
    Parallelism.threads = 4
    #expect(try pipeline.batch(Array(0..<23), epoch: 4).images == whole.images)
    #expect(try pipeline.batch(Array(0..<23), epoch: 5).images != whole.images)
    let one = try pipeline.batch([17], epoch: 4)
    #expect(one.images.scalars == Array(whole.images.scalars[17 * 768..<18 * 768]))
    // One image without a pipeline.
    let alone = try pipeline.preparation.numbers(
      of: set.image(at: 17), random: RandomStream(seed: 3).split("images").split(4).split(17))
    #expect(alone.scalars == one.images.scalars)
  }

  @Test("a stream gives the batches in their order, whatever prepares them")
  func streams() throws {
    let pipeline = try pipeline(set)
    let order = try pipeline.batchIndices(epoch: 2, batchSize: 5, shuffled: true)
    #expect(order.map(\.count) == [5, 5, 5, 5, 3] && order.joined().sorted() == Array(0..<23))
    #expect(try pipeline.batchIndices(epoch: 3, batchSize: 5, shuffled: true) != order)
    let expected = try order.map { try pipeline.batch($0, epoch: 2) }
    for (ahead, threads) in [(1, 0), (1, 1), (2, 1), (3, 4), (100, 8)] {
      let stream = try pipeline.batches(epoch: 2, batchSize: 5, ahead: ahead, threads: threads)
      var count = 0
      while let batch = try stream.next() {
        #expect(batch.indices == expected[count].indices && batch.labels == expected[count].labels)
        #expect(batch.images == expected[count].images)
        count += 1
      }
      #expect(count == 5)
      #expect(try stream.next() == nil)
    }
  }

  @Test("a stream that is cancelled or let go of ends")
  func cancellation() throws {
    let pipeline = try pipeline(set)
    for _ in 0..<50 {
      let stream = try pipeline.batches(epoch: 0, batchSize: 2, ahead: 2, threads: 3)
      _ = try stream.next()
      stream.cancel()
      #expect(try stream.next() == nil)
      _ = try pipeline.batches(epoch: 0, batchSize: 2, ahead: 2, threads: 3).next()
    }
  }

  @Test("damaged images are an error in their place, or are left out and counted")
  func damage() throws {
    let path = set.paths[9]
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    try Data(bytes.prefix(bytes.count / 2)).write(to: URL(fileURLWithPath: path))
    let strict = try pipeline(set)
    let error = try #require(imageError { () throws(ImageError) in _ = try strict.batch(Array(0..<23)) })
    guard case .damaged(path, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let stream = try strict.batches(epoch: 0, batchSize: 4, shuffled: false, threads: 2)
    #expect(try stream.next()?.indices == [0, 1, 2, 3])
    #expect(try stream.next()?.count == 4)
    #expect(throws: error) { try stream.next() }
    #expect(try stream.next() == nil)

    let lenient = try pipeline(set, skipBad: true)
    let batch = try lenient.batch([8, 9, 10])
    #expect(batch.indices == [8, 10] && batch.labels == [set.labels[8], set.labels[10]])
    #expect(batch.skipped.count == 1 && batch.skipped.first == [error])
    #expect(try batch.images.scalars == lenient.batch([8, 10]).images.scalars)
    let empty = try lenient.batch([9])
    #expect(empty.count == 0 && empty.images.shape == [0, 16, 16, 3] && empty.skipped.count == 1)
    var all = SkippedImages()
    for _ in 0..<8 { all.add(batch.skipped) }
    #expect(all.count == 8 && all.first.count == 5)
  }

  @Test("images of several sizes are named where nothing makes them one")
  func sizes() throws {
    let plain = try ImagePipeline(set, preparation: ImagePreparation(channels: 1))
    #expect(plain.imageShape == [30, 20, 1])
    #expect(
      throws: ImageError.sizesDiffer(
        name: set.paths[1], width: 22, height: 28, expectedWidth: 20, expectedHeight: 30)
    ) { try plain.batch([0, 1]) }
    let cut = try ImagePipeline(set, preparation: ImagePreparation(channels: 3, steps: [.randomCrop(25)]))
    #expect(
      throws: ImageError.tooSmall(name: set.paths[0], width: 20, height: 30, neededWidth: 25, neededHeight: 25)
    ) { try cut.batch([0]) }
    #expect(throws: ImageError.self) { try plain.batch([23]) }
    #expect(throws: ImageError.self) { try plain.batchIndices(epoch: 0, batchSize: 0, shuffled: false) }
    #expect(try plain.batch([]).images.shape == [0, 30, 20, 1])
  }

  @Test("mixed images are weighted sums of pairs")
  func mixup() throws {
    let batch = try pipeline(set).batch(Array(0..<10))
    let mixup = try Mixup(alpha: 1)
    let mixed = mixup(batch, random: RandomStream(seed: 9))
    let again = mixup(batch, random: RandomStream(seed: 9))
    #expect(mixed.images == again.images && mixed.weight == again.weight)
    #expect((0...1).contains(mixed.weight) && mixed.labels == batch.labels && mixed.otherLabels.count == 10)
    // Each image is the sum of itself and of exactly one image of the batch.
    let (source, result) = (batch.images.scalars, mixed.images.scalars)
    for index in 0..<10 {
      let partners = (0..<10).filter { other in
        (0..<768).allSatisfy {
          let wanted = mixed.weight * source[index * 768 + $0] + (1 - mixed.weight) * source[other * 768 + $0]
          return abs(wanted - result[index * 768 + $0]) < 1e-5
        }
      }
      #expect(partners.count == 1)
    }
    #expect(throws: ImageError.self) { try Mixup(alpha: 0) }
  }
}
