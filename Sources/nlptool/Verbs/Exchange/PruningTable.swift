import ModelExchange
import NeuralNetworks
import Training

/// What becomes of a model on the way: parameters, the share of weights that are zero, and how it does on what it is
/// judged by.
struct PruningTable {
  private let pruning: MagnitudePruning
  private var table = TextTable()
  private var hasTitle = false

  init(pruning: MagnitudePruning) { self.pruning = pruning }

  mutating func add(_ stage: String, _ network: any Module, _ result: ValidationResult?) {
    let parameters = network.parameterCount
    let zeros = network.parameters.reduce(0) { sum, parameter in
      sum + parameter.value.scalars.count { $0 == 0 }
    }
    let layers = pruning.report(on: network)
    let share = Double(layers.reduce(0) { $0 + $1.zeros }) / Double(max(layers.reduce(0) { $0 + $1.count }, 1))
    var row = [stage, "\(parameters)", "\(parameters - zeros)", "\((100 * share).fixed(1)) %"]
    var title = ["", "parameters", "not zero", "zero weights"]
    if let result {
      row += [result.text, result.loss.fixed(4)]
      title += [result.metric.title, "loss"]
    }
    if !hasTitle { table.add(cells: title) }
    hasTitle = true
    table.add(cells: row)
  }

  var text: String { table.text }
}
