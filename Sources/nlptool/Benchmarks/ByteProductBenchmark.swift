import Tensors

/// Matrix products with weights in bytes, M × K times K × N, beside the same in Float32: `gemm-int8/1x256x1024` and its
/// like. The weight is packed once; M rows are cut into steps in each call. K and N are those of recurrent steps and of
/// linear layers.
struct ByteProductBenchmark: Benchmark {
  let m: Int
  let k: Int
  let n: Int

  var name: String { "gemm-int8/\(m)x\(k)x\(n)" }

  static let all: [any Benchmark] = [(128, 512), (256, 1024), (512, 512), (1024, 4096)].flatMap { k, n in
    [1, 4, 32].map { ByteProductBenchmark(m: $0, k: k, n: n) }
  }

  func measure(_ stopwatch: Stopwatch) -> BenchmarkResult {
    let random = RandomStream(seed: 1)
    let x = random.split("x").uniform([m, k], in: -1..<1)
    let weight = random.split("weight").uniform([n, k], in: -1..<1)
    let bytes = QuantizedTensor(rounding: weight)
    let (quantized, floats) = (QuantizedLinear(weight: bytes), PreparedLinear(weight: weight))
    // By turns, since other programs may run beside it.
    var times: [(bytes: Double, floats: Double)] = []
    let part = Stopwatch(leastSeconds: stopwatch.leastSeconds / 6)
    for _ in 0..<3 { times.append((part.median { _ = quantized(x) }, part.median { _ = floats(x) })) }
    let seconds = times.map(\.bytes).sorted()[1], others = times.map(\.floats).sorted()[1]
    let operations = 2 * Double(m) * Double(k) * Double(n)
    return BenchmarkResult(
      name: name, metric: "gops", value: operations / seconds / 1e9, unit: "GOP/s",
      details: [("float32_gflops", operations / others / 1e9), ("times_float32", others / seconds)])
  }
}
