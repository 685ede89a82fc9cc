import Tensors

/// How an axis is read at places between its elements.
private struct ResizedAxis {
  let axis: Int
  let extent: Int
  let result: Int
  /// For each element of the result, elements of the operand and their shares.
  let taps: [[(place: Int, share: Float)]]
}

/// The attributes of a change of size.
private struct ResizeForm: Sendable {
  let mode: String
  let coordinates: String
  let rounding: String
  let cubic: Double
  let excludesOutside: Bool
  let axes: [Int]?
  let policy: String

  init(_ context: inout OperatorContext, isUpsample: Bool) throws(OperatorFault) {
    mode = try context.attributes.word("mode", default: "nearest", of: ["nearest", "linear", "cubic"])
    if context.opset < 11 || isUpsample {
      (coordinates, rounding, cubic, excludesOutside) = ("asymmetric", "floor", -0.75, false)
      (axes, policy) = (nil, "stretch")
      return
    }
    coordinates = try context.attributes.word(
      "coordinate_transformation_mode", default: "half_pixel",
      of: ["half_pixel", "half_pixel_symmetric", "asymmetric", "align_corners", "pytorch_half_pixel"])
    rounding = try context.attributes.word(
      "nearest_mode", default: "round_prefer_floor", of: ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    cubic = Double(try context.attributes.float("cubic_coeff_a", default: -0.75))
    excludesOutside = try context.attributes.flag("exclude_outside")
    axes = try context.attributes.integers("axes")
    policy = try context.attributes.word(
      "keep_aspect_ratio_policy", default: "stretch", of: ["stretch", "not_larger", "not_smaller"])
    if try context.attributes.flag("antialias") { throw .unsupported("attribute antialias") }
    context.attributes.ignore("extrapolation_value")
  }

  private func place(_ index: Int, extent: Int, result: Int, scale: Double) -> Double {
    let x = Double(index)
    switch coordinates {
    case "asymmetric": return x / scale
    case "align_corners": return result > 1 ? x * Double(extent - 1) / Double(result - 1) : 0
    case "pytorch_half_pixel": return result > 1 ? (x + 0.5) / scale - 0.5 : 0
    case "half_pixel_symmetric":
      let adjustment = Double(result) / (scale * Double(extent))
      return Double(extent) / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
    default: return (x + 0.5) / scale - 0.5
    }
  }

  private func nearest(_ x: Double) -> Int {
    switch rounding {
    case "floor": Int(x.rounded(.down))
    case "ceil": Int(x.rounded(.up))
    case "round_prefer_ceil": Int((x + 0.5).rounded(.down))
    default: Int((x - 0.5).rounded(.up))
    }
  }

  func axis(_ axis: Int, extent: Int, result: Int, scale: Double) -> ResizedAxis {
    func inside(_ place: Int) -> Int { max(0, min(extent - 1, place)) }
    let taps = (0..<result).map { index -> [(place: Int, share: Float)] in
      let exact = place(index, extent: extent, result: result, scale: scale)
      let x = exact.isFinite ? max(-1e9, min(1e9, exact)) : 0
      switch mode {
      case "nearest": return [(inside(nearest(x)), 1)]
      case "linear":
        let first = Int(x.rounded(.down))
        let share = Float(x - Double(first))
        return [(inside(first), 1 - share), (inside(first + 1), share)]
      default:
        let first = Int(x.rounded(.down))
        let t = x - Double(first)
        let shares = [far(1 + t), near(t), near(1 - t), far(2 - t)]
        var taps = (0..<4).map { (place: first - 1 + $0, share: shares[$0]) }
        if excludesOutside {
          taps = taps.map { ($0.place, (0..<extent).contains($0.place) ? $0.share : 0) }
          let sum = taps.reduce(0) { $0 + $1.share }
          taps = taps.map { ($0.place, $0.share / sum) }
        }
        return taps.map { (inside($0.place), Float($0.share)) }
      }
    }
    return ResizedAxis(axis: axis, extent: extent, result: result, taps: taps)
  }

  private func near(_ t: Double) -> Double { ((cubic + 2) * t - (cubic + 3)) * t * t + 1 }
  private func far(_ t: Double) -> Double { ((cubic * t - 5 * cubic) * t + 8 * cubic) * t - 4 * cubic }

  func run(_ x: ONNXValue, scales: [Double]?, sizes: [Int]?) throws(OperatorFault) -> ONNXValue {
    let along = try resolvedAxes(axes ?? Array(0..<x.rank), rank: x.rank)
    var (shape, factors) = (x.shape, [Double](repeating: 1, count: x.rank))
    if let sizes, !sizes.isEmpty {
      guard sizes.count == along.count, along.allSatisfy({ x.shape[$0] > 0 }) else {
        throw .wrong("\(sizes.count) sizes for the shape \(x.shape)")
      }
      var wanted = sizes
      if policy != "stretch" {
        let ratios = along.indices.map { Double(sizes[$0]) / Double(x.shape[along[$0]]) }
        let ratio = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
        wanted = along.map { saturated((ratio * Double(x.shape[$0])).rounded(.toNearestOrAwayFromZero)) }
        for axis in along { factors[axis] = ratio }
      }
      for (place, axis) in along.enumerated() {
        shape[axis] = wanted[place]
        if policy == "stretch" { factors[axis] = Double(wanted[place]) / Double(x.shape[axis]) }
      }
    } else if let scales {
      guard scales.count == along.count, scales.allSatisfy({ $0 > 0 && $0 < 1e9 }) else {
        throw .wrong("scales \(scales.prefix(8)) for the shape \(x.shape)")
      }
      for (place, axis) in along.enumerated() {
        factors[axis] = scales[place]
        let extent = (Double(x.shape[axis]) * scales[place]).rounded(.down)
        guard extent < 0x1p40 else { throw .wrong("scales \(scales) for the shape \(x.shape)") }
        shape[axis] = Int(extent)
      }
    } else {
      throw .wrong("neither scales nor sizes are given")
    }
    guard try ValueLimit.count(shape, size: 8) > 0, x.count > 0 else {
      throw .wrong("a size of \(shape) of \(x.shape)")
    }
    var value = x
    for axis in along where shape[axis] != x.shape[axis] || factors[axis] != 1 {
      // An element takes some elements before with their shares.
      _ = try ValueLimit.count([shape[axis]], size: 128)
      let resized = self.axis(axis, extent: x.shape[axis], result: shape[axis], scale: factors[axis])
      value =
        mode == "nearest"
        ? try value.gathered(resized.taps.map { $0[0].place }, along: axis) : try value.blended(resized)
    }
    return value
  }
}

extension ONNXValue {
  /// Sums of slices of one axis.
  fileprivate func blended(_ resized: ResizedAxis) throws(OperatorFault) -> ONNXValue {
    guard type == .float32 else {
      return try converted(to: .float32).blended(resized).converted(to: type)
    }
    let (place, lying) = (lyingAxis(resized.axis), lyingShape)
    var (result, lyingResult) = (shape, lying)
    result[resized.axis] = resized.result
    lyingResult[place] = resized.result
    let inner = lying[(place + 1)...].reduce(1, *)
    let outer = lying[..<place].reduce(1, *)
    let blended = try elements.withElements(of: Float.self) { (from) throws(OperatorFault) in
      try ONNXElements.make(Float.self, shape: lyingResult) { to in
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        parallelFor(outer * resized.result) { row in
          let target = to + row * inner
          for tap in resized.taps[row % resized.result] where tap.share != 0 {
            let source = from + (row / resized.result * resized.extent + tap.place) * inner
            for i in 0..<inner { target[i] += tap.share * source[i] }
          }
        }
      }
    }
    return ONNXValue(blended, shape: result, isChannelsLast: isChannelsLast)
  }
}

extension OperatorLibrary {
  mutating func addResizing() {
    add("Resize", inputs: 1...4, since: 10) { (context) throws(OperatorFault) in
      let form = try ResizeForm(&context, isUpsample: false)
      let isEarly = context.opset < 11
      return { (operands) throws(OperatorFault) in
        let scales = operands.optional(isEarly ? 1 : 2).flatMap { $0.count > 0 ? $0.doubles : nil }
        let sizes = isEarly ? nil : try operands.optionalIntegers(3)
        return [try form.run(try operands.value(0), scales: scales, sizes: sizes)]
      }
    }
    add("Upsample", inputs: 1...2) { (context) throws(OperatorFault) in
      let given = context.opset < 9 ? try context.attributes.floats("scales") : nil
      let form = try ResizeForm(&context, isUpsample: true)
      return { (operands) throws(OperatorFault) in
        if let given { return [try form.run(try operands.value(0), scales: given.map { Double($0) }, sizes: nil)] }
        let scales = try operands.value(1).doubles
        return [try form.run(try operands.value(0), scales: scales, sizes: nil)]
      }
    }
  }
}
