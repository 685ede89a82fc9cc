import NeuralNetworks
import Tensors
import Testing

/// Several cases of an operation on images in one file, whose tensors are channels last; `scripts/fixtures/image_layers.py`
/// made the numbers.
struct ImageFixture {
  let file: Fixture
  let cases: [Case]

  init(_ name: String) throws {
    let file = try Fixture("image-\(name)")
    let names = try #require(file.metadata["cases"]).split(separator: " ").map(String.init)
    self.file = file
    cases = names.map { name in
      let settings = file.metadata.filter { $0.key.hasPrefix("\(name).") }
      return Case(
        name: name, tensors: file.all("\(name)."),
        settings: Dictionary(
          uniqueKeysWithValues: settings.map { (String($0.key.dropFirst(name.count + 1)), $0.value) }))
    }
  }

  struct Case {
    let name: String
    let tensors: [String: Tensor]
    let settings: [String: String]

    subscript(tensor: String) -> Tensor {
      get throws { try #require(tensors[tensor], "\(name) has no \(tensor)") }
    }

    func numbers(_ setting: String) throws -> [Int] {
      try #require(settings[setting], "\(name) has no \(setting)").split(separator: ",").compactMap { Int($0) }
    }

    func number(_ setting: String) throws -> Float {
      try #require(settings[setting].flatMap(Float.init), "\(name) has no \(setting)")
    }

    func size(_ setting: String) throws -> Size2D {
      let numbers = try numbers(setting)
      return try #require(
        numbers.count == 2 ? Size2D(height: numbers[0], width: numbers[1]) : nil, "\(name): \(setting)")
    }

    func isTrue(_ setting: String) -> Bool { settings[setting] == "true" }

    /// Expects the output, and the gradients of all tensors that the case has gradients of.
    func expectParity(_ operation: ([String: Tensor]) throws -> Tensor) throws {
      let gradientNames = tensors.keys.filter { $0.hasPrefix("grad.") }.map { String($0.dropFirst(5)) }.sorted()
      #expect(!gradientNames.isEmpty, "\(name) has no gradients")
      let parameters = Dictionary(uniqueKeysWithValues: try gradientNames.map { ($0, Parameter(try self[$0])) })
      let above = try self["output_gradient"]
      var output = Tensor([0])
      let gradients = try GradientTape.record {
        output = try operation(parameters.mapValues { $0.tensor })
        return (output * above).sum()
      }.gradients
      expectEqual(output.detached, try self["output"], "\(name): output")
      for (key, parameter) in parameters {
        let gradient = try #require(gradients[parameter], "\(name): no gradient of \(key)").tensor
        expectEqual(gradient, try self["grad.\(key)"], "\(name): \(key)", isGradient: true)
      }
    }
  }
}
