import ModelFiles

/// Why training ended without a model.
public enum TrainingError: Error, Hashable, CustomStringConvertible {
  /// A loss, a gradient or a parameter is infinite or not a number; the parameters are those of the last good moment.
  case diverged(epoch: Int, step: Int, parameter: String?, learningRate: Float)
  /// The checkpoint belongs to a training of something else, or in another way.
  case otherCheckpoint(path: String, reason: String)
  /// The checkpoint cannot be read or written.
  case file(FileError)

  /// One line: the cause and the next step.
  public var description: String {
    switch self {
    case .diverged(let epoch, let step, let parameter, let rate):
      "training diverged in epoch \(epoch), step \(step): "
        + (parameter.map { "the gradient of \($0) is not a number" } ?? "the loss is not a number")
        + "; try a learning rate below \(rate)"
    case .otherCheckpoint(let path, let reason):
      "\(path): \(reason); train with the data and options of the first start, or without --resume"
    case .file(let error): error.description
    }
  }
}
