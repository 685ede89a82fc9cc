import Foundation
import Tensors
import Testing

@testable import ModelExchange

/// One hidden unit and one input: gates are sums that can be written out.
@Suite("Recurrent operators of ONNX")
struct RecurrentOperatorTests {
  private let w: [Float] = [0.5, -0.3, 0.8, 0.2]
  private let r: [Float] = [0.1, 0.4, -0.6, 0.7]
  private let b: [Float] = [0.05, -0.1, 0.2, 0.3, 0.02, 0.03, -0.04, 0.06]
  private let x: [Float] = [1, -2, 0.5]

  private func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

  private func sequence(_ x: [Float]) -> ONNXValue { floats(x, [x.count, 1, 1]) }

  /// States of an LSTM, gates in ONNX's order i, o, f, c.
  private func lstm(_ x: [Float], hidden: Float = 0, cell: Float = 0) -> (states: [Float], cell: Float) {
    var (h, c, states) = (hidden, cell, [Float]())
    for x in x {
      func gate(_ g: Int) -> Float { w[g] * x + r[g] * h + b[g] + b[4 + g] }
      let (i, o, f) = (sigmoid(gate(0)), sigmoid(gate(1)), sigmoid(gate(2)))
      c = f * c + i * tanh(gate(3))
      h = o * tanh(c)
      states.append(h)
    }
    return (states, c)
  }

  private func close(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }
  }

  private func lstmOperands(_ x: ONNXValue, directions: Int = 1) -> [ONNXValue?] {
    func times(_ values: [Float], _ shape: [Int]) -> ONNXValue {
      floats((0..<directions).flatMap { _ in values }, [directions] + shape)
    }
    return [x, times(w, [4, 1]), times(r, [4, 1]), times(b, [8])]
  }

  @Test("an LSTM has its gates in ONNX's order, and gives its last states")
  func lstmGates() throws {
    let results = try compute(
      "LSTM", lstmOperands(sequence(x)) + [nil, floats([0.3], [1, 1, 1]), floats([-0.2], [1, 1, 1])],
      ["hidden_size": .integer(1)], outputs: 3)
    let wanted = lstm(x, hidden: 0.3, cell: -0.2)
    #expect(results[0].shape == [3, 1, 1, 1] && close(results[0].scalars, wanted.states))
    #expect(close(results[1].scalars, [wanted.states[2]]) && close(results[2].scalars, [wanted.cell]))
  }

  @Test("both directions end with each sequence")
  func lengths() throws {
    // Sequences of 2, 3 and 0 steps; the second starts where the first one's padding is.
    let batch = floats([1, 1, 9, -2, -2, 9, 7, 0.5, 9], [3, 3, 1])
    let lengths = ONNXValue([Int32(2), 3, 0], shape: [3])
    let results = try compute(
      "LSTM", lstmOperands(batch, directions: 2) + [lengths],
      ["hidden_size": .integer(1), "direction": .text("bidirectional")], outputs: 3)
    let y = results[0].scalars
    #expect(results[0].shape == [3, 2, 3, 1])
    let (short, long) = (lstm([1, -2]).states, lstm(x).states)
    #expect(close([y[0], y[6], y[12]], [short[0], short[1], 0]))
    #expect(close([y[1], y[7], y[13]], long))
    let backward = lstm(x.reversed()).states
    #expect(close([y[16], y[10], y[4]], backward))
    #expect(close(results[1].scalars, [short[1], long[2], 0, lstm([-2, 1]).states[1], backward[2], 0]))
    let single = try compute(
      "LSTM", lstmOperands(batch) + [lengths], ["hidden_size": .integer(1), "direction": .text("reverse")], outputs: 2)
    #expect(close([single[0].scalars[7], single[0].scalars[4], single[0].scalars[1]], backward))
    #expect(close(single[1].scalars, [lstm([-2, 1]).states[1], backward[2], 0]))
  }

  @Test("a GRU has its gates in ONNX's order", arguments: [false, true])
  func gruGates(resetsProduct: Bool) throws {
    var (h, states): (Float, [Float]) = (0.3, [])
    for x in x {
      func input(_ g: Int) -> Float { w[g] * x + b[g] }
      func state(_ g: Int, _ h: Float) -> Float { r[g] * h + b[3 + g] }
      let (z, reset) = (sigmoid(input(0) + state(0, h)), sigmoid(input(1) + state(1, h)))
      let n = resetsProduct ? input(2) + reset * state(2, h) : input(2) + state(2, reset * h)
      h = (1 - z) * tanh(n) + z * h
      states.append(h)
    }
    let results = try compute(
      "GRU",
      [
        sequence(x), floats(Array(w[..<3]), [1, 3, 1]), floats(Array(r[..<3]), [1, 3, 1]),
        floats(Array(b[..<6]), [1, 6]),
        nil, floats([0.3], [1, 1, 1]),
      ], ["hidden_size": .integer(1), "linear_before_reset": .integer(resetsProduct ? 1 : 0)], outputs: 2)
    #expect(close(results[0].scalars, states) && close(results[1].scalars, [states[2]]))
  }

  @Test("an RNN takes the activation that it is given, and batches that come first")
  func rnn() throws {
    for (name, function) in [("Tanh", { tanh($0) }), ("Relu", { max(0, $0) }), ("Sigmoid", sigmoid)]
      as [(String, (Float) -> Float)]
    {
      var (h, states): (Float, [Float]) = (0, [])
      for x in x {
        h = function(w[0] * x + r[0] * h + b[0] + b[1])
        states.append(h)
      }
      let results = try compute(
        "RNN",
        [
          floats(x, [1, 3, 1]), floats([w[0]], [1, 1, 1]), floats([r[0]], [1, 1, 1]), floats(Array(b[..<2]), [1, 2]),
        ],
        ["hidden_size": .integer(1), "activations": .texts([name]), "layout": .integer(1)], outputs: 2)
      #expect(results[0].shape == [1, 3, 1, 1] && close(results[0].scalars, states), "\(name)")
      #expect(results[1].shape == [1, 1, 1])
    }
  }

  @Test("what is not computed is refused by name")
  func refusals() throws {
    let attributes: [(String, AttributeValue)] = [
      ("clip", .float(1)), ("input_forget", .integer(1)), ("activations", .texts(["Affine", "Tanh", "Tanh"])),
    ]
    for (name, value) in attributes {
      let error = #expect(throws: ExchangeError.self) {
        try compute("LSTM", lstmOperands(sequence(x)), ["hidden_size": .integer(1), name: value])
      }
      #expect(error?.description.contains(name) == true)
    }
    #expect(throws: ExchangeError.self) { try compute("LSTM", lstmOperands(sequence(x)), ["hidden_size": .integer(2)]) }
  }
}
