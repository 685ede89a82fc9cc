import NeuralNetworks
import Tensors
import Testing

/// Operations on images against PyTorch over a grid of shapes: forward and all gradients.
@Suite("Operations on images equal PyTorch's")
struct ImageOperationTests {
  @Test("convolutions", arguments: ["pointwise", "three", "large", "strided", "groups", "padding"])
  func convolutions(kind: String) throws {
    for item in try ImageFixture("convolutions-\(kind)").cases {
      let (stride, dilation) = (try item.size("stride"), try item.size("dilation"))
      let (sides, groups) = (try item.numbers("padding"), try item.numbers("groups")[0])
      let padding = Padding2D(top: sides[0], bottom: sides[1], left: sides[2], right: sides[3])
      try item.expectParity {
        try #require($0["input"]).conv2d(
          weight: try #require($0["weight"]), bias: $0["bias"], stride: stride, padding: padding, dilation: dilation,
          groups: groups)
      }
      // Packed once, as for inference, with what follows it.
      let prepared = PreparedConvolution(
        weight: try item["weight"], bias: item.tensors["bias"], stride: stride, padding: padding, dilation: dilation,
        groups: groups)
      let (input, output) = (try item["input"], try item["output"])
      expectEqual(prepared(input), output, "\(item.name): prepared")
      expectEqual(
        prepared(input, adding: output, clipsNegative: true), (output + output).relu(), "\(item.name): finished")
    }
  }

  @Test("transposed convolutions")
  func transposedConvolutions() throws {
    for item in try ImageFixture("convolutions-transposed").cases {
      let (stride, dilation) = (try item.size("stride"), try item.size("dilation"))
      let (padding, outputPadding) = (try item.size("padding"), try item.size("output_padding"))
      let groups = try item.numbers("groups")[0]
      try item.expectParity {
        try #require($0["input"]).convTranspose2d(
          weight: try #require($0["weight"]), bias: $0["bias"], stride: stride,
          padding: Padding2D(height: padding.height, width: padding.width), outputPadding: outputPadding,
          dilation: dilation, groups: groups)
      }
    }
  }

  @Test("pooling of the maximum")
  func maxPooling() throws {
    for item in try ImageFixture("pooling-max").cases {
      let (kernelSize, stride) = (try item.size("kernel"), try item.size("stride"))
      let (padding, dilation) = (try item.size("padding"), try item.size("dilation"))
      try item.expectParity {
        try #require($0["input"]).maxPool2d(
          kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
          ceilMode: item.isTrue("ceil_mode"))
      }
    }
  }

  @Test("pooling of the mean")
  func averagePooling() throws {
    for item in try ImageFixture("pooling-average").cases {
      let (kernelSize, stride, padding) = (try item.size("kernel"), try item.size("stride"), try item.size("padding"))
      try item.expectParity {
        try #require($0["input"]).avgPool2d(
          kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: item.isTrue("ceil_mode"),
          countsPadding: item.isTrue("count_include_pad"))
      }
    }
  }

  @Test("adaptive and global pooling")
  func adaptivePooling() throws {
    for item in try ImageFixture("pooling-adaptive").cases {
      let isGlobal = item.name.hasPrefix("global")
      let size = isGlobal ? 1 : try item.size("output_size")
      let shape = try item["output"].shape
      try item.expectParity {
        let input = try #require($0["input"])
        let pooled =
          item.name.contains("maximum")
          ? input.adaptiveMaxPool2d(outputSize: size) : input.adaptiveAvgPool2d(outputSize: size)
        return isGlobal ? pooled.reshaped(shape) : pooled
      }
    }
  }

  @Test("local response normalisation")
  func localResponseNorm() throws {
    for item in try ImageFixture("response-norm").cases {
      let (alpha, beta, k) = (try item.number("alpha"), try item.number("beta"), try item.number("k"))
      let size = try item.numbers("size")[0]
      try item.expectParity { try #require($0["input"]).localResponseNorm(size: size, alpha: alpha, beta: beta, k: k) }
    }
  }

  @Test(
    "batch normalisation, alone, with ReLU and with a shortcut",
    arguments: ["batch-norm", "batch-norm-wide"], ["training", "evaluation"])
  func batchNorm(name: String, mode: String) throws {
    let fixture = try ImageFixture(name)
    let file = fixture.file
    let epsilon = try #require(file.metadata["eps"].flatMap(Float.init))
    for item in fixture.cases where item.name.hasPrefix(mode) {
      let form = item.name.dropFirst(mode.count + 1)
      let layer = BatchNorm2d(channels: try file["weight"].count, epsilon: epsilon)
      let statistics = ["running_mean": try file["running_mean"], "running_var": try file["running_var"]]
      try layer.load(statistics.merging(["weight": try file["weight"], "bias": try file["bias"]]) { $1 })
      let isTraining = mode == "training"
      var given = ["input": try file["input"]]
      if form == "residual" { given["residual"] = try file["residual"] }
      var output = Tensor([0])
      let parameters = given.mapValues { Parameter($0) }
      let above = try file["output_gradient"]
      let gradients = GradientTape.record(random: isTraining ? RandomStream(seed: 1) : nil) {
        output = layer(
          parameters["input"]?.tensor ?? Tensor([0]), adding: parameters["residual"]?.tensor,
          clipsNegative: form != "plain")
        return (output * above).sum()
      }.gradients
      expectEqual(output.detached, try item["output"], "\(item.name): output")
      for (key, parameter) in Array(parameters) + layer.namedParameters.map({ ($0.name, $0.parameter) }) {
        let gradient = try #require(gradients[parameter], "\(item.name): no gradient of \(key)").tensor
        expectEqual(gradient, try item["grad.\(key)"], "\(item.name): \(key)", isGradient: true)
      }
      for (key, before) in statistics {
        let now = try #require(layer.stateDictionary[key])
        expectEqual(now, isTraining ? try file["after.\(key)"] : before, "\(item.name): \(key)")
      }
      if !isTraining, let weight = layer.weight {
        // Folded into the convolution before it, here one that changes nothing.
        let channels = weight.shape[0]
        let same = Conv2d(inputChannels: channels, outputChannels: channels, kernelSize: 1, hasBias: false, random: nil)
        let identity = (0..<channels * channels).map { Float($0 / channels == $0 % channels ? 1 : 0) }
        same.weight.value = Tensor(identity).reshaped([channels, channels, 1, 1])
        let folded = same(
          try file["input"], normalizedBy: layer, adding: given["residual"], clipsNegative: form != "plain")
        expectEqual(folded, try item["output"], "\(item.name): folded")
      }
    }
  }
}
