public import ImageData
import NeuralNetworks
import Tensors

/// How the range of what a layer sees is taken from images.
public struct CalibrationOptions: Sendable, Hashable {
  /// Images that are looked at, drawn from all, rounded up to whole batches of 8.
  public var images = 512
  /// Share of the numbers that may lie beyond the range, on both sides together: rare large numbers would make the steps
  /// of all others coarse. 0 takes the smallest and the largest.
  public var cutShare = 0.0
  /// Leaves damaged images out, where otherwise the first is an error.
  public var skipBad = false

  /// The usual ones.
  public init() {}
}

/// What was found of the layers of a network.
public struct Calibration: Sendable {
  /// By the name of the weight of each convolution and linear layer, the range of what it is multiplied with; it holds zero.
  public let inputRanges: [String: ClosedRange<Float>]
  /// Images that were looked at.
  public let imageCount: Int
}

extension ImageModel {
  /// Looks at what each convolution and linear layer sees of some images, by which the network can be computed in bytes.
  ///
  /// The network computes each batch twice: for the extremes, and then, where some numbers are to be cut off, for a
  /// histogram between them. Weights in bytes become Float32.
  ///
  /// - Throws: ``ImageModelError/image(_:)``.
  public func calibration(
    on images: any ImageDataSet, _ options: CalibrationOptions = CalibrationOptions()
  ) throws(ImageModelError) -> Calibration {
    var names: [OperationTrace.Identity: String] = [:]
    var histograms: [String: InputHistogram] = [:]
    for (name, parameter) in network.namedParameters {
      names[.init(parameter.value)] = name
      histograms[name] = InputHistogram()
    }
    let count = try forEachInput(images, options) { weight, input in
      if let name = names[weight] { histograms[name]?.widen(input) }
    }
    if options.cutShare > 0 {
      _ = try forEachInput(images, options) { weight, input in
        if let name = names[weight] { histograms[name]?.count(input) }
      }
    }
    // A layer whose inputs span more than a number holds stays as it is.
    let seen = histograms.filter { $0.value.hasSeen && $0.value.isFinite }
    return Calibration(inputRanges: seen.mapValues { $0.range(cutting: options.cutShare) }, imageCount: count)
  }

  /// Calls `body` with each weight of a convolution or linear layer and what it is multiplied with, batch by batch, and
  /// says how many images there were.
  private func forEachInput(
    _ images: any ImageDataSet, _ options: CalibrationOptions, _ body: (OperationTrace.Identity, Tensor) -> Void
  ) throws(ImageModelError) -> Int {
    var count = 0
    do throws(ImageError) {
      let stream = try ImagePipeline(images, preparation: preparation, skipBad: options.skipBad)
        .batches(epoch: 0, batchSize: min(8, max(1, options.images)), shuffled: true)
      while let batch = try stream.next() {
        count += batch.count
        if batch.count > 0 {
          let (_, operations) = OperationTrace.record { network(batch.images) }
          for operation in operations {
            switch operation.kind {
            case .convolution, .linear: body(.init(operation.operands[1]), operation.operands[0])
            default: break
            }
          }
        }
        if count >= options.images { break }
      }
    } catch {
      throw .image(error)
    }
    return count
  }
}

/// How often numbers lie where between the smallest and the largest of all.
final class InputHistogram {
  private static let binCount = 4096
  private var lowest: Float = 0
  private var highest: Float = 0
  private var bins = [Int](repeating: 0, count: binCount)
  private var total = 0
  private(set) var hasSeen = false

  /// Whether there is anything to divide: of a layer that saw only zeros there is not.
  private var isWide: Bool { highest - lowest > 1e-30 }
  var isFinite: Bool { (highest - lowest).isFinite }

  /// Takes note of the smallest and the largest number.
  func widen(_ numbers: Tensor) {
    hasSeen = true
    numbers.withUnsafeElements { numbers in
      for number in numbers where number.isFinite {
        lowest = min(lowest, number)
        highest = max(highest, number)
      }
    }
  }

  /// Counts numbers, none of which is beyond the extremes.
  func count(_ numbers: Tensor) {
    guard isWide, isFinite else { return }
    let scale = Float(Self.binCount) / (highest - lowest)
    numbers.withUnsafeElements { numbers in
      for number in numbers where number.isFinite {
        bins[min(Self.binCount - 1, Int((number - lowest) * scale))] += 1
        total += 1
      }
    }
  }

  /// The range without so small a share of the numbers, half of it on each side, and with zero.
  func range(cutting share: Double) -> ClosedRange<Float> {
    guard share > 0, total > 0, isWide else { return lowest...highest }
    let most = Int(share / 2 * Double(total))
    func cut(_ bins: some Sequence<Int>) -> Int {
      var sum = 0
      return bins.prefix { bin in
        sum += bin
        return sum <= most
      }.count
    }
    let width = (highest - lowest) / Float(Self.binCount)
    let below = min(0, lowest + Float(cut(bins)) * width)
    return below...max(0, highest - Float(cut(bins.reversed())) * width)
  }
}

extension Module {
  /// The ranges that weights in bytes came with, by the names of the weights.
  package var inputRanges: [String: ClosedRange<Float>] {
    Dictionary(
      namedParameters.compactMap { name, parameter in parameter.loadedBytes?.inputRange.map { (name, $0) } },
      uniquingKeysWith: { first, _ in first })
  }
}
