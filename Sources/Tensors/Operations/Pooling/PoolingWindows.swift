import CKernels

/// How windows lie on one axis of an image, cut off at its edges.
struct PoolingAxis: Sendable {
  /// The first pixel of each window, and the one behind its last.
  let firsts: [Int32]
  let ends: [Int32]
  /// From one pixel of a window to the next.
  let step: Int
  /// Pixels that a mean divides by, which may count padding.
  let divisors: [Int]

  /// Windows at equal distances.
  ///
  /// - Parameter ceilMode: whether a window that lies only partly on the padded image counts, if it begins before the
  ///   padding behind.
  init(extent: Int, size: Int, stride: Int, padding: Int, dilation: Int, ceilMode: Bool, countsPadding: Bool) {
    let reach = (size - 1) * dilation + 1
    let free = extent + 2 * padding - reach
    var count = (ceilMode ? free + stride - 1 : free) / stride + 1
    if ceilMode, (count - 1) * stride >= extent + padding { count -= 1 }
    let starts = (0..<count).map { $0 * stride - padding }
    // The first pixel on the image is a whole number of steps behind the start.
    firsts = starts.map { Int32($0 >= 0 ? $0 : $0 + (dilation - 1 - $0) / dilation * dilation) }
    ends = starts.map { Int32(min(extent, $0 + reach)) }
    step = dilation
    divisors = starts.map {
      countsPadding ? min($0 + reach, extent + padding) - $0 : min(extent, $0 + reach) - max(0, $0)
    }
  }

  /// `count` windows that cover all pixels (PyTorch's adaptive pooling).
  init(extent: Int, count: Int) {
    firsts = (0..<count).map { Int32($0 * extent / count) }
    ends = (0..<count).map { Int32((($0 + 1) * extent + count - 1) / count) }
    step = 1
    divisors = zip(firsts, ends).map { Int($1 - $0) }
  }

  var count: Int { firsts.count }

  /// Whether each window has two pixels, which no other one has.
  var isPairs: Bool {
    step == 1 && zip(firsts, ends).enumerated().allSatisfy { $1.0 == 2 * $0 && $1.1 == 2 * $0 + 2 }
  }
}

/// Windows over images [B, H, W, C].
struct PoolingWindows: Sendable {
  let rows: PoolingAxis
  let columns: PoolingAxis
  private let batch: Int
  private let image: Size2D
  private let channels: Int
  private let isSquaresOfTwo: Bool

  /// Windows at equal distances.
  init(
    _ operation: StaticString, _ input: Tensor, kernelSize: Size2D, stride: Size2D?, padding: Size2D,
    dilation: Size2D = 1, ceilMode: Bool, countsPadding: Bool = false
  ) {
    precondition(
      padding.height * 2 <= kernelSize.height && padding.width * 2 <= kernelSize.width,
      "\(operation): a padding of \(padding) for windows of \(kernelSize)")
    func axis(_ size: KeyPath<Size2D, Int>) -> (Int) -> PoolingAxis {
      {
        PoolingAxis(
          extent: $0, size: kernelSize[keyPath: size], stride: (stride ?? kernelSize)[keyPath: size],
          padding: padding[keyPath: size], dilation: dilation[keyPath: size], ceilMode: ceilMode,
          countsPadding: countsPadding)
      }
    }
    self.init(operation, input, rows: axis(\.height), columns: axis(\.width))
  }

  /// Windows that divide the images into a size.
  init(_ operation: StaticString, _ input: Tensor, outputSize: Size2D) {
    self.init(
      operation, input, rows: { PoolingAxis(extent: $0, count: outputSize.height) },
      columns: { PoolingAxis(extent: $0, count: outputSize.width) })
  }

  private init(
    _ operation: StaticString, _ input: Tensor, rows: (Int) -> PoolingAxis, columns: (Int) -> PoolingAxis
  ) {
    precondition(input.rank == 4, "\(operation): \(input.shape) is no shape of images [B, H, W, C]")
    (batch, channels) = (input.shape[0], input.shape[3])
    image = Size2D(height: input.shape[1], width: input.shape[2])
    self.rows = rows(image.height)
    self.columns = columns(image.width)
    isSquaresOfTwo = self.rows.isPairs && self.columns.isPairs
    precondition(
      self.rows.count > 0 && self.columns.count > 0, "\(operation): no window lies on images of \(input.shape)")
  }

  var outputShape: [Int] { [batch, rows.count, columns.count, channels] }
  var inputShape: [Int] { [batch, image.height, image.width, channels] }

  /// Whether the windows are squares of two by two pixels that share none and leave none.
  var isTilingOfSquares: Bool {
    isSquaresOfTwo && 2 * rows.count == image.height && 2 * columns.count == image.width
  }

  /// 1 / elements of the windows of a row.
  func factors(row: Int) -> [Float] { columns.divisors.map { 1 / Float(rows.divisors[row] * $0) } }

  /// Calls `body` for each row of windows, on several threads, with where its pixels begin and where its results do.
  func forEachRow(_ body: (pooled_row, _ row: Int, _ input: Int, _ output: Int) -> Void) {
    parallelFor(batch * rows.count, operations: operations) { task in
      withRow(task / rows.count, task % rows.count, body)
    }
  }

  /// The same, all rows of an image on one thread, since windows may share pixels.
  func forEachRowByImage(_ body: (pooled_row, _ row: Int, _ input: Int, _ output: Int) -> Void) {
    parallelFor(batch, operations: operations) { image in
      for row in 0..<rows.count { withRow(image, row, body) }
    }
  }

  private func withRow(_ index: Int, _ row: Int, _ body: (pooled_row, Int, Int, Int) -> Void) {
    columns.firsts.withUnsafeBufferPointer { firsts in
      columns.ends.withUnsafeBufferPointer { ends in
        guard let firsts = firsts.baseAddress, let ends = ends.baseAddress else { return }
        let windows = pooled_row(
          row_stride: rows.step * image.width * channels,
          rows: (Int(rows.ends[row] - rows.firsts[row]) + rows.step - 1) / rows.step,
          window_count: columns.count, column_step: columns.step, is_squares_of_two: isSquaresOfTwo,
          column_firsts: firsts, column_ends: ends)
        body(
          windows, row, (index * image.height + Int(rows.firsts[row])) * image.width * channels,
          (index * rows.count + row) * columns.count * channels)
      }
    }
  }

  var channelCount: Int { channels }

  /// A pixel takes as long as some multiply-adds do.
  private var operations: Int { 8 * batch * image.area * channels }
}
