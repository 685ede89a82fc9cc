/// Changes the size of images by bilinear interpolation with antialiasing, to the bit as Pillow's `resize(BILINEAR)`.
///
/// Each number of the result is a weighted sum of the pixels under a triangle, which is as wide as two pixels of the larger
/// grid: when an image gets smaller, all of its pixels count. First along the rows, then along the columns, rounded to 8
/// bits in between; the weights have 22 bits of fraction. (So do all versions of Pillow before 13, which takes the columns
/// first where the height shrinks much and the width little; single pixels differ by one then.)
struct Resampler {
  private var horizontal = ResamplingWeights()
  private var vertical = ResamplingWeights()
  private var narrowed = Image()
  private var sums: [Int32] = []

  /// Puts a resized copy of `source` into `result`. Both sides are at least 1, and not both those of `source`.
  mutating func resize(_ source: Image, into result: inout Image, width: Int, height: Int) {
    if width != source.width && height != source.height {
      // Lent, so that nothing is copied.
      var between = Image()
      swap(&between, &narrowed)
      resizeRows(source, into: &between, width: width)
      resizeColumns(between, into: &result, height: height)
      swap(&between, &narrowed)
    } else if width != source.width {
      resizeRows(source, into: &result, width: width)
    } else {
      resizeColumns(source, into: &result, height: height)
    }
  }

  private mutating func resizeRows(_ source: Image, into result: inout Image, width: Int) {
    horizontal.prepare(from: source.width, to: width)
    let (height, channels) = (source.height, source.channels)
    result.reshape(width: width, height: height, channels: channels)
    source.pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { result in
        horizontal.withUnsafeWeights { firsts, counts, weights, stride in
          guard var from = source.baseAddress, var to = result.baseAddress else { return }
          for _ in 0..<height {
            if channels == 3 {
              Self.resizeColourRow(from, to, width, firsts, counts, weights, stride)
            } else {
              Self.resizeGrayRow(from, to, width, firsts, counts, weights, stride)
            }
            from += source.count / height
            to += width * channels
          }
        }
      }
    }
  }

  @inline(__always)
  private static func resizeColourRow(
    _ source: UnsafePointer<UInt8>, _ result: UnsafeMutablePointer<UInt8>, _ width: Int,
    _ firsts: UnsafePointer<Int32>, _ counts: UnsafePointer<Int32>, _ weights: UnsafePointer<Int32>, _ stride: Int
  ) {
    for x in 0..<width {
      var from = source + 3 * Int(firsts[x])
      let weight = weights + x * stride
      var (red, green, blue) = (ResamplingWeights.half, ResamplingWeights.half, ResamplingWeights.half)
      for tap in 0..<Int(counts[x]) {
        red &+= Int32(from[0]) &* weight[tap]
        green &+= Int32(from[1]) &* weight[tap]
        blue &+= Int32(from[2]) &* weight[tap]
        from += 3
      }
      result[3 * x] = ResamplingWeights.byte(red)
      result[3 * x + 1] = ResamplingWeights.byte(green)
      result[3 * x + 2] = ResamplingWeights.byte(blue)
    }
  }

  @inline(__always)
  private static func resizeGrayRow(
    _ source: UnsafePointer<UInt8>, _ result: UnsafeMutablePointer<UInt8>, _ width: Int,
    _ firsts: UnsafePointer<Int32>, _ counts: UnsafePointer<Int32>, _ weights: UnsafePointer<Int32>, _ stride: Int
  ) {
    for x in 0..<width {
      let from = source + Int(firsts[x])
      let weight = weights + x * stride
      var shade = ResamplingWeights.half
      for tap in 0..<Int(counts[x]) { shade &+= Int32(from[tap]) &* weight[tap] }
      result[x] = ResamplingWeights.byte(shade)
    }
  }

  /// Whole rows are added up, which needs no gathering.
  private mutating func resizeColumns(_ source: Image, into result: inout Image, height: Int) {
    vertical.prepare(from: source.height, to: height)
    result.reshape(width: source.width, height: height, channels: source.channels)
    let rowSize = source.rowSize
    if sums.count < rowSize { sums = [Int32](repeating: 0, count: rowSize) }
    source.pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { result in
        sums.withUnsafeMutableBufferPointer { sums in
          vertical.withUnsafeWeights { firsts, counts, weights, stride in
            guard let from = source.baseAddress, let to = result.baseAddress, let sums = sums.baseAddress else {
              return
            }
            for y in 0..<height {
              let rows = from + Int(firsts[y]) * rowSize
              let weight = weights + y * stride
              for i in 0..<rowSize { sums[i] = ResamplingWeights.half }
              for tap in 0..<Int(counts[y]) {
                let (row, factor) = (rows + tap * rowSize, weight[tap])
                for i in 0..<rowSize { sums[i] &+= Int32(row[i]) &* factor }
              }
              let target = to + y * rowSize
              for i in 0..<rowSize { target[i] = ResamplingWeights.byte(sums[i]) }
            }
          }
        }
      }
    }
  }
}

/// Which pixels of a line count how much for each pixel of its resized copy.
struct ResamplingWeights {
  /// Bits of fraction: eight less than 32 for the pixel, two less for a sum that goes over.
  private static let precision = 22
  /// One half, so that cutting the fraction off rounds.
  static let half: Int32 = 1 << (precision - 1)

  private var size = (from: 0, to: 0)
  /// Weights that each pixel of the copy has room for.
  private var stride = 0
  private var firsts: [Int32] = []
  private var counts: [Int32] = []
  private var weights: [Int32] = []

  /// The number that a sum stands for, kept within 0...255.
  @inline(__always)
  static func byte(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> Int32(precision))))
  }

  /// Computes the weights for two sizes, unless they are those of the last call.
  mutating func prepare(from source: Int, to target: Int) {
    if size == (source, target) { return }
    size = (source, target)
    let scale = Double(source) / Double(target)
    let support = max(scale, 1)
    stride = Int(support.rounded(.up)) * 2 + 1
    firsts = [Int32](repeating: 0, count: target)
    counts = firsts
    weights = [Int32](repeating: 0, count: target * stride)
    var triangle = [Double](repeating: 0, count: stride)
    let slope = 1 / support
    for x in 0..<target {
      let center = (Double(x) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let count = min(source, Int(center + support + 0.5)) - first
      var total = 0.0
      for tap in 0..<count {
        triangle[tap] = max(0, 1 - abs((Double(tap + first) - center + 0.5) * slope))
        total += triangle[tap]
      }
      for tap in 0..<count {
        let share = total == 0 ? triangle[tap] : triangle[tap] / total
        weights[x * stride + tap] = Int32(0.5 + share * Double(1 << Self.precision))
      }
      firsts[x] = Int32(first)
      counts[x] = Int32(count)
    }
  }

  /// The first pixel, the number of pixels and the weights for each pixel of the copy.
  func withUnsafeWeights(
    _ body: (UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Int32>, _ stride: Int) -> Void
  ) {
    firsts.withUnsafeBufferPointer { firsts in
      counts.withUnsafeBufferPointer { counts in
        weights.withUnsafeBufferPointer { weights in
          guard let firsts = firsts.baseAddress, let counts = counts.baseAddress, let weights = weights.baseAddress
          else { return }
          body(firsts, counts, weights, stride)
        }
      }
    }
  }
}
