import Tensors

/// Convolutions with filters in bytes beside the same in Float32, prepared for inference: `convolution-int8/3x3/32x32x16/B1`
/// and its like, kernel and images.
struct ByteConvolutionBenchmark: Benchmark {
  let kernel: Int
  let stride: Int
  let side: Int
  let channels: Int
  let filters: Int
  let batch: Int

  var name: String {
    "convolution-int8/\(kernel)x\(kernel)\(stride > 1 ? "-stride\(stride)" : "")/\(side)x\(side)x\(channels)/B\(batch)"
  }

  static let all: [any Benchmark] = [
    (3, 1, 32, 3, 16), (3, 1, 32, 16, 16), (3, 2, 32, 16, 32), (3, 1, 16, 32, 32), (3, 1, 8, 64, 64),
    (7, 2, 224, 3, 64), (3, 1, 56, 64, 64), (1, 1, 56, 64, 256), (1, 1, 14, 1024, 256), (3, 1, 7, 512, 512),
  ].flatMap { kernel, stride, side, channels, filters in
    [1, 8].map {
      ByteConvolutionBenchmark(
        kernel: kernel, stride: stride, side: side, channels: channels, filters: filters, batch: $0)
    }
  }

  func measure(_ stopwatch: Stopwatch) -> BenchmarkResult {
    let random = RandomStream(seed: 1)
    let x = random.split("x").uniform([batch, side, side, channels], in: -1..<1)
    let weight = random.split("weight").uniform([filters, channels, kernel, kernel], in: -1..<1)
    let (size, padding) = (Size2D(integerLiteral: stride), Padding2D(integerLiteral: kernel / 2))
    let quantized = QuantizedConvolution(
      weight: QuantizedTensor(rounding: weight), inputRange: -1...1, stride: size, padding: padding)
    let floats = PreparedConvolution(weight: weight, stride: size, padding: padding)
    // By turns, since other programs may run beside it.
    var times: [(bytes: Double, floats: Double)] = []
    let part = Stopwatch(leastSeconds: stopwatch.leastSeconds / 6)
    for _ in 0..<3 { times.append((part.median { _ = quantized(x) }, part.median { _ = floats(x) })) }
    let seconds = times.map(\.bytes).sorted()[1], others = times.map(\.floats).sorted()[1]
    return BenchmarkResult(
      name: name, metric: "milliseconds", value: seconds * 1e3, unit: "ms",
      details: [("float32_ms", others * 1e3), ("times_float32", others / seconds)])
  }
}
