import Tensors

extension OperatorLibrary {
  mutating func addPooling() {
    add("MaxPool", inputs: 1...1, outputs: 1...2) { (context) throws(OperatorFault) in
      let windows = try WindowAttributes(&context.attributes, hasCeilMode: true)
      let isColumnMajor = try context.attributes.flag("storage_order")
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let axes = try Self.axes(windows, x)
        if operands.outputCount < 2, x.type == .float32,
          let pooled = try Self.pooled(
            x, axes, windows, outside: -.infinity,
            { x, size in
              x.maxPool2d(
                kernelSize: size(\.kernel, 1), stride: size(\.stride, 1), padding: size(\.before, 0),
                dilation: size(\.dilation, 1), ceilMode: windows.ceilMode)
            })
        {
          return [pooled]
        }
        return try GeneralPooling(x, axes).maximum(wantsIndices: operands.outputCount > 1, isColumnMajor: isColumnMajor)
      }
    }
    add("AveragePool", inputs: 1...1) { (context) throws(OperatorFault) in
      let windows = try WindowAttributes(&context.attributes, hasCeilMode: true)
      let countsPadding = try context.attributes.flag("count_include_pad")
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        let axes = try Self.axes(windows, x)
        if x.type == .float32, axes.allSatisfy({ $0.dilation == 1 }),
          let pooled = try Self.pooled(
            x, axes, windows, outside: countsPadding ? 0 : nil,
            { x, size in
              x.avgPool2d(
                kernelSize: size(\.kernel, 1), stride: size(\.stride, 1), padding: size(\.before, 0),
                ceilMode: windows.ceilMode, countsPadding: countsPadding)
            })
        {
          return [pooled]
        }
        return [try GeneralPooling(x, axes).average(countsPadding: countsPadding)]
      }
    }
    add("LpPool", inputs: 1...1) { (context) throws(OperatorFault) in
      let windows = try WindowAttributes(&context.attributes, hasCeilMode: true)
      let p = Double(try context.attributes.integer("p", default: 2))
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        return [try GeneralPooling(x, try Self.axes(windows, x)).norm(p)]
      }
    }
    add("GlobalAveragePool", inputs: 1...1) { (operands) throws(OperatorFault) in
      let x = try operands.value(0)
      if x.rank == 3 || x.rank == 4, x.type == .float32, x.count > 0 {
        return [ONNXValue(images: try x.imageTensor("input[0]").adaptiveAvgPool2d(outputSize: 1), rank: x.rank)]
      }
      return [try GeneralPooling(x, try Self.whole(x)).average(countsPadding: false)]
    }
    add("GlobalMaxPool", inputs: 1...1) { (operands) throws(OperatorFault) in
      let x = try operands.value(0)
      if x.rank == 3 || x.rank == 4, x.type == .float32, x.count > 0 {
        return [ONNXValue(images: try x.imageTensor("input[0]").adaptiveMaxPool2d(outputSize: 1), rank: x.rank)]
      }
      return try GeneralPooling(x, try Self.whole(x)).maximum(wantsIndices: false, isColumnMajor: false)
    }
  }

  /// One window over everything.
  private static func whole(_ x: ONNXValue) throws(OperatorFault) -> [WindowAxis] {
    guard x.rank >= 3, x.count > 0, x.shape.dropFirst(2).reduce(1, *) <= 1 << 28 else {
      throw .wrong("an operand of the shape \(x.shape)")
    }
    return x.shape.dropFirst(2).map {
      WindowAxis(extent: $0, kernel: $0, stride: 1, dilation: 1, before: 0, behind: 0, count: 1)
    }
  }

  private static func axes(_ windows: WindowAttributes, _ x: ONNXValue) throws(OperatorFault) -> [WindowAxis] {
    guard x.rank >= 3 else { throw .wrong("an operand of the shape \(x.shape)") }
    guard let kernel = windows.kernel else { throw .wrong("attribute kernel_shape is missing") }
    let axes = try windows.windows(on: Array(x.shape.dropFirst(2)), kernel: kernel)
    _ = try ValueLimit.count(Array(x.shape[..<2]) + axes.map(\.count), size: 8)
    return axes
  }

  /// The library's pooling, where it has a form for the windows.
  ///
  /// - Parameter outside: what may be written around images whose sides have different padding.
  private static func pooled(
    _ x: ONNXValue, _ axes: [WindowAxis], _ windows: WindowAttributes, outside: Float?,
    _ pool: (Tensor, _ size: ((WindowAxis) -> Int, Int) -> Size2D) -> Tensor
  ) throws(OperatorFault) -> ONNXValue? {
    guard axes.count <= 2, x.count > 0, axes.allSatisfy({ $0.count > 0 }),
      !windows.ceilMode || windows.padding == .given
    else { return nil }
    let hasForm = axes.allSatisfy {
      $0.before == $0.behind && 2 * $0.before <= $0.kernel && ($0.dilation == 1 || $0.before == 0)
    }
    if hasForm {
      return ONNXValue(images: pool(try x.imageTensor("input[0]")) { Size2D(axes, $0, else: $1) }, rank: x.rank)
    }
    guard let outside, !windows.ceilMode else { return nil }
    let around = try x.padded(
      [0, 0] + axes.map(\.before), [0, 0] + axes.map(\.behind), mode: "constant",
      filler: ONNXValue(Tensor([outside], shape: [])))
    let inside = axes.map { axis in
      WindowAxis(
        extent: axis.extent + axis.before + axis.behind, kernel: axis.kernel, stride: axis.stride,
        dilation: axis.dilation, before: 0, behind: 0, count: axis.count)
    }
    return ONNXValue(images: pool(try around.imageTensor("input[0]")) { Size2D(inside, $0, else: $1) }, rank: x.rank)
  }
}

