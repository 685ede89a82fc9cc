import Synchronization
public import Tensors

/// A value: makes batches of a set of images, reading and preparing several images at the same time.
///
/// What an image looks like depends on the stream of random numbers, the epoch and its place in the set alone: not on the
/// batch that it is in, nor on the number of threads or their order.
public struct ImagePipeline: Sendable {
  /// The images.
  public let dataSet: any ImageDataSet
  /// What happens to each.
  public let preparation: ImagePreparation
  /// Height, width and channels of all images after it.
  public let imageShape: [Int]
  /// Whether damaged images are left out, where otherwise the first is an error.
  public let skipBad: Bool

  private let stream: RandomStream
  private let table: [Float]
  private let workers: WorkerPool

  /// Reads one image to learn the size of all, unless that is fixed.
  ///
  /// - Parameters:
  ///   - random: what random transforms draw from.
  ///   - skipBad: leaves damaged images out of the batches and counts them.
  ///   - pixelLimit: width · height above which an image is refused before memory is asked for.
  public init(
    _ dataSet: any ImageDataSet, preparation: ImagePreparation, random: RandomStream = RandomStream(seed: 0),
    skipBad: Bool = false, pixelLimit: Int = ImageDecoder.defaultPixelLimit
  ) throws(ImageError) {
    guard dataSet.count > 0 else { throw .noImages(path: "the data set") }
    self.dataSet = dataSet
    self.preparation = preparation
    self.skipBad = skipBad
    stream = random.split("images")
    table = preparation.normalization.table
    workers = WorkerPool(pixelLimit: pixelLimit)
    if let size = preparation.fixedSize {
      imageShape = [size.height, size.width, preparation.channels]
    } else {
      imageShape = try Self.firstShape(dataSet, preparation, skipBad, workers)
    }
  }

  /// The size of the first image that can be read.
  private static func firstShape(
    _ dataSet: any ImageDataSet, _ preparation: ImagePreparation, _ skipBad: Bool, _ workers: WorkerPool
  ) throws(ImageError) -> [Int] {
    let worker = workers.take()
    defer { workers.giveBack(worker) }
    var firstError: ImageError?
    for index in 0..<dataSet.count {
      do throws(ImageError) {
        try worker.prepare(dataSet, index, preparation, RandomStream(seed: 0))
        return [worker.image.height, worker.image.width, worker.image.channels]
      } catch {
        guard skipBad, error.concernsOneImage else { throw error }
        firstError = firstError ?? error
      }
    }
    throw firstError ?? .noImages(path: "the data set")
  }

  /// A batch of the images of some places, in their order, on all threads of the pool.
  ///
  /// - Parameters:
  ///   - indices: places in the data set; each in 0..<count.
  ///   - epoch: changes what random transforms draw.
  public func batch(_ indices: [Int], epoch: Int = 0) throws(ImageError) -> ImageBatch {
    try batch(indices, epoch: epoch) { count, body in parallelFor(count, body) }
  }

  /// The same on the thread that called, alone.
  func batchOnThisThread(_ indices: [Int], epoch: Int) throws(ImageError) -> ImageBatch {
    try batch(indices, epoch: epoch) { count, body in for index in 0..<count { body(index) } }
  }

