import ImageData
import NeuralNetworks
import Tensors
import Training

/// The course of one training: what each epoch reads, the loss of a batch, and how the network is judged.
final class ImageCourse {
  let material: ImageMaterial
  let network: any ImageNetwork
  let freezing: TrunkFreezing
  let images: EpochImages
  /// The network with what is stored beside it, to judge and to save.
  private let judged: ImageModel
  private let random: RandomStream
  private let usesCache: Bool
  private let cacheBytes: Int
  private var caches: (learning: FeatureCache, judging: FeatureCache)?
  private var epoch = 1
  /// What went wrong beside the images of batches.
  private var otherFailure: (any Error)?
  private var otherSkipped = SkippedImages()

  private var options: ImageTrainingOptions { material.options }

  init(_ material: ImageMaterial) throws(ImageModelError) {
    let options = material.options
    network = try material.makeNetwork()
    freezing = try TrunkFreezing(options, network)
    random = RandomStream(seed: options.training.seed).split("images")
    let random = random
    images = try ImageModelError.converting { () throws(ImageError) in
      if let alpha = options.augmentation.mixupAlpha { _ = try Mixup(alpha: alpha) }
      let pipeline = try ImagePipeline(
        material.learning,
        preparation: options.augmentation.preparation(material.preparation, for: options.architecture),
        random: random, skipBad: options.skipsBad)
      return EpochImages(pipeline, batchSize: options.training.batchSize)
    }
    let description = ImageModelDescription(
      architecture: options.architecture, labels: material.labels, preparation: material.preparation
    ).narrowed(to: material.widths)
    judged = ImageModel(network: network, description: description)
    self.material = material
    let wantsCache = options.cachesFeatures && freezing.keepsFeatures(epoch: 1)
    cacheBytes =
      wantsCache
      ? FeatureCache.size(network, options.architecture, images: material.learning.count + material.judging.count) : 0
    usesCache = wantsCache && cacheBytes >> 20 <= options.featureMemory
  }

  /// What is known before the first step.
  var plan: ImageTraining.Plan {
    freezing.begin(epoch: 1)
    let all = network.parameterCount
    let trained = network.parameters.reduce(0) { $1.isFrozen ? $0 : $0 + $1.shape.reduce(1, *) }
    return ImageTraining.Plan(
      trainingExamples: material.learning.count, validationExamples: material.judging.count, labels: material.labels,
      parameters: (trained, all), keepsOutput: material.keepsOutput,
      featureMegabytes: usesCache ? max(1, cacheBytes >> 20) : nil)
  }

  /// Batches by their numbers.
  var task: TrainingTask<(number: Int, indices: [Int])> {
    TrainingTask(
      batches: { epoch in
        self.images.plan(epoch: epoch).enumerated().map { (($0.offset, $0.element), $0.element.count) }
      },
      loss: loss, validate: judge, willBegin: begin)
  }

  private func begin(epoch: Int) {
    self.epoch = epoch
    freezing.begin(epoch: epoch)
    guard usesCache, freezing.keepsFeatures(epoch: epoch) else {
      caches = nil
      return
    }
    if caches == nil {
      do {
        caches = (try cache(material.learning), try cache(material.judging))
      } catch {
        otherFailure = error
      }
    }
  }

  private func cache(_ images: any ImageDataSet) throws -> FeatureCache {
    let cache = try FeatureCache(
      images, preparation: judged.preparation, batchSize: options.training.batchSize, skipBad: options.skipsBad
    ) { network.features(of: $0) }
    otherSkipped.add(cache.skipped)
    if cache.isEmpty { throw ImageModelError.image(cache.skipped.first.first ?? .noImages(path: "the data set")) }
    return cache
  }

  private func loss(_ batch: (number: Int, indices: [Int])) -> Tensor {
    if otherFailure != nil { return Tensor([.nan], shape: []) }
    if let caches {
      let (features, kept) = caches.learning.features(batch.indices)
      guard !kept.isEmpty else { return Tensor(zeros: []) }
      let classes = material.learning.labels
      return loss(network.classify(features), kept.map { classes[$0] })
    }
    guard let images = images.batch(batch.number, epoch: epoch) else { return Tensor([.nan], shape: []) }
    guard images.count > 0 else { return Tensor(zeros: []) }
    guard let alpha = options.augmentation.mixupAlpha, let mixup = try? Mixup(alpha: alpha) else {
      return loss(network.logits(of: images.images), images.labels)
    }
    let mixed = mixup(images, random: random.split(epoch).split(batch.number))
    let logits = network.logits(of: mixed.images)
    return loss(logits, mixed.labels) * mixed.weight + loss(logits, mixed.otherLabels) * (1 - mixed.weight)
  }

  private func loss(_ logits: ImageLogits, _ classes: [Int32]) -> Tensor {
    logits.auxiliary.reduce(loss(logits.main, classes)) { $0 + loss($1.logits, classes) * $1.share }
  }

  private func loss(_ logits: Tensor, _ classes: [Int32]) -> Tensor {
    logits.softmaxCrossEntropy(targets: classes, labelSmoothing: options.labelSmoothing)
  }

  private func judge() -> ValidationResult {
    if let caches {
      return caches.judging.judge(
        material.judging.labels, labels: material.labels, batchSize: options.training.batchSize
      ) { network.classify($0) }.evaluation.validation
    }
    do {
      let (evaluation, skipped) = try judged.evaluate(
        material.judging, batchSize: options.training.batchSize, skipBad: options.skipsBad)
      if epoch == 1 { otherSkipped.add(skipped) }
      return evaluation.validation
    } catch {
      otherFailure = error
      return ValidationResult(.accuracy, .nan, loss: .nan, examples: 0)
    }
  }

  /// Why images could not be read, where it is that which ended the training.
  var failure: (any Error)? { otherFailure ?? images.failure.map { ImageModelError.image($0) } }
  var hasFailed: Bool { otherFailure != nil || images.failure != nil }

  /// What was left out.
  var skipped: SkippedImages {
    var all = images.skipped
    all.add(otherSkipped)
    return all
  }

  /// The model as it is now, without auxiliary heads; training changes nothing in it any more.
  func model(_ history: TrainingHistory) throws(ImageModelError) -> ImageModel {
    let plain = judged.description.makeNetwork()
    try ImageWeights(path: "the network", values: network.stateDictionary).load(into: plain, options.architecture)
    var description = judged.description
    description.training = ImageModelDescription.TrainingRecord(
      options: options, trainingExamples: material.learning.count, history: history)
    return ImageModel(network: plain, description: description)
  }
}
