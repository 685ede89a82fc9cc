import ImageData
import Tensors

/// The input of an ONNX model that takes images: how they lie, their size, how many come together.
struct ONNXImageInput: Sendable {
  let name: String
  let channels: Int
  let height: Int
  let width: Int
  /// Images that must come together; `nil` for any number.
  private let batchSize: Int?
  /// Whether the extents are [B, H, W, C], as TensorFlow has them, in place of [B, C, H, W].
  private let isChannelsLast: Bool

  /// Finds the one input that a model of images has.
  ///
  /// - Throws: ``ExchangeError/unsuitable(path:reason:)`` for other inputs, and where nobody says the size of images.
  init(
    _ inputs: [ONNXValueDescription], _ metadata: ONNXMetadata, _ options: ONNXClassifier.Options, path: String
  ) throws(ExchangeError) {
    let listed = inputs.map { "\(shown($0.name)) \($0)" }.joined(separator: ", ")
    guard inputs.count == 1, inputs[0].type?.held ?? .float32 == .float32, let shape = inputs[0].shape, shape.count == 4
    else {
      throw .unsuitable(
        path: path,
        reason:
          "it takes \(listed.isEmpty ? "nothing" : listed), where images are float32 [batch, channels, height, width] "
          + "and texts need the metadata of nlptool export; nlptool run takes arrays")
    }
    name = inputs[0].name
    func fixed(_ place: Int) -> Int? { if case .fixed(let extent) = shape[place] { extent } else { nil } }
    func isChannels(_ extent: Int?) -> Bool { extent == 1 || extent == 3 }
    isChannelsLast = !isChannels(fixed(1)) && isChannels(fixed(3))
    let places = isChannelsLast ? (channels: 3, height: 1, width: 2) : (channels: 1, height: 2, width: 3)
    let preparation = try metadata.decoded(ImagePreparation.self, "preparation")
    channels = fixed(places.channels) ?? preparation?.channels ?? 3
    guard isChannels(channels) else {
      throw .unsuitable(path: path, reason: "it takes \(listed): images have 1 or 3 channels, not \(channels)")
    }
    let size = options.imageSide.map { (width: $0, height: $0) } ?? preparation?.fixedSize
    guard let height = fixed(places.height) ?? size?.height, let width = fixed(places.width) ?? size?.width else {
      throw .unsuitable(path: path, reason: "it takes images of any size; say the size with --image-size")
    }
    if let size, size != (width, height) {
      throw .unsuitable(
        path: path, reason: "it takes images of \(width) × \(height) pixels, not of \(size.width) × \(size.height)")
    }
    (self.height, self.width, batchSize) = (height, width, fixed(0))
    if let batchSize, !(1...4096).contains(batchSize) {
      throw .unsuitable(path: path, reason: "it takes \(batchSize) images at a time")
    }
    // Of a file's extents alone, before memory is taken for them.
    let bytes = [batchSize ?? 1, height, width, channels, MemoryLayout<Float>.size].reduce(1.0) { $0 * Double($1) }
    guard bytes <= Double(ONNXRuntimeModel.usualMemoryLimit) else {
      throw .unsuitable(
        path: path,
        reason: "it takes \(batchSize ?? 1) images of \(width) × \(height) pixels at a time, more than memory holds")
    }
  }

  /// An output of a model for prepared images [B, H, W, channels]: [B, …].
  func run(
    _ model: ONNXRuntimeModel, _ images: Tensor, output: String, path: String
  ) throws(ExchangeError) -> Tensor {
    let count = images.shape[0]
    guard let batchSize, batchSize != count else { return try compute(model, images, output, path) }
    // As many as must come together; the last ones are followed by nothing but zeros.
    let numbers = images.scalars
    let size = images.count / max(count, 1)
    var (rows, shape): ([Float], [Int]) = ([], [])
    for first in stride(from: 0, to: count, by: batchSize) {
      let last = min(first + batchSize, count)
      let missing = [Float](repeating: 0, count: (first + batchSize - last) * size)
      let part = Tensor(
        Array(numbers[first * size..<last * size]) + missing, shape: [batchSize] + images.shape.dropFirst())
      let result = try compute(model, part, output, path)
      shape = Array(result.shape.dropFirst())
      rows += result.scalars.prefix((last - first) * shape.reduce(1, *))
    }
    return Tensor(rows, shape: [count] + shape)
  }

  private func compute(
    _ model: ONNXRuntimeModel, _ images: Tensor, _ output: String, _ path: String
  ) throws(ExchangeError) -> Tensor {
    let value = isChannelsLast ? ONNXValue(images) : ONNXValue(channelsLast: images.detached)
    let result = try model.run([name: value])[output]
    guard let tensor = result?.tensor, tensor.rank > 0, tensor.shape[0] == images.shape[0] else {
      throw .unsuitable(
        path: path,
        reason: "its output \(shown(output)) is \(result?.type.description ?? "nothing") \(result?.shape ?? []) for "
          + "\(images.shape[0]) images, a row of float32 for each is wanted")
    }
    return tensor
  }

  /// What happens to images by default: of small ones the size is changed, of others the middle is cut out, whose side is
  /// 7/8 of the shorter side, as torchvision has it.
  func usualPreparation(_ normalization: PixelNormalization?) throws(ImageError) -> ImagePreparation {
    let steps: [ImageTransform] =
      width == height && width >= 100
      ? [.resizeShorterSide((width * 8 + 3) / 7), .centerCrop(width)] : [.resize(width: width, height: height)]
    return try ImagePreparation(
      channels: channels, steps: steps, normalization: normalization ?? (channels == 1 ? .mnist : .imageNet))
  }
}
