import NeuralNetworks
import Tensors
import Testing

/// Every operation's gradient against differences of its output, by one check.
@Suite("Gradients equal differences", .serialized)
struct GradientCheckTests {
  /// A function of some parameters.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let parameters: [Parameter]
    let output: @Sendable () -> Tensor

    init(_ name: String, _ parameters: [Parameter], _ output: @escaping @Sendable () -> Tensor) {
      (testDescription, self.parameters, self.output) = (name, parameters, output)
    }
  }

  private static func parameter(_ shape: [Int], _ seed: UInt64) -> Parameter {
    Parameter(RandomStream(seed: seed).uniform(shape, in: -1..<1))
  }

  static let cases: [Case] = {
    let (a, b) = (parameter([4, 6], 1), parameter([4, 6], 2))
    let (matrix, vector) = (parameter([5, 6], 3), parameter([5], 4))
    let layout = SequenceLayout(lengths: [3, 1, 5])
    let steps = parameter([layout.rowCount, 6], 5)
    let random = RandomStream(seed: 6)
    let lstm = LSTM(inputSize: 6, hiddenSize: 9, layerCount: 2, isBidirectional: true, random: random)
    let embedding = Embedding(vocabularySize: 7, embeddingSize: 4, paddingIndex: 2, random: random)
    let linear = Linear(inputSize: 6, outputSize: 3, random: random)
    let conv1d = Conv1d(
      inputChannels: 4, outputChannels: 6, kernelSize: 3, stride: 2, padding: 2, groups: 2, random: random)
    let conv2d = Conv2d(
      inputChannels: 3, outputChannels: 5, kernelSize: Size2D(height: 2, width: 3), padding: 1,
      dilation: Size2D(height: 2, width: 1), random: random)
    let (sequences, images) = (parameter([2, 11, 4], 7), parameter([2, 6, 5, 3], 8))
    let pooled = ConvolutionMaxOverTime(inputSize: 6, filterCount: 4, width: 2, random: random)
    let words = parameter([12, 6], 9)
    let (overTime, attention) = (
      ConvolutionOverTime(inputSize: 6, filterCount: 5, width: 3, padding: 1, random: random),
      AttentionPooling(inputSize: 6, random: random)
    )
    let three = SequenceRows(counts: [5, 2, 5])
    return [
      Case("+", [a, b]) { a.tensor + b.tensor },
      Case("-", [a, b]) { a.tensor - b.tensor },
      Case("*", [a, b]) { a.tensor * b.tensor },
      Case("* number", [a]) { a.tensor * 3 },
      Case("relu", [a]) { a.tensor.relu() },
      Case("sigmoid", [a]) { a.tensor.sigmoid() },
      Case("tanh", [a]) { a.tensor.tanh() },
      Case("exp", [a]) { a.tensor.exp() },
      Case("dropout", [a]) { a.tensor.dropout(0.4) },
      Case("softmax", [a]) { a.tensor.softmax() },
      Case("softmax with cross-entropy", [a]) { a.tensor.softmaxCrossEntropy(targets: [0, 5, 2, 2]) },
      Case("softmax of columns", [sequences]) { sequences.tensor.softmax(dimension: 1) },
      Case("log softmax", [a]) { a.tensor.logSoftmax() },
      Case("log softmax of columns", [a]) { a.tensor.logSoftmax(dimension: 0) },
      Case("sum", [a]) { a.tensor.sum() },
      Case("mean", [a]) { a.tensor.mean() },
      Case("concatenated", [a, b]) { Tensor.concatenated([a.tensor, b.tensor, a.tensor], axis: 1) },
      Case("reshaped, transposed", [a]) { a.tensor.reshaped([8, 3]).transposed() },
      Case("linear", [a, matrix, vector]) { a.tensor.linear(weight: matrix.tensor, bias: vector.tensor) },
      Case("linear with cross-entropy", [a, matrix, vector]) {
        a.tensor.linearCrossEntropy(weight: matrix.tensor, bias: vector.tensor, targets: [0, 4, 2, 2])
      },
      Case("matmul", [a, matrix]) { a.tensor.matmul(matrix.tensor.transposed()) },
      Case("gatherRows", [a]) { a.tensor.gatherRows([3, 0, 3, -1, 2]) },
      Case("lastStates", [steps]) { steps.tensor.lastStates(layout: layout, directions: 2) },
      Case("meanOverTime", [steps]) { steps.tensor.meanOverTime(layout: layout) },
      Case("maxOverTime", [steps]) { steps.tensor.maxOverTime(layout: layout) },
      Case("Linear", linear.parameters + [a]) { linear(a.tensor) },
      Case("Embedding", embedding.parameters) { embedding([1, 2, 6, 1]) },
      Case("LSTM", lstm.parameters + [steps]) { lstm(steps.tensor, layout: layout) },
      Case("Conv1d", conv1d.parameters + [sequences]) { conv1d(sequences.tensor) },
      Case("Conv2d", conv2d.parameters + [images]) { conv2d(images.tensor) },
      Case("split", [steps]) {
        let parts = steps.tensor.split(rows: [2, 0, 4, 3])
        return Tensor.concatenated([parts[3], parts[0]], axis: 0)
      },
      Case("lockedDropout", [steps]) { steps.tensor.lockedDropout(0.4, layout: layout) },
      Case("AttentionPooling", attention.parameters + [steps]) { attention(steps.tensor, layout: layout).pooled },
      Case("ConvolutionOverTime", overTime.parameters + [words]) { overTime(words.tensor, rows: three) },
      Case("maxPooledOverTime", [words]) { words.tensor.maxPooledOverTime(rows: three, size: 3, stride: 2).values },
      Case("ConvolutionMaxOverTime", pooled.parameters + [words]) {
        pooled(words.tensor, rows: three)
      },
      Case("ConvolutionMaxOverTime of rows that repeat", pooled.parameters + [a]) {
        pooled(IndexedRows(rows: a.tensor, indices: [3, 0, 3, 2, 1, 0, 0, 1, 2, 3, 0, 1]), rows: three)
      },
    ] + losses(a, parameter([4, 6], 10).value) + activations(a, sequences) + normalizations(a, sequences, images)
  }()

  private static func normalizations(_ a: Parameter, _ sequences: Parameter, _ images: Parameter) -> [Case] {
    let (vectors, steps, pixels) = (BatchNorm1d(channels: 6), BatchNorm1d(channels: 4), BatchNorm2d(channels: 3))
    let (layer, root) = (LayerNorm([11, 4]), RMSNorm([6]))
    let (group, features) = (GroupNorm(groups: 2, channels: 4), GroupNorm(groups: 2, channels: 6))
    let (instances, frames) = (InstanceNorm1d(channels: 4), InstanceNorm2d(channels: 3, isAffine: true))
    let weight = WeightNormalization(RandomStream(seed: 12).uniform([5, 6], in: -1..<1))
    for module: any Module in [vectors, steps, pixels, layer, root, group, features, frames] {
      for (index, parameter) in module.parameters.enumerated() {
        parameter.value = RandomStream(seed: 13).split(index).uniform(parameter.shape, in: 0.5..<1.5)
      }
    }
    return [
      Case("BatchNorm1d of vectors", vectors.parameters + [a]) { vectors(a.tensor) },
      Case("BatchNorm1d of sequences", steps.parameters + [sequences]) { steps(sequences.tensor) },
      Case("BatchNorm2d", pixels.parameters + [images]) { pixels(images.tensor) },
      Case("LayerNorm", layer.parameters + [sequences]) { layer(sequences.tensor) },
      Case("RMSNorm", root.parameters + [a]) { root(a.tensor) },
      Case("GroupNorm", group.parameters + [sequences]) { group(sequences.tensor) },
      Case("GroupNorm of vectors", features.parameters + [a]) { features(a.tensor) },
      Case("InstanceNorm1d", [sequences]) { instances(sequences.tensor) },
      Case("InstanceNorm2d", frames.parameters + [images]) { frames(images.tensor) },
      Case("WeightNormalization", weight.parameters + [a]) { a.tensor.linear(weight: weight.tensor) },
    ]
  }

  private static func activations(_ a: Parameter, _ sequences: Parameter) -> [Case] {
    let (one, many) = (PReLU(), PReLU(channels: 4))
    return Activation.allCases.map { activation in
      // Wide enough to meet every piece of the hard functions.
      Case(activation.rawValue, [a]) { activation(a.tensor * 5) }
    } + [
      Case("maxout", [a]) { a.tensor.maxout(pieces: 3) },
      Case("PReLU", [one.weight, a]) { one(a.tensor) },
      Case("PReLU by channel", [many.weight, sequences]) { many(sequences.tensor) },
    ]
  }

  private static func losses(_ a: Parameter, _ numbers: Tensor) -> [Case] {
    let targets: [Int32] = [0, 5, 2, -1]
    let weights: [Float] = [1, 0.5, 2, 1, 0.1, 3]
    let signs = Tensor(numbers.scalars.map { $0 > 0 ? 1 : -1 }, shape: numbers.shape)
    let labels = Tensor(numbers.scalars.map { $0 > 0 ? 1 : 0 }, shape: numbers.shape)
    return [
      Case("cross-entropy with everything", [a]) {
        a.tensor.softmaxCrossEntropy(
          targets: targets, classWeights: weights, labelSmoothing: 0.3, ignoredTarget: -1)
      },
      Case("negative log-likelihood", [a]) {
        a.tensor.logSoftmax().negativeLogLikelihood(targets: targets, classWeights: weights, ignoredTarget: -1)
      },
      Case("focal loss", [a]) { a.tensor.focalLoss(targets: targets, alpha: weights, ignoredTarget: -1) },
      Case("multi-margin loss", [a]) { a.tensor.multiMarginLoss(targets: [0, 5, 2, 1], margin: 0.4, power: 2) },
      Case("binary cross-entropy", [a]) { a.tensor.binaryCrossEntropy(targets: labels, positiveWeights: weights) },
      Case("binary focal loss", [a]) { a.tensor.binaryFocalLoss(targets: labels) },
      Case("hinge loss", [a]) { a.tensor.hingeLoss(targets: signs, margin: 0.3) },
      Case("squared error", [a]) { a.tensor.squaredError(to: numbers) },
      Case("smooth L1", [a]) { a.tensor.smoothL1Loss(to: numbers, beta: 0.5) },
      Case("Huber", [a]) { a.tensor.huberLoss(to: numbers, delta: 0.5, reduction: .sum) },
    ]
  }

  @Test("operation", arguments: cases)
  func gradient(of operation: Case) throws {
    // The sum of the outputs with weights of both signs, so that no part cancels.
    func loss() -> Tensor {
      let output = operation.output()
      return (output * RandomStream(seed: 99).uniform(output.shape, in: -1..<1)).sum()
    }
    func loss(shifting parameter: Parameter, _ index: Int, by step: Float) -> Float {
      let value = parameter.value
      var scalars = value.scalars
      scalars[index] += step
      parameter.value = Tensor(scalars, shape: value.shape)
      defer { parameter.value = value }
      return GradientTape.record(random: RandomStream(seed: 5), loss).loss.scalar
    }
    let gradients = GradientTape.record(random: RandomStream(seed: 5), loss).gradients
    for (position, parameter) in operation.parameters.enumerated() {
      let gradient = try #require(gradients[parameter], "parameter \(position) has no gradient").tensor.scalars
      let largest = gradient.reduce(0) { max($0, abs($1)) }
      #expect(largest > 0, "parameter \(position)")
      // About 20 elements of each. The step is small enough to stay on one side of the kinks of these inputs, and
      // large enough for Float32: the rounding of a loss near 1 gives 1e-4.
      for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 20)) {
        let step: Float = 2e-3
        let difference =
          (loss(shifting: parameter, index, by: step) - loss(shifting: parameter, index, by: -step)) / (2 * step)
        #expect(
          abs(difference - gradient[index]) < 2e-3 + 1e-2 * largest,
          "element \(index) of parameter \(position): \(gradient[index]), by differences \(difference)")
      }
    }
  }
}
