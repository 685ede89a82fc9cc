import Tensors

extension ONNXDocument {
  /// Runs the graph by the library's own reader of ONNX on random inputs of several batch sizes and lengths, and compares
  /// its logits with the model's.
  ///
  /// - Parameters:
  ///   - stored: the model that the document was made of.
  ///   - path: what errors call the document.
  /// - Returns: the largest difference, relative to the largest logit.
  /// - Throws: ``ExchangeError/differs(path:reason:)`` beyond 1e-5 for texts and 1e-4 for images; beyond 0.05 where layers
  ///   round what they see to 256 steps: sums of another order may fall on the other side of a step, and what is a step
  ///   there (0.004 of the range) goes through all layers that follow.
  @discardableResult
  public func verify(against stored: StoredModel, path: String) throws(ExchangeError) -> Float {
    let runtime = try ONNXRuntimeModel(model, path: path, folder: nil)
    var worst: Float = 0
    let bound: Float
    let cases: [(batch: Int, longest: Int)]
    if case .image = stored {
      (bound, cases) = (stored.hasMeasuredLayers ? 0.05 : 1e-4, [(1, 0), (2, 0)])
    } else {
      (bound, cases) = (1e-5, [(1, 1), (1, 9), (4, 3), (7, 24)])
    }
    for (number, (batch, longest)) in cases.enumerated() {
      let sample = ModelSample(
        of: stored, batch: batch, longest: longest, random: RandomStream(seed: 1).split(number))
      let outputs = try runtime.run(sample.values(for: runtime))
      guard let logits = outputs["logits"]?.tensor, logits.shape == sample.logits.shape else {
        throw .differs(path: path, reason: "its logits have the shape \(outputs["logits"]?.shape ?? [])")
      }
      let difference = sample.difference(logits)
      // What is not a number is no small difference.
      guard difference <= bound else {
        throw .differs(
          path: path, reason: "its logits differ by \(difference) of the largest in a batch of \(batch)")
      }
      worst = max(worst, difference)
    }
    return worst
  }
}

extension ModelSample {
  /// As values by the names of the inputs; the states of a language model are zeros.
  fileprivate func values(for runtime: ONNXRuntimeModel) -> [String: ONNXValue] {
    var values: [String: ONNXValue] = [:]
    switch input {
    case .images(let images): values["image"] = ONNXValue(images)
    case .texts(let ids, let lengths):
      values["ids"] = ONNXValue(ids.flatMap { $0.map { Int64($0) } }, shape: [ids.count, ids.first?.count ?? 0])
      values["lengths"] = ONNXValue(lengths.map { Int64($0) }, shape: [lengths.count])
      for input in runtime.inputs where values[input.name] == nil {
        let shape = (input.shape ?? []).map { extent in
          if case .fixed(let count) = extent { count } else { ids.count }
        }
        values[input.name] = ONNXValue(Tensor(zeros: shape))
      }
    }
    return values
  }

  /// The largest difference of other logits from these, relative to the largest of these; of a language model only
  /// before the lengths.
  fileprivate func difference(_ other: Tensor) -> Float {
    var shown = other.scalars
    if case .texts(_, let lengths) = input, logits.rank == 3 {
      let (time, width) = (logits.shape[1], logits.shape[2])
      for (row, length) in lengths.enumerated() {
        for index in (row * time + length) * width..<(row + 1) * time * width { shown[index] = 0 }
      }
    }
    let expected = logits.scalars
    let largest = expected.reduce(Float(1e-6)) { max($0, abs($1)) }
    let worst = zip(shown, expected).reduce(Float(0)) { $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1)) }
    return worst / largest
  }
}
