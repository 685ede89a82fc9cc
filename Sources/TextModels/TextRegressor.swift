import Tensors

/// A trained model that says a number of a text.
///
///     let stars = try TextRegressor(contentsOf: "model").predict("What a film!")
///
/// May be used from many threads at the same time.
public struct TextRegressor: Sendable {
  /// The model that it asks.
  public let model: TextModel

  /// The regressor of a model.
  ///
  /// - Throws: ``TextModelError/otherTask(_:wanted:)`` for a classifier.
  public init(_ model: TextModel) throws(TextModelError) {
    guard model.task == .regression else { throw .otherTask(model.task, wanted: [.regression]) }
    self.model = model
  }

  /// Loads a regressor.
  public init(contentsOf path: String) throws(TextModelError) {
    try self.init(TextModel(contentsOf: path))
  }

  /// The number of one text.
  public func predict(_ text: String) -> Double { predict([text])[0] }

  /// The numbers of some texts, `batchSize` at a time; texts of about the same length go together.
  public func predict(_ texts: [String], batchSize: Int = 64) -> [Double] {
    model.outputs(texts, batchSize: batchSize) { $0 }.rows.map { model.description.value(ofScore: $0[0]) }
  }
}
