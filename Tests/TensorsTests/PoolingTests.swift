import Glibc
import Testing

@testable import Tensors

@Suite("Pooling of images, and normalisation by neighbouring channels")
struct PoolingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let size: Size2D
    let stride: Size2D
    let padding: Size2D
    let isCeil: Bool
    let countsPadding: Bool

    var testDescription: String {
      "\(size.height)×\(size.width) / \(stride.height),\(stride.width), padding \(padding.height),\(padding.width)"
        + (isCeil ? ", rounded up" : "") + (countsPadding ? ", padding counts" : "")
    }
  }

  static let cases: [Case] = [
    Case(size: 2, stride: 2, padding: 0, isCeil: false, countsPadding: true),
    Case(size: 3, stride: 2, padding: 1, isCeil: false, countsPadding: false),
    Case(size: 3, stride: 2, padding: 1, isCeil: true, countsPadding: true),
    Case(size: 3, stride: 2, padding: 0, isCeil: true, countsPadding: false),
    Case(
      size: Size2D(height: 2, width: 5), stride: Size2D(height: 3, width: 1), padding: Size2D(height: 1, width: 2),
      isCeil: true, countsPadding: true),
    Case(size: 1, stride: 2, padding: 0, isCeil: false, countsPadding: true),
    Case(size: 2, stride: 2, padding: 0, isCeil: true, countsPadding: false),
    Case(size: 2, stride: Size2D(height: 1, width: 2), padding: 0, isCeil: false, countsPadding: true),
  ]

  /// Pixels under each window, and how many it stands for.
  private func windows(_ one: Case, _ extent: Int, _ isRow: Bool) -> [(range: Range<Int>, counted: Int)] {
    let size = isRow ? one.size.height : one.size.width
    let stride = isRow ? one.stride.height : one.stride.width
    let padding = isRow ? one.padding.height : one.padding.width
    var found: [(Range<Int>, Int)] = []
    var start = -padding
    while one.isCeil ? start < extent : start + size <= extent + padding {
      // Rounding up, a window counts if it begins before the padding behind, and lies on something new.
      if one.isCeil, let last = found.last, start + size > extent + padding, last.0.upperBound == extent,
        start - stride + size >= extent + padding
      {
        break
      }
      let range = max(0, start)..<min(extent, start + size)
      found.append((range, one.countsPadding ? min(start + size, extent + padding) - start : range.count))
      start += stride
    }
    return found
  }

  @Test("maximum and mean are those of plain loops", arguments: cases)
  func loops(one: Case) throws {
    let random = RandomStream(seed: 2)
    for (height, width, channels) in [(7, 6, 3), (9, 11, 17), (8, 8, 40), (4, 6, 6), (6, 4, 1), (4, 2, 12)] {
      // Few values, so that many are equal.
      let x = Parameter(
        Tensor(
          random.uniform([2, height, width, channels], in: -4..<4).scalars.map { $0.rounded() },
          shape: [2, height, width, channels]))
      let (rows, columns) = (windows(one, height, true), windows(one, width, false))
      let largest = {
        x.tensor.maxPool2d(kernelSize: one.size, stride: one.stride, padding: one.padding, ceilMode: one.isCeil)
      }
      let mean = {
        x.tensor.avgPool2d(
          kernelSize: one.size, stride: one.stride, padding: one.padding, ceilMode: one.isCeil,
          countsPadding: one.countsPadding)
      }
      #expect(largest().shape == [2, rows.count, columns.count, channels])
      let above = random.split("above").uniform([2, rows.count, columns.count, channels], in: -1..<1)
      let values = x.value.scalars
      var (maxima, means) = ([Double](), [Double]())
      var (maximumGradient, meanGradient) = (
        [Double](repeating: 0, count: values.count), [Double](repeating: 0, count: values.count)
      )
      for b in 0..<2 {
        for row in rows {
          for column in columns {
            for c in 0..<channels {
              let places = row.range.flatMap { y in
                column.range.map { ((b * height + y) * width + $0) * channels + c }
              }
              let g = Double(above.scalars[maxima.count])
              let best = try #require(places.max { values[$0] < values[$1] })
              let first = try #require(places.first { values[$0] == values[best] })
              maxima.append(Double(values[first]))
              maximumGradient[first] += g
              let count = Double(row.counted * column.counted)
              means.append(places.reduce(0) { $0 + Double(values[$1]) } / count)
              for place in places { meanGradient[place] += g / count }
            }
          }
        }
      }
      #expect(largestError(largest().scalars, maxima) == 0)
      #expect(largestError(mean().scalars, means) < 1e-6)
      let own = GradientTape.record { (largest() * above).sum() }.gradients
      #expect(largestError(try #require(own[x]).tensor.scalars, maximumGradient) < 1e-6)
      let ofMean = GradientTape.record { (mean() * above).sum() }.gradients
      #expect(largestError(try #require(ofMean[x]).tensor.scalars, meanGradient) < 1e-6)
    }
  }

  @Test("adaptive pooling covers every pixel")
  func adaptive() {
    let x = Tensor((0..<2 * 5 * 7).map { Float($0) }, shape: [1, 5, 7, 2])
    let whole = x.adaptiveAvgPool2d(outputSize: 1)
    #expect(whole.scalars == [34, 35])
    let parts = x.adaptiveMaxPool2d(outputSize: Size2D(height: 2, width: 3))
    #expect(parts.shape == [1, 2, 3, 2])
    // Rows 0..<3 and 2..<5, columns 0..<3, 2..<5 and 4..<7.
    #expect(parts[0, 0, 0, 0] == x[0, 2, 2, 0] && parts[0, 1, 2, 1] == x[0, 4, 6, 1])
    #expect(x.adaptiveAvgPool2d(outputSize: Size2D(height: 5, width: 7)) == x)
  }

  @Test("what is not a number is the maximum")
  func notANumber() {
    let x = Tensor([1, .nan, 3, 2], shape: [1, 2, 2, 1])
    #expect(x.maxPool2d(kernelSize: 2).scalars[0].isNaN)
  }

  @Test(
    "local response normalisation is that of plain loops",
    arguments: [(5, Float(0.75), Float(2)), (4, 0.6, 1), (1, 0.75, 1)])
  func localResponse(size: Int, beta: Float, k: Float) throws {
    let random = RandomStream(seed: 8)
    for channels in [1, 3, 8, 19, 64] {
      let x = Parameter(random.uniform([3, 2, channels], in: -9..<9))
      let above = random.split("above").uniform([3, 2, channels], in: -1..<1)
      let alpha: Float = 0.05
      func loops(_ x: [Double]) -> [Double] {
        x.indices.map { place in
          let (row, c) = (place / channels * channels, place % channels)
          let sum = (max(0, c - size / 2)...min(channels - 1, c + (size - 1) / 2)).reduce(0.0) {
            $0 + x[row + $1] * x[row + $1]
          }
          return x[place] * power(Double(k) + Double(alpha) / Double(size) * sum, -Double(beta))
        }
      }
      let values = x.value.scalars.map { Double($0) }
      let output = { x.tensor.localResponseNorm(size: size, alpha: alpha, beta: beta, k: k) }
      #expect(largestError(output().scalars, loops(values)) < 2e-6)
      let gradients = GradientTape.record { (output() * above).sum() }.gradients
      let slopes = values.indices.map { place in
        func loss(_ step: Double) -> Double {
          var moved = values
          moved[place] += step
          return zip(loops(moved), above.scalars).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
        return (loss(1e-5) - loss(-1e-5)) / 2e-5
      }
      #expect(largestError(try #require(gradients[x]).tensor.scalars, slopes) < 1e-5)
    }
  }

  private func power(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
}
