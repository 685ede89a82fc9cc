import Foundation
import Tensors
import Testing

@testable import ImageData

@Suite("real data sets", .serialized, .enabled(if: Corpora.areThere, "\(Corpora.missing)"))
struct RealDataTests {
  @Test("MNIST: counts, mean and deviation")
  func mnist() throws {
    let data = try ImageCollection.open(Corpora.path("mnist"))
    #expect(data.kind == .idx && data.training.count == 60_000 && data.test?.count == 10_000)
    #expect(data.training.classCounts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(data.test?.classCounts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    let pipeline = try ImagePipeline(data.training, preparation: ImagePreparation(channels: 1))
    #expect(pipeline.imageShape == [28, 28, 1])
    var (sum, squares) = (0.0, 0.0)
    let stream = try pipeline.batches(epoch: 0, batchSize: 1000, shuffled: false)
    while let batch = try stream.next() {
      for number in batch.images.scalars {
        sum += Double(number)
        squares += Double(number) * Double(number)
      }
    }
    let count = 60_000.0 * 784
    #expect(abs(sum / count - 0.1307) < 5e-5)
    #expect(abs((squares / count - sum / count * sum / count).squareRoot() - 0.3081) < 5e-5)
  }

  @Test("CIFAR-10: the binary version and the folders")
  func cifar() throws {
    let binary = try ImageCollection.open(Corpora.path("cifar10/data_batch_1.first4000.bin"))
    #expect(binary.kind == .cifar10)
    #expect(binary.training.classCounts == [396, 366, 420, 384, 422, 393, 414, 385, 407, 413])
    #expect(binary.training.labels.prefix(10) == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3])
    let folders = try ImageCollection.open(Corpora.path("cifar10"))
    #expect(folders.kind == .folders && folders.training.classNames == CIFARImages.classNamesOf10)
    #expect(folders.training.classCounts == [Int](repeating: 5000, count: 10))
    #expect(folders.test?.classCounts == [Int](repeating: 1000, count: 10))
    let test = try #require(folders.test)
    let pipeline = try ImagePipeline(
      test, preparation: ImagePreparation(channels: 3, normalization: .cifar10))
    let batch = try pipeline.batch(Array(0..<test.count))
    #expect(batch.images.shape == [10_000, 32, 32, 3])
    let mean = batch.images.scalars.reduce(0.0) { $0 + Double($1) } / Double(batch.images.count)
    #expect(abs(mean) < 0.05)
  }

  @Test("photos of ImageNet decode and have the size that a network wants")
  func imageNet() throws {
    let files = try ImageFiles(table: Corpora.path("imagenet_samples/labels.tsv"), labelColumn: "class_index")
    #expect(files.count == 33 && files.classNames.first == "0")
    let pipeline = try ImagePipeline(files, preparation: .imageNetEvaluation)
    let batch = try pipeline.batch(Array(0..<33))
    #expect(batch.images.shape == [33, 224, 224, 3])
    #expect(batch.images.scalars.allSatisfy { (-2.2...2.7).contains($0) })
  }
}