/// Pooling by the definition, for any number of dimensions and any padding.
private struct GeneralPooling {
  private let x: ONNXValue
  private let axes: [WindowAxis]
  private let elements: WindowElements
  private let shape: [Int]
  private let places: Int
  private let pixels: Int

  init(_ x: ONNXValue, _ axes: [WindowAxis]) throws(OperatorFault) {
    (self.x, self.axes, elements) = (x.plain, axes, WindowElements(axes))
    guard x.type != .string, x.type != .bool else { throw .wrong("elements of the type \(x.type) are no numbers") }
    shape = Array(x.shape[..<2]) + axes.map(\.count)
    places = axes.reduce(1) { $0 * $1.count }
    pixels = axes.reduce(1) { $0 * $1.extent }
  }

  private func reduced(_ function: (_ plane: Int, _ place: Int) -> Double) throws(OperatorFault) -> ONNXValue {
    let result = try ONNXValue.make(Double.self, shape: shape, isSetWholly: true) { to in
      nonisolated(unsafe) let to = to
      parallelFor(x.shape[0] * x.shape[1]) { plane in
        for place in 0..<places { to[plane * places + place] = function(plane, place) }
      }
    }
    return try result.converted(to: x.type)
  }

  func maximum(wantsIndices: Bool, isColumnMajor: Bool) throws(OperatorFault) -> [ONNXValue] {
    let numbers = x.doubles
    func best(_ plane: Int, _ place: Int) -> (value: Double, pixel: Int) {
      var best = (value: -Double.infinity, pixel: -1)
      elements.forEach(of: place) { _, pixel in
        let number = numbers[plane * pixels + pixel]
        if best.pixel < 0 || number > best.value { best = (number, pixel) }
      }
      return best
    }
    let values = try reduced { best($0, $1).value }
    guard wantsIndices else { return [values] }
    let indices = try ONNXValue.make(Int64.self, shape: shape, isSetWholly: true) { to in
      for plane in 0..<x.shape[0] * x.shape[1] {
        for place in 0..<places {
          var pixel = max(0, best(plane, place).pixel)
          if isColumnMajor {
            // The first dimension of the image moves fastest.
            var (rest, stride, turned) = (pixel, 1, 0)
            var coordinates: [Int] = []
            for axis in axes.reversed() {
              coordinates.append(rest % axis.extent)
              rest /= axis.extent
            }
            for (axis, coordinate) in zip(axes, coordinates.reversed()) {
              turned += coordinate * stride
              stride *= axis.extent
            }
            pixel = turned
          }
          to[plane * places + place] = Int64(plane * pixels + pixel)
        }
      }
    }
    return [values, indices]
  }

  func average(countsPadding: Bool) throws(OperatorFault) -> ONNXValue {
    let numbers = x.doubles
    return try reduced { plane, place in
      var (sum, count) = (0.0, 0)
      elements.forEach(of: place) { _, pixel in
        sum += numbers[plane * pixels + pixel]
        count += 1
      }
      return sum / Double(countsPadding ? elements.paddedCount(of: place) : count)
    }
  }

  func norm(_ p: Double) throws(OperatorFault) -> ONNXValue {
    let numbers = x.doubles
    return try reduced { plane, place in
      var sum = 0.0
      elements.forEach(of: place) { _, pixel in sum += power(abs(numbers[plane * pixels + pixel]), p) }
      return power(sum, 1 / p)
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

private func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
