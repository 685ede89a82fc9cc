import Tensors

extension OperatorLibrary {
  mutating func addNormalizations() {
    add("BatchNormalization", inputs: 5...5, outputs: 1...1) { (context) throws(OperatorFault) in
      let epsilon = try Self.batchNormalizationEpsilon(&context.attributes)
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        guard x.rank >= 2 else { throw .wrong("an operand of the shape \(x.shape), which has no channels") }
        let numbers = [try operands.tensor(1), try operands.tensor(2), try operands.tensor(3), try operands.tensor(4)]
        for (index, one) in numbers.enumerated() where one.shape != [x.shape[1]] {
          throw .wrong("input[\(index + 1)] has the shape \(one.shape), for \(x.shape[1]) channels")
        }
        let images = try x.channelsLast.lyingFloats("input[0]")
        let result = images.batchNorm(
          mean: numbers[2], variance: numbers[3], weight: numbers[0], bias: numbers[1], epsilon: epsilon)
        return [ONNXValue(.float32(result), shape: x.shape, isChannelsLast: x.rank >= 3)]
      }
    }
    add("InstanceNormalization", inputs: 3...3) { (context) throws(OperatorFault) in
      let epsilon = try context.attributes.float("epsilon", default: 1e-5)
      return { (operands) throws(OperatorFault) in
        let (x, weight, bias) = (try operands.tensor(0), try operands.tensor(1), try operands.tensor(2))
        guard x.rank >= 2 else { throw .wrong("an operand of the shape \(x.shape), which has no channels") }
        return [try Self.groupNormalization(x, groups: x.shape[1], weight, bias, epsilon)]
      }
    }
    add("GroupNormalization", inputs: 3...3, since: 18) { (context) throws(OperatorFault) in
      let epsilon = try context.attributes.float("epsilon", default: 1e-5)
      context.attributes.ignore("stash_type")
      guard let groups = try context.attributes.integer("num_groups") else {
        throw .wrong("attribute num_groups is missing")
      }
      let isPerGroup = context.opset < 21
      return { (operands) throws(OperatorFault) in
        let x = try operands.tensor(0)
        var (weight, bias) = (try operands.tensor(1), try operands.tensor(2))
        guard x.rank >= 2, groups > 0, x.shape[1] % groups == 0 else {
          throw .wrong("\(groups) groups of the shape \(x.shape)")
        }
        if isPerGroup {
          guard weight.shape == [groups], bias.shape == [groups] else {
            throw .wrong("weights of the shapes \(weight.shape) and \(bias.shape) for \(groups) groups")
          }
          let each = x.shape[1] / groups
          weight = Tensor(weight.scalars.flatMap { [Float](repeating: $0, count: each) })
          bias = Tensor(bias.scalars.flatMap { [Float](repeating: $0, count: each) })
        }
        return [try Self.groupNormalization(x, groups: groups, weight, bias, epsilon)]
      }
    }
    add("LayerNormalization", inputs: 2...3, outputs: 1...3, since: 17) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: -1)
      let epsilon = try context.attributes.float("epsilon", default: 1e-5)
      context.attributes.ignore("stash_type")
      return { (operands) throws(OperatorFault) in
        let x = try operands.tensor(0)
        let axis = try resolvedAxis(along, rank: x.rank)
        let part = Array(x.shape[axis...])
        let weight = try operands.value(1).broadcast(to: part).floats("input[1]")
        var bias: Tensor?
        if let given = operands.optional(2) { bias = try given.broadcast(to: part).floats("input[2]") }
        let result = ONNXValue(x.layerNorm(over: part, weight: weight, bias: bias, epsilon: epsilon))
        guard operands.outputCount > 1 else { return [result] }
        return [result] + Self.lineStatistics(x, axis: axis, epsilon: epsilon)
      }
    }
    add("RMSNormalization", inputs: 2...2, since: 23) { (context) throws(OperatorFault) in
      let along = try context.attributes.integer("axis", default: -1)
      let epsilon = try context.attributes.float("epsilon", default: 1e-5)
      context.attributes.ignore("stash_type")
      return { (operands) throws(OperatorFault) in
        let x = try operands.tensor(0)
        let part = Array(x.shape[try resolvedAxis(along, rank: x.rank)...])
        let weight = try operands.value(1).broadcast(to: part).floats("input[1]")
        return [ONNXValue(x.rmsNorm(over: part, weight: weight, epsilon: epsilon))]
      }
    }
    add("LRN", inputs: 1...1) { (context) throws(OperatorFault) in
      guard let size = try context.attributes.integer("size"), (1...4096).contains(size) else {
        throw .wrong("attribute size is missing or too large")
      }
      // The library's windows of an even number of channels lie one to the left of ONNX's.
      guard size % 2 == 1 else { throw .unsupported("attribute size with the even number \(size)") }
      let alpha = try context.attributes.float("alpha", default: 1e-4)
      let beta = try context.attributes.float("beta", default: 0.75)
      let bias = try context.attributes.float("bias", default: 1)
      return { (operands) throws(OperatorFault) in
        let x = try operands.value(0)
        guard x.rank >= 3 else { throw .wrong("an operand of the shape \(x.shape), which is no image") }
        let images = try x.channelsLast.lyingFloats("input[0]")
        return [ONNXValue(channelsLast: images.localResponseNorm(size: size, alpha: alpha, beta: beta, k: bias))]
      }
    }
  }

  /// The attributes of a batch normalisation by statistics that are known.
  static func batchNormalizationEpsilon(_ attributes: inout OperatorAttributes) throws(OperatorFault) -> Float {
    let epsilon = try attributes.float("epsilon", default: 1e-5)
    attributes.ignore("momentum")
    guard try attributes.flag("training_mode") == false else { throw .unsupported("attribute training_mode") }
    guard try attributes.flag("spatial", default: true) else {
      throw .unsupported("attribute spatial with the value 0")
    }
    return epsilon
  }

  private static func groupNormalization(
    _ x: Tensor, groups: Int, _ weight: Tensor, _ bias: Tensor, _ epsilon: Float
  ) throws(OperatorFault) -> ONNXValue {
    guard weight.shape == [x.shape[1]], bias.shape == [x.shape[1]] else {
      throw .wrong("weights of the shapes \(weight.shape) and \(bias.shape) for \(x.shape[1]) channels")
    }
    guard x.count > 0 else { return ONNXValue(x) }
    return ONNXValue(x.groupNorm(groups: groups, weight: weight, bias: bias, epsilon: epsilon))
  }

  /// The mean and 1 / standard deviation of each line from an axis on.
  private static func lineStatistics(_ x: Tensor, axis: Int, epsilon: Float) -> [ONNXValue] {
    let width = max(1, x.shape[axis...].reduce(1, *))
    let numbers = x.scalars
    var (means, scales): ([Float], [Float]) = ([], [])
    for start in stride(from: 0, to: numbers.count, by: width) {
      let line = numbers[start..<start + width]
      let mean = line.reduce(into: 0.0) { $0 += Double($1) } / Double(width)
      let variance = line.reduce(into: 0.0) { $0 += (Double($1) - mean) * (Double($1) - mean) } / Double(width)
      means.append(Float(mean))
      scales.append(Float(1 / (variance + Double(epsilon)).squareRoot()))
    }
    let shape = x.shape[..<axis] + x.shape[axis...].map { _ in 1 }
    guard means.count == shape.reduce(1, *) else { return [] }
    return [ONNXValue(Tensor(means, shape: Array(shape))), ONNXValue(Tensor(scales, shape: Array(shape)))]
  }
}
