import CKernels

/// A convolution by filters in bytes, packed once, of images whose numbers lie in a range that is known: for inference.
///
/// Images are cut into 256 steps of that range, and what is multiplied are whole numbers. Where this is slower than with
/// Float32 (see ``gainsFromBytes``), the same steps are Float32 again, and the sums differ by their rounding alone.
public struct QuantizedConvolution: Sendable {
  private enum Form: Sendable {
    case bytes(PackedByteMatrix, bias: Tensor?)
    case floats(PreparedConvolution)
  }

  private let form: Form
  private let inputRange: ClosedRange<Float>
  private let weightShape: [Int]
  private let stride: Size2D
  private let padding: Padding2D
  private let dilation: Size2D
  private let groups: Int

  /// A convolution by filters [F, C / groups, kernel height, kernel width].
  ///
  /// - Parameters:
  ///   - inputRange: of the images; what lies beyond becomes the nearest number of it.
  ///   - bias: [F].
  ///   - scale: [F], what each filter's sums are multiplied by; see
  ///     ``PreparedConvolution/foldedScale(variance:weight:epsilon:)``.
  public init(
    weight: QuantizedTensor, inputRange: ClosedRange<Float>, bias: Tensor? = nil, scale: Tensor? = nil,
    stride: Size2D = 1, padding: Padding2D = 0, dilation: Size2D = 1, groups: Int = 1
  ) {
    precondition(
      weight.shape.count == 4 && [bias, scale].allSatisfy { $0.map { $0.shape == [weight.shape[0]] } ?? true },
      "QuantizedConvolution: a bias or scale does not fit filters of the shape \(weight.shape)")
    self.inputRange = inputRange
    weightShape = weight.shape
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    // As other programs add it: in whole steps.
    let bias = bias.map { weight.settingInputRange(inputRange).roundedToSteps($0, times: scale) }
    if Self.gainsFromBytes(weight.shape, stride: stride, dilation: dilation, groups: groups) {
      form = .bytes(PackedByteMatrix(filters: weight, scale: scale), bias: bias?.paddedToPanels())
    } else {
      form = .floats(
        PreparedConvolution(
          weight: weight.dequantized, bias: bias, scale: scale, stride: stride, padding: padding, dilation: dilation,
          groups: groups))
    }
  }

  /// Whether it is computed in whole numbers: measured (`nlptool bench --cases 'convolution-int8/*'`).
  static func gainsFromBytes(_ filters: [Int], stride: Size2D, dilation: Size2D, groups: Int) -> Bool {
    guard groups == 1, dilation == 1, filters[2] * filters[3] * filters[1].roundedUpToQuads <= KERNEL_BYTE_DEPTH else {
      return false
    }
    switch Kernels.level {
    case .plain: return false
    // Level with Float32 for one pixel, faster with a stride; slower for few channels, and than Winograd's algorithm.
    case .avx2, .avx512: return filters[1] >= 16 && (filters[2] * filters[3] == 1 || stride != 1)
    case .avx512vnni: return true
    }
  }

  /// [B, H', W', F] of [B, H, W, C].
  ///
  /// - Parameters:
  ///   - addend: added to the result, of the same shape.
  ///   - clipsNegative: whether what is negative then becomes zero.
  public func callAsFunction(_ input: Tensor, adding addend: Tensor? = nil, clipsNegative: Bool = false) -> Tensor {
    let shape = ConvolutionShape(
      "conv2d", input: input.shape, weight: weightShape, bias: nil, stride: stride, padding: padding,
      dilation: dilation, groups: groups)
    precondition(
      addend.map { $0.shape == shape.outputShape } ?? true,
      "conv2d: an addend of the shape \(addend?.shape ?? []) for \(shape.outputShape)")
    switch form {
    case .floats(let convolution):
      return convolution(input.rounded(to: inputRange), adding: addend, clipsNegative: clipsNegative)
    case .bytes(let filters, let bias):
      return OperationProfile.note(
        "conv2d in bytes \(shape.summary)", "\(shape.inputShape) → \(shape.outputShape)", operations: shape.operations
      ) {
        let result = Tensor(uninitialized: shape.outputShape)
        let images = ByteImages(input, shape, range: inputRange)
        withExtendedLifetime((images, bias, addend)) {
          images.convolve(
            filters, bias: bias.map { UnsafePointer($0.floats) }, addend: addend.map { UnsafePointer($0.floats) },
            minimum: clipsNegative ? 0 : -.infinity, shape, into: result.floats)
        }
        return result
      }
    }
  }
}

/// Images in steps of a byte, with their padding and with channels to a multiple of 4.
private struct ByteImages {
  private let storage: TensorStorage
  private let windows: byte_windows

