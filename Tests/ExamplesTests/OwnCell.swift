import NeuralNetworks
import Tensors
import Testing

// Example: a recurrent cell of one's own.
//
// A cell says what one step does: an output and a next state for an input and a state. Everything else comes with the
// protocol: batches of sequences of any lengths, gradients through time, and stepping by hand, as in decoding.

/// A minimal gated unit (Zhou et al. 2016): one gate, and nothing else.
///
///     f = σ(W_f x + R_f h + b_f), n = tanh(W_n x + R_n (f·h) + b_n), h' = (1 - f)·h + f·n
final class MinimalGatedCell: RecurrentCell {
  /// [H, I] and [H, H] each; the names of the properties are the names in a checkpoint.
  let gateInput: Linear
  let gateState: Linear
  let candidateInput: Linear
  let candidateState: Linear
  private let hiddenSize: Int

  init(inputSize: Int, hiddenSize: Int, random: RandomStream?) {
    self.hiddenSize = hiddenSize
    gateInput = Linear(inputSize: inputSize, outputSize: hiddenSize, random: random?.split("gateInput"))
    gateState = Linear(
      inputSize: hiddenSize, outputSize: hiddenSize, hasBias: false, random: random?.split("gateState"))
    candidateInput = Linear(inputSize: inputSize, outputSize: hiddenSize, random: random?.split("candidateInput"))
    candidateState = Linear(
      inputSize: hiddenSize, outputSize: hiddenSize, hasBias: false, random: random?.split("candidateState"))
  }

  func initialState(batchSize: Int) -> Tensor { Tensor(zeros: [batchSize, hiddenSize]) }

  func step(_ input: Tensor, _ state: Tensor) -> (output: Tensor, state: Tensor) {
    let forget = (gateInput(input) + gateState(state)).sigmoid()
    let candidate = (candidateInput(input) + candidateState(forget * state)).tanh()
    let next = state + forget * (candidate - state)
    return (next, next)
  }
}

@Suite("Examples: a cell of one's own")
struct OwnCellExample {
  @Test("runs over sequences of any lengths as it is stepped by hand, and learns")
  func runs() {
    let random = RandomStream(seed: 1)
    let cell = MinimalGatedCell(inputSize: 3, hiddenSize: 4, random: random)

    // Two sequences, of 4 and of 2 steps; the layout says which row is whose.
    let layout = SequenceLayout(lengths: [4, 2])
    let input = random.split("input").uniform([6, 3], in: -1..<1)
    let outputs = cell(input, layout: layout)
    #expect(outputs.shape == [6, 4])

    // The first sequence by hand: rows 0, 2, 4, 5 of the time-major layout.
    var state = cell.initialState(batchSize: 1)
    for row in [0, 2, 4, 5] as [Int32] {
      let (output, next) = cell.step(input.gatherRows([row]), state)
      let whole = outputs.gatherRows([row])
      #expect(zip(output.scalars, whole.scalars).allSatisfy { abs($0 - $1) < 1e-6 })
      state = next
    }

    // Gradients go back through time; an optimiser changes the cell's parameters.
    let optimizer = Adam(cell.parameters, learningRate: 1e-2)
    func loss() -> Tensor { cell(input, layout: layout).squaredError(to: Tensor(repeating: 0.5, shape: [6, 4])) }
    let before = loss().scalar
    for _ in 0..<50 {
      let gradients = GradientTape.record(random: random, loss).gradients
      optimizer.step(gradients, clipping: .norm(1))
    }
    #expect(loss().scalar < before / 4)
  }
}
