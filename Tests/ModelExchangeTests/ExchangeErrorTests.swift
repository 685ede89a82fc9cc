import ModelExchange
import Testing

@Suite("Errors of the exchange of models")
struct ExchangeErrorTests {
  @Test("are one line that names the part")
  func lines() {
    let errors: [ExchangeError] = [
      .file(.missing(path: "m.onnx")), .malformed(path: "m.onnx", field: "graph.node[3]", reason: "no output"),
      .unsupported(path: "m.onnx", what: "the operator Loop"), .wrongInput(name: "ids", reason: "missing"),
      .unsuitable(path: "m.onnx", reason: "it has no labels"),
      .inexpressible(format: "Core ML", reason: "it reads characters"), .differs(path: "m.onnx", reason: "0.1 apart"),
    ]
    for error in errors {
      #expect(!error.description.contains("\n"))
      #expect(error.description.contains(":"))
    }
    #expect(errors[1].description.contains("graph.node[3]"))
  }
}
