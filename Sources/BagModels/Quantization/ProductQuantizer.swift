import CKernels
import Tensors

/// Rounds rows part by part to the nearest of 256 centroids, which are learnt from the rows (Jégou, Douze & Schmid 2011,
/// "Product Quantization for Nearest Neighbor Search"): a byte for each part.
struct ProductQuantizer: Sendable {
  static let centroidCount = 256
  /// Rows that the centroids are learnt from, at most: 256 for each centroid.
  private static let sampleLimit = 65_536
  private static let iterations = 25

  /// D
  let dimensions: Int
  /// Elements of a part; the last one has what is left.
  let partWidth: Int
  /// The centroids of all parts, one part behind the other, each centroid's elements together.
  let centroids: [Float]

  var parts: Int { (dimensions + partWidth - 1) / partWidth }

  /// - Parameter centroids: as ``centroids``; the caller has checked how many there are.
  init(dimensions: Int, partWidth: Int, centroids: [Float]) {
    self.dimensions = dimensions
    self.partWidth = partWidth
    self.centroids = centroids
  }

  /// Learns centroids of R ≥ 1 rows by Lloyd's algorithm, and tells the code of each part of each row. A function of the
  /// rows and the seed alone.
  static func fit(
    _ rows: [Float], dimensions: Int, partWidth: Int, random: RandomStream
  ) -> (quantizer: ProductQuantizer, codes: [UInt8]) {
    let count = rows.count / dimensions
    let parts = (dimensions + partWidth - 1) / partWidth
    let order = random.split("sample").permutation(count)
    let sample = Array(order.prefix(sampleLimit))
    let fitted = BagParts<PartFit>(parts)
    parallelFor(parts) { part in
      let size = min(partWidth, dimensions - part * partWidth)
      var fit = PartFit(size: size)
      var points: [Float] = []
      points.reserveCapacity(sample.count * size)
      for row in sample {
        let first = row * dimensions + part * partWidth
        points += rows[first..<first + size]
      }
      fit.learn(points, iterations: iterations)
      fit.roundToHalves()
      fit.codes = fit.nearest(rows, first: part * partWidth, stride: dimensions, count: count)
      fitted.set(part, [fit])
    }
    let fits = fitted.joined
    let codes = [UInt8](unsafeUninitializedCapacity: count * parts) { codes, length in
      for (part, fit) in fits.enumerated() {
        for row in 0..<count { codes[row * parts + part] = fit.codes[row] }
      }
      length = count * parts
    }
    let quantizer = ProductQuantizer(
      dimensions: dimensions, partWidth: partWidth, centroids: fits.flatMap(\.centroids))
    return (quantizer, codes)
  }
}

/// The centroids of one part of the rows.
private struct PartFit: Sendable {
  private static let count = ProductQuantizer.centroidCount

  let size: Int
  /// Element by element, 256 of each.
  private var columns: [Float]
  var codes: [UInt8] = []

  init(size: Int) {
    self.size = size
    columns = [Float](repeating: 0, count: size * Self.count)
  }

  /// Centroid by centroid.
  var centroids: [Float] { (0..<Self.count).flatMap { c in (0..<size).map { columns[$0 * Self.count + c] } } }

  /// - Parameter points: in random order, so that the first ones are a fair sample.
  mutating func learn(_ points: [Float], iterations: Int) {
    let pointCount = points.count / size
    for c in 0..<Self.count {
      for k in 0..<size { columns[k * Self.count + c] = points[c % pointCount * size + k] }
    }
    for _ in 0..<iterations {
      let codes = nearest(points, first: 0, stride: size, count: pointCount)
      var sums = [Double](repeating: 0, count: columns.count)
      var counts = [Int](repeating: 0, count: Self.count)
      for (point, code) in codes.enumerated() {
        counts[Int(code)] += 1
        for k in 0..<size { sums[k * Self.count + Int(code)] += Double(points[point * size + k]) }
      }
      for c in 0..<Self.count where counts[c] > 0 {
        for k in 0..<size { columns[k * Self.count + c] = Float(sums[k * Self.count + c] / Double(counts[c])) }
      }
      split(&counts, points: pointCount)
    }
  }

  /// Rounds the centroids to what a file holds of them: codes and whatever learns from here on then fit what is read.
  mutating func roundToHalves() {
    let limit = Float(Float16.greatestFiniteMagnitude)
    for place in columns.indices { columns[place] = Float(Float16(max(-limit, min(limit, columns[place])))) }
  }

  /// A centroid that no point is nearest to gets half of the points of the one with the most.
  private mutating func split(_ counts: inout [Int], points: Int) {
    guard points > Self.count else { return }
    for empty in 0..<Self.count where counts[empty] == 0 {
      guard let largest = counts.indices.max(by: { counts[$0] < counts[$1] }), counts[largest] > 1 else { return }
      for k in 0..<size {
        let value = columns[k * Self.count + largest]
        let step = max(abs(value), 1e-6) * 1e-3 * (k % 2 == 0 ? 1 : -1)
        columns[k * Self.count + empty] = value + step
        columns[k * Self.count + largest] = value - step
      }
      counts[empty] = counts[largest] / 2
      counts[largest] -= counts[empty]
    }
  }

  /// The nearest centroid of each point; points lie `stride` numbers apart.
  func nearest(_ points: [Float], first: Int, stride: Int, count: Int) -> [UInt8] {
    let halves = (0..<Self.count).map { c in
      (0..<size).reduce(Float(0)) { $0 + columns[$1 * Self.count + c] * columns[$1 * Self.count + c] } / 2
    }
    return [UInt8](unsafeUninitializedCapacity: count) { codes, length in
      points.withUnsafeBufferPointer { points in
        if count > 0, let base = points.baseAddress, let codes = codes.baseAddress {
          kernels.nearest_centroids(base + first, stride, size, count, columns, halves, codes, 1)
        }
      }
      length = count
    }
  }
}
