@testable import Tensors

/// A convolution by plain loops in double precision, and its gradients.
struct ConvolutionReference {
  let shape: ConvolutionShape

  /// Calls `body` for each product that is summed: places in the input, the weight and the output.
  private func forEachProduct(_ body: (_ x: Int, _ w: Int, _ y: Int) -> Void) {
    let (image, output, kernel) = (shape.image, shape.output, shape.kernel)
    for b in 0..<shape.batch {
      for oy in 0..<output.height {
        for ox in 0..<output.width {
          for f in 0..<shape.filters {
            let group = f / shape.groupFilters
            for i in 0..<kernel.height {
              let y = oy * shape.stride.height - shape.padding.top + i * shape.dilation.height
              guard 0..<image.height ~= y else { continue }
              for j in 0..<kernel.width {
                let x = ox * shape.stride.width - shape.padding.left + j * shape.dilation.width
                guard 0..<image.width ~= x else { continue }
                for c in 0..<shape.groupChannels {
                  body(
                    ((b * image.height + y) * image.width + x) * shape.channels + group * shape.groupChannels + c,
                    ((f * shape.groupChannels + c) * kernel.height + i) * kernel.width + j,
                    ((b * output.height + oy) * output.width + ox) * shape.filters + f)
                }
              }
            }
          }
        }
      }
    }
  }

  func output(_ x: [Float], _ w: [Float], _ bias: [Float]) -> [Double] {
    var result = (0..<shape.windowCount).flatMap { _ in bias.map { Double($0) } }
    forEachProduct { result[$2] += Double(x[$0]) * Double(w[$1]) }
    return result
  }

  func gradients(_ x: [Float], _ w: [Float], _ g: [Float]) -> (x: [Double], w: [Double]) {
    var (dx, dw) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: w.count))
    forEachProduct {
      dx[$0] += Double(w[$1]) * Double(g[$2])
      dw[$1] += Double(x[$0]) * Double(g[$2])
    }
    return (dx, dw)
  }
}

/// The largest difference of two rows of numbers, beside the root mean square of the exact ones.
func largestError(_ numbers: [Float], _ exact: [Double]) -> Double {
  let size = (exact.reduce(0) { $0 + $1 * $1 } / Double(max(exact.count, 1))).squareRoot()
  let error = zip(numbers, exact).map { abs(Double($0) - $1) }.max() ?? 0
  return numbers.count == exact.count ? error / max(size, 1e-30) : .infinity
}
