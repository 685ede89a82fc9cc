import NeuralNetworks
import Tensors
import Testing

/// What must hold whatever the numbers are. One after the other, since the number of threads is one for the process.
@Suite("Properties of layers", .serialized)
struct PropertyTests {
  private func lstmStep(threads: Int) -> (output: [Float], gradients: [[Float]]) {
    let before = Parallelism.threads
    Parallelism.threads = threads
    defer { Parallelism.threads = before }
    let random = RandomStream(seed: 9)
    let lstm = LSTM(inputSize: 19, hiddenSize: 37, layerCount: 2, isBidirectional: true, random: random)
    let layout = SequenceLayout(lengths: (0..<23).map { 1 + $0 * 7 % 31 })
    let x = Parameter(random.uniform([layout.rowCount, 19], in: -1..<1))
    var output = Tensor([0])
    let gradients = GradientTape.record {
      output = lstm(x.tensor, layout: layout)
      return (output * output).mean()
    }.gradients
    return (output.scalars, (lstm.parameters + [x]).map { gradients[$0]?.tensor.scalars ?? [] })
  }

  @Test("any number of threads gives the same bits")
  func threads() {
    let one = lstmStep(threads: 1)
    for count in [2, 3, 4, 7] {
      let other = lstmStep(threads: count)
      #expect(other.output == one.output, "output with \(count) threads")
      #expect(other.gradients == one.gradients, "gradients with \(count) threads")
    }
  }

  @Test("a sequence gives the same alone and among others")
  func company() {
    let random = RandomStream(seed: 4)
    let lstm = LSTM(inputSize: 8, hiddenSize: 12, isBidirectional: true, random: random)
    let lengths = [5, 17, 1, 9]
    let layout = SequenceLayout(lengths: lengths)
    let x = random.uniform([layout.rowCount, 8], in: -1..<1)
    let together = lstm(x, layout: layout).maxOverTime(layout: layout)
    let rows = layout.packed((0..<Int32(layout.rowCount)).map { $0 })
    for (index, length) in lengths.enumerated() {
      let start = lengths[..<index].reduce(0, +)
      let own = (start..<start + length).map { Int32(rows.firstIndex(of: Int32($0)) ?? -1) }
      let alone = SequenceLayout(lengths: [length])
      let state = lstm(x.gatherRows(own), layout: alone).maxOverTime(layout: alone)
      #expect(state.scalars == Array(together.scalars[index * 24..<(index + 1) * 24]))
    }
  }

  @Test("dropout keeps the mean, repeats by seed, and is absent from inference")
  func dropout() {
    let ones = Parameter(Tensor(repeating: 1, shape: [100_000]))
    func run(_ seed: UInt64) -> Tensor {
      var result = Tensor([0])
      _ = GradientTape.record(random: RandomStream(seed: seed)) {
        result = ones.tensor.dropout(0.3)
        return result.sum()
      }
      return result
    }
    let dropped = run(1).scalars
    #expect(abs(dropped.reduce(0, +) / 100_000 - 1) < 0.02)
    #expect(abs(Float(dropped.count { $0 == 0 }) / 100_000 - 0.3) < 0.01)
    #expect(run(1) == run(1))
    #expect(run(1) != run(2))
    #expect(ones.value.dropout(0.3) == ones.value)
  }

  @Test("a module prints itself with its sizes and counts its parameters")
  func description() {
    let lstm = LSTM(inputSize: 300, hiddenSize: 256, random: nil)
    #expect(lstm.parameterCount == 571_392)
    #expect(LSTM(inputSize: 300, hiddenSize: 256, isBidirectional: true, random: nil).parameterCount == 1_142_784)
    #expect(lstm.description == "LSTM(input 300, hidden 256)  571,392 parameters")
    #expect(lstm.namedParameters.map(\.name) == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
  }
}
