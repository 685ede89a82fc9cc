import Tensors

/// The exponential moving average of parameters over the steps of a training (Polyak & Juditsky 1992).
struct ParameterAverage {
  private let parameters: [Parameter]
  private let decay: Float
  /// In the order of the parameters.
  var values: [Tensor]

  init(_ parameters: [Parameter], decay: Float) {
    self.parameters = parameters
    self.decay = decay
    values = parameters.map { $0.value.detached }
  }

  /// Takes in the parameters after a step, counted from 1. Early steps count for more, so that the first values are soon
  /// forgotten: the decay is at most (1 + step) / (10 + step).
  mutating func update(step: Int) {
    let share = 1 - min(decay, Float(1 + step) / Float(10 + step))
    for (index, parameter) in parameters.enumerated() where !parameter.isFrozen {
      values[index].move(toward: parameter.value, by: share)
    }
  }

  /// Puts the averages in the place of the parameters.
  func apply() {
    for (parameter, value) in zip(parameters, values) { parameter.value = value }
  }
}
