import ImageModels
import NeuralNetworks
import Tensors

/// `model.py` of a network for images: its operations one by one, with the weights by their names.
enum PyTorchImageCode {
  static func code(for model: ImageModel) throws(ExchangeError) -> String {
    let network = model.network
    let size = model.architecture.imageSize
    let image = Tensor(zeros: [1, size.height, size.width, model.preparation.channels])
    let trace = ImageTrace(network, image: image)
    var lines: [String] = []
    var values = [OperationTrace.Identity(image): "x"]
    for operation in trace.operations {
      let expression = try expression(operation, values, trace)
      // A value that nothing else needs gives its name away.
      let first = operation.operands[0]
      let name = trace.useCount(of: first) == 1 ? values[.init(first)] ?? "x" : "x\(lines.count)"
      values[.init(operation.result)] = name
      if expression != name { lines.append("        \(name) = \(expression)") }
    }
    guard let result = values[.init(trace.logits)] else {
      throw .inexpressible(format: "PyTorch", reason: "its result is no operation of its own")
    }
    lines.append("        return \(result)")
    return PyTorchCode.page(
      title: "\(model.architecture.rawValue), images [B, \(model.preparation.channels), H, W] to logits",
      body: """
        class Model(nn.Module):
            \"\"\"The weights under their names, and the operations in their order.\"\"\"

            def __init__(self, state):
                super().__init__()
                for name, value in state.items():
                    *path, leaf = name.split(".")
                    owner = self
                    for part in path:
                        if not hasattr(owner, part):
                            owner.add_module(part, nn.Module())
                        owner = getattr(owner, part)
                    if leaf.startswith("running_"):
                        owner.register_buffer(leaf, value)
                    else:
                        owner.register_parameter(leaf, nn.Parameter(value))

            def forward(self, x):
                w, s = self.get_parameter, self.get_buffer
        \(lines.joined(separator: "\n"))


        def load():
            return Model(weights()).eval()


        def run(model, example):
            return model(example["image"])
        """)
  }

  private static func expression(
    _ operation: OperationTrace.Operation, _ values: [OperationTrace.Identity: String], _ trace: ImageTrace
  ) throws(ExchangeError) -> String {
    let operands = operation.operands
    func value(_ index: Int) throws(ExchangeError) -> String {
      guard let name = values[.init(operands[index])] else {
        throw .inexpressible(format: "PyTorch", reason: "an operand of it is no operation of its own")
      }
      return name
    }
    func weight(_ index: Int) throws(ExchangeError) -> String {
      guard index < operands.count else { return "None" }
      guard let name = trace.names[.init(operands[index])] else {
        throw .inexpressible(format: "PyTorch", reason: "a weight of it has no name")
      }
      return name.contains(".running_") ? "s(\"\(name)\")" : "w(\"\(name)\")"
    }
    func pair(_ size: Size2D) -> String {
      size.height == size.width ? "\(size.height)" : "(\(size.height), \(size.width))"
    }
    let x = try value(0)
    switch operation.kind {
    case .add: return "\(x) + \(try value(1))"
    case .relu: return "F.relu(\(x))"
    case .linear: return "F.linear(\(x), \(try weight(1)), \(try weight(2)))"
    case .convolution(let stride, let padding, let dilation, let groups):
      let isEven = padding.top == padding.bottom && padding.left == padding.right
      let padded = isEven ? x : "F.pad(\(x), (\(padding.left), \(padding.right), \(padding.top), \(padding.bottom)))"
      let own = isEven ? pair(Size2D(height: padding.top, width: padding.left)) : "0"
      return
        "F.conv2d(\(padded), \(try weight(1)), \(try weight(2)), \(pair(stride)), \(own), \(pair(dilation)), \(groups))"
    case .batchNormalization(let epsilon):
      return
        "F.batch_norm(\(x), \(try weight(1)), \(try weight(2)), \(try weight(3)), \(try weight(4)), self.training, "
        + "eps=\(epsilon))"
    case .localResponseNormalization(let size, let alpha, let beta, let k):
      return "F.local_response_norm(\(x), \(size), \(alpha), \(beta), \(k))"
    case .maxPool(let kernelSize, let stride, let padding, let dilation, let ceilMode):
      return "F.max_pool2d(\(x), \(pair(kernelSize)), \(pair(stride)), \(pair(padding)), \(pair(dilation)), "
        + "\(ceilMode ? "True" : "False"))"
    case .averagePool(let kernelSize, let stride, let padding, let ceilMode, let countsPadding):
      return "F.avg_pool2d(\(x), \(pair(kernelSize)), \(pair(stride)), \(pair(padding)), "
        + "\(ceilMode ? "True" : "False"), \(countsPadding ? "True" : "False"))"
    case .adaptiveAveragePool(let size): return "F.adaptive_avg_pool2d(\(x), \(pair(size)))"
    case .concatenation(let axis):
      var parts: [String] = []
      for index in operands.indices { parts.append(try value(index)) }
      return "torch.cat([\(parts.joined(separator: ", "))], dim=\(operands[0].rank == 4 ? [0, 2, 3, 1][axis] : axis))"
    case .channelPadding(let before, let after): return "F.pad(\(x), (0, 0, 0, 0, \(before), \(after)))"
    case .channelsFirst: return x
    case .reshape: return "\(x).flatten(1)"
    }
  }
}