  init(_ input: Tensor, _ shape: ConvolutionShape, range: ClosedRange<Float>) {
    let (width, channels) = (shape.image.width, shape.channels)
    let pixel = channels.roundedUpToQuads
    let line = (width + shape.padding.horizontal) * pixel
    let rows = shape.image.height + shape.padding.vertical
    storage = TensorStorage(byteCount: shape.batch * rows * line)
    let to = storage.address.assumingMemoryBound(to: UInt8.self)
    var scale: Float = 0
    let zero = kernels.quantize_between(range.lowerBound, range.upperBound, input.floats, 0, 0, 0, to, 4, &scale)
    let blank = UInt8(truncatingIfNeeded: zero)
    let from = input.floats
    let rowsPerTile = max(1, (1 << 15) / max(1, line))
    let all = shape.batch * rows
    parallelFor((all + rowsPerTile - 1) / rowsPerTile) { tile in
      for row in tile * rowsPerTile..<min(all, (tile + 1) * rowsPerTile) {
        let bytes = to + row * line
        let source = row % rows - shape.padding.top
        guard 0..<shape.image.height ~= source else {
          bytes.update(repeating: blank, count: line)
          continue
        }
        let numbers = from + (row / rows * shape.image.height + source) * width * channels
        let first = bytes + shape.padding.left * pixel
        bytes.update(repeating: blank, count: shape.padding.left * pixel)
        (first + width * pixel).update(repeating: blank, count: shape.padding.right * pixel)
        var same: Float = 0
        if pixel == channels {
          _ = kernels.quantize_between(
            range.lowerBound, range.upperBound, numbers, 0, 1, width * channels, first, width * pixel, &same)
        } else {
          _ = kernels.quantize_between(
            range.lowerBound, range.upperBound, numbers, channels, width, channels, first, pixel, &same)
        }
      }
    }
    withExtendedLifetime(input) {}
    windows = byte_windows(
      bytes: to, scale: scale, zero: zero, image_stride: rows * line, line_step: shape.stride.height * line,
      window_step: shape.stride.width * pixel, runs: shape.kernel.height, run_stride: line,
      run_length: shape.kernel.width * pixel, output_height: shape.output.height, output_width: shape.output.width)
  }

  func convolve(
    _ filters: PackedByteMatrix, bias: UnsafePointer<Float>?, addend: UnsafePointer<Float>?, minimum: Float,
    _ shape: ConvolutionShape, into output: UnsafeMutablePointer<Float>
  ) {
    let lines = shape.batch * shape.output.height
    // Some twenty microseconds at least, and the filters are read once for each tile.
    let perLine = shape.output.width * filters.k * filters.n
    let most = max(1, (lines + ThreadPool.threads - 1) / ThreadPool.threads)
    let linesPerTile = min(most, max(1, (1 << 21) / max(1, perLine)))
    filters.withMatrix { matrix in
      parallelFor((lines + linesPerTile - 1) / linesPerTile) { tile in
        var windows = windows
        let first = tile * linesPerTile
        kernels.convolve_bytes(
          &windows, first, min(linesPerTile, lines - first), matrix, bias, addend, minimum, output)
      }
    }
    withExtendedLifetime(storage) {}
  }
}

extension PackedByteMatrix {
  /// Filters [F, C, kernel height, kernel width] in the order in which a window's bytes lie, channels to a multiple of 4.
  fileprivate init(filters weight: QuantizedTensor, scale: Tensor?) {
    let (count, channels, area) = (weight.shape[0], weight.shape[1], weight.shape[2] * weight.shape[3])
    let pixel = channels.roundedUpToQuads
    var bytes = [Int8](repeating: 0, count: count * area * pixel)
    weight.withBytes { from in
      for filter in 0..<count {
        for channel in 0..<channels {
          for place in 0..<area {
            bytes[(filter * area + place) * pixel + channel] = from[(filter * channels + channel) * area + place]
          }
        }
      }
    }
    let factors = scale?.scalars
    let scales = weight.scales.indices.map { weight.scales[$0] * (factors?[$0] ?? 1) }
    self = bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { PackedByteMatrix($0, k: area * pixel, scales: scales) }
        ?? PackedByteMatrix([], k: area * pixel, scales: scales)
    }
  }
}

extension Int {
  fileprivate var roundedUpToQuads: Int { (self + 3) / 4 * 4 }
}

extension Tensor {
  /// Every number as the nearest of 256 steps of a range, of which one is zero.
  func rounded(to range: ClosedRange<Float>) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let (from, to) = (floats, result.floats)
    let scale = (range.upperBound - range.lowerBound) / 255
    let inverse = scale > 1e-37 ? 1 / scale : 0
    let zero = Float(Int32(min(255, -range.lowerBound * inverse) + 0.5))
    // Adding 1.5·2²³ rounds to the nearest whole number, ties to even.
    let magic: Float = 12_582_912
    forEachTile(of: count) { tile in
      for index in tile {
        let number = from[index] * inverse
        // What is not a number becomes the step of zero, as in the kernels.
        let cut = number.isNaN ? 0 : number < -zero ? -zero : number > 255 - zero ? 255 - zero : number
        to[index] = (cut + magic - magic) * scale
      }
    }
    return withExtendedLifetime(self) { result }
  }
}
