import Synchronization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Batches that other threads prepare while the one before is trained on.
///
/// They come in their order, whoever prepared them; an error comes in the place of the batch that it belongs to, and ends
/// the stream. No more than a given number wait at any time. When the stream is let go of or cancelled, its threads end
/// after the batch that they are at.
public final class ImageBatchStream: Sendable {
  private let room: BatchRoom

  init(_ pipeline: ImagePipeline, _ batches: [[Int]], epoch: Int, ahead: Int, threads: Int) {
    let room = BatchRoom(pipeline, batches, epoch: epoch, ahead: max(1, ahead))
    self.room = room
    for _ in 0..<min(max(0, threads), 64, batches.count) { detachThread { room.work() } }
  }

  deinit { room.cancel() }

  /// Number of batches, those that were taken too.
  public var count: Int { room.count }

  /// The next batch; nil after the last one, after an error and after `cancel`.
  ///
  /// A batch of which all images were left out has no images, but says what was skipped.
  public func next() throws(ImageError) -> ImageBatch? { try room.takeNext() }

  /// Lets the threads end. May be called from any thread, also while another one waits in `next`.
  public func cancel() { room.cancel() }
}

/// Where batches are put when they are ready and taken in their order.
private final class BatchRoom: Sendable {
  private struct State {
    /// The first batch that nobody has begun.
    var nextToPrepare = 0
    /// The next one that is asked for.
    var nextToTake = 0
    var ready: [Int: Result<ImageBatch, ImageError>] = [:]
    var isOver = false
  }

  /// What a thread does next.
  private enum Task {
    case prepare(Int)
    case take(Result<ImageBatch, ImageError>)
    case end
  }

  private let pipeline: ImagePipeline
  private let batches: [[Int]]
  private let epoch: Int
  private let ahead: Int
  private let state = Monitor(State())

  var count: Int { batches.count }

  init(_ pipeline: ImagePipeline, _ batches: [[Int]], epoch: Int, ahead: Int) {
    (self.pipeline, self.batches, self.epoch, self.ahead) = (pipeline, batches, epoch, ahead)
  }

  /// What a thread of the stream does until there is nothing left.
  func work() {
    while case .prepare(let number) = state.wait({ nextPreparation(&$0) }) {
      put(prepare(number), at: number)
    }
  }

  func cancel() {
    state.change {
      $0.isOver = true
      $0.ready = [:]
    }
  }

  func takeNext() throws(ImageError) -> ImageBatch? {
    while true {
      switch state.wait({ nextForConsumer(&$0) }) {
      case .prepare(let number): put(prepare(number), at: number)
      case .end: return nil
      case .take(.success(let batch)): return batch
      case .take(.failure(let error)):
        cancel()
        throw error
      }
    }
  }

  private func prepare(_ number: Int) -> Result<ImageBatch, ImageError> {
    do throws(ImageError) {
      return .success(try pipeline.batchOnThisThread(batches[number], epoch: epoch))
    } catch {
      return .failure(error)
    }
  }

  private func put(_ result: Result<ImageBatch, ImageError>, at number: Int) {
    state.change { if !$0.isOver { $0.ready[number] = result } }
  }

  /// nil while there is no room for another batch.
  private func nextPreparation(_ state: inout State) -> Task? {
    guard !state.isOver, state.nextToPrepare < batches.count else { return .end }
    guard state.nextToPrepare < state.nextToTake + ahead else { return nil }
    state.nextToPrepare += 1
    return .prepare(state.nextToPrepare - 1)
  }

  /// nil while another thread prepares the batch that is wanted. A batch that nobody has begun is prepared by the thread
  /// that wants it.
  private func nextForConsumer(_ state: inout State) -> Task? {
    guard !state.isOver, state.nextToTake < batches.count else { return .end }
    if let result = state.ready.removeValue(forKey: state.nextToTake) {
      state.nextToTake += 1
      return .take(result)
    }
    guard state.nextToPrepare == state.nextToTake else { return nil }
    state.nextToPrepare += 1
    return .prepare(state.nextToPrepare - 1)
  }
}