  private func batch(
    _ indices: [Int], epoch: Int, _ loop: (Int, (Int) -> Void) -> Void
  ) throws(ImageError) -> ImageBatch {
    let known = 0..<dataSet.count
    if let wrong = indices.first(where: { !known.contains($0) }) {
      throw .invalidSetting(reason: "there is no image \(wrong) among \(known.count); give numbers from 0")
    }
    let stream = stream.split(epoch)
    let size = imageShape.reduce(1, *)
    // Images that are decoded already take about a microsecond: handing them out one by one would cost as much.
    let tile = dataSet.fixedShape == nil ? 1 : 16
    var images = Tensor(uninitialized: [indices.count] + imageShape)
    let failures = Mutex<[Int: ImageError]>([:])
    images.withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      let target = BatchMemory(base: base)
      loop((indices.count + tile - 1) / tile) { number in
        let worker = workers.take()
        defer { workers.giveBack(worker) }
        for place in number * tile..<min((number + 1) * tile, indices.count) {
          do throws(ImageError) {
            try fill(target.base + place * size, worker, indices[place], stream.split(indices[place]))
          } catch {
            failures.withLock { $0[place] = error }
          }
        }
      }
    }
    let failed = failures.withLock { $0 }
    guard !failed.isEmpty else { return finished(images, indices, SkippedImages()) }
    var skipped = SkippedImages()
    for place in failed.keys.sorted() {
      guard let error = failed[place] else { continue }
      guard skipBad, error.concernsOneImage else { throw error }
      skipped.add(error)
    }
    let good = indices.indices.filter { failed[$0] == nil }
    return finished(images.rows(good, size: size, shape: imageShape), good.map { indices[$0] }, skipped)
  }

  /// Puts the numbers of one image where they belong.
  private func fill(
    _ target: UnsafeMutablePointer<Float>, _ worker: ImageWorker, _ index: Int, _ stream: RandomStream
  ) throws(ImageError) {
    try worker.prepare(dataSet, index, preparation, stream)
    let (height, width) = (imageShape[0], imageShape[1])
    guard worker.image.width == width, worker.image.height == height else {
      throw .sizesDiffer(
        name: dataSet.name(at: index), width: worker.image.width, height: worker.image.height, expectedWidth: width,
        expectedHeight: height)
    }
    PixelNormalization.write(worker.image, table, to: target)
    preparation.erase(target, width: width, height: height, stream)
  }

  private func finished(_ images: Tensor, _ indices: [Int], _ skipped: SkippedImages) -> ImageBatch {
    let labels = dataSet.labels
    return ImageBatch(images: images, labels: indices.map { labels[$0] }, indices: indices, skipped: skipped)
  }

  /// The order of an epoch, cut into batches.
  ///
  /// - Parameters:
  ///   - batchSize: at least 1; the last batch may be smaller.
  ///   - shuffled: in an order that the stream of the pipeline and the epoch decide, otherwise that of the data set.
  public func batchIndices(epoch: Int, batchSize: Int, shuffled: Bool) throws(ImageError) -> [[Int]] {
    guard batchSize > 0 else {
      throw .invalidSetting(reason: "a batch of \(batchSize) images is impossible; give at least 1")
    }
    let count = dataSet.count
    let order = shuffled ? stream.split("order").split(epoch).permutation(count) : Array(0..<count)
    return stride(from: 0, to: count, by: batchSize).map { Array(order[$0..<min($0 + batchSize, count)]) }
  }

  /// The batches of an epoch, one after the other, prepared ahead by other threads.
  ///
  /// - Parameters:
  ///   - first: the batch to begin with, for an epoch of which others are done.
  ///   - ahead: how many batches may be ready and wait, at least 1.
  ///   - threads: how many prepare them, beside those that train.
  public func batches(
    epoch: Int, batchSize: Int, shuffled: Bool = true, from first: Int = 0, ahead: Int = 2, threads: Int = 1
  ) throws(ImageError) -> ImageBatchStream {
    let indices = try batchIndices(epoch: epoch, batchSize: batchSize, shuffled: shuffled)
    return ImageBatchStream(self, Array(indices.dropFirst(max(0, first))), epoch: epoch, ahead: ahead, threads: threads)
  }
}

/// Where the numbers of a batch go.
private struct BatchMemory: @unchecked Sendable {
  // Unchecked: each place of the batch is written by the one thread that prepares its image, and the loop ends before the
  // memory is used otherwise.
  let base: UnsafeMutablePointer<Float>
}

/// What one thread needs to prepare images, kept from one to the next.
final class ImageWorker: @unchecked Sendable {
  // Unchecked: a worker is taken out of the pool by one thread, which puts it back when it is done.
  private(set) var image = Image()
  private var workspace = TransformWorkspace()
  private let decoder: ImageDecoder

  init(pixelLimit: Int) { decoder = ImageDecoder(pixelLimit: pixelLimit) }

  func prepare(
    _ dataSet: any ImageDataSet, _ index: Int, _ preparation: ImagePreparation, _ stream: RandomStream
  ) throws(ImageError) {
    try dataSet.read(index, into: &image, with: decoder)
    do throws(ImageError) {
      try preparation.prepare(&image, &workspace, stream)
    } catch {
      throw error.naming(dataSet.name(at: index))
    }
  }
}

/// Workers that nobody uses at the moment.
final class WorkerPool: Sendable {
  private let idle = Mutex<[ImageWorker]>([])
  private let pixelLimit: Int

  init(pixelLimit: Int) { self.pixelLimit = pixelLimit }

  func take() -> ImageWorker {
    idle.withLock { $0.popLast() } ?? ImageWorker(pixelLimit: pixelLimit)
  }

  func giveBack(_ worker: ImageWorker) {
    idle.withLock { $0.append(worker) }
  }
}

extension Tensor {
  /// Some of the rows, each of `size` numbers.
  fileprivate func rows(_ rows: [Int], size: Int, shape: [Int]) -> Tensor {
    var result = Tensor(uninitialized: [rows.count] + shape)
    result.withUnsafeMutableElements { target in
      withUnsafeElements { source in
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        for (place, row) in rows.enumerated() {
          (target + place * size).update(from: source + row * size, count: size)
        }
      }
    }
    return result
  }
}
