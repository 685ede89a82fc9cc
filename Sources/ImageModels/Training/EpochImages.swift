import ImageData
import Tensors

/// The batches of the epoch that runs, which other threads decode ahead, and what went wrong with them.
///
/// A training asks for them by number, since it may begin in the middle of an epoch; they are a function of the epoch.
final class EpochImages {
  private let pipeline: ImagePipeline
  private let batchSize: Int
  private var epoch = 0
  private var stream: ImageBatchStream?
  /// The number of the batch that the stream gives next.
  private var next = 0
  /// What ended the stream.
  private(set) var failure: ImageError?
  /// Images that were left out, of the first epoch that met each.
  private(set) var skipped = SkippedImages()
  private var lastEpochCounted = 0

  init(_ pipeline: ImagePipeline, batchSize: Int) {
    (self.pipeline, self.batchSize) = (pipeline, batchSize)
  }

  /// The images of each batch of an epoch.
  func plan(epoch: Int) -> [[Int]] {
    (try? pipeline.batchIndices(epoch: epoch, batchSize: batchSize, shuffled: true)) ?? []
  }

  /// A batch of an epoch; `nil` where it cannot be read, which `failure` explains.
  func batch(_ number: Int, epoch: Int) -> ImageBatch? {
    do throws(ImageError) {
      if stream == nil || self.epoch != epoch || next != number {
        (self.epoch, next) = (epoch, number)
        stream = try pipeline.batches(epoch: epoch, batchSize: batchSize, from: number)
      }
      guard let batch = try stream?.next() else { return nil }
      next += 1
      // Each epoch meets the same ones.
      if lastEpochCounted == 0 { lastEpochCounted = epoch }
      if epoch == lastEpochCounted { skipped.add(batch.skipped) }
      return batch
    } catch {
      failure = error
      return nil
    }
  }

  /// Lets the threads go.
  func end() {
    stream?.cancel()
    stream = nil
  }
}
