import Tensors

/// Matrix products: `gemm/1024x1024x1024` and its like, M × K times K × N.
struct MatrixProductBenchmark: Benchmark {
  let m: Int
  let k: Int
  let n: Int

  var name: String { "gemm/\(m)x\(k)x\(n)" }

  static let all: [any Benchmark] = [
    (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (6400, 128, 1024),
  ].map { MatrixProductBenchmark(m: $0.0, k: $0.1, n: $0.2) }

  func measure(_ stopwatch: Stopwatch) -> BenchmarkResult {
    let random = RandomStream(seed: 1)
    let a = random.split("a").uniform([m, k], in: -1..<1)
    let b = random.split("b").uniform([k, n], in: -1..<1)
    let seconds = stopwatch.median { _ = a.matmul(b) }
    return BenchmarkResult(
      name: name, metric: "gflops", value: 2e-9 * Double(m) * Double(k) * Double(n) / seconds, unit: "GFLOP/s",
      details: Array(BenchmarkResult.roofline(operations: 2 * Double(m * k * n), seconds: seconds).dropFirst()))
  }
}
