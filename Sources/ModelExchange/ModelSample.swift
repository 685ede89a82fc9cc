import BagModels
import ImageModels
import Tensors
import TextModels

/// Inputs of a model as other programs give them, and what the model itself makes of them.
struct ModelSample: Sendable {
  /// The ids of texts, with anything behind their lengths, or images.
  enum Input: Sendable {
    /// B rows of T ids, and the lengths.
    case texts(ids: [[Int32]], lengths: [Int])
    /// [B, channels, H, W]
    case images(Tensor)
  }

  let input: Input
  /// [B, K], or [B, T, V] of a language model, which says nothing behind the lengths: zeros here.
  let logits: Tensor

  /// Random inputs.
  ///
  /// - Parameters:
  ///   - batch: B, at least 1.
  ///   - longest: the longest text of the batch in ids; of no meaning for images.
  init(of stored: StoredModel, batch: Int, longest: Int, random: RandomStream) {
    switch stored {
    case .image(let model):
      let size = model.architecture.imageSize
      let images = random.uniform([batch, size.height, size.width, model.preparation.channels], in: -1..<1)
      input = .images(images.channelsFirst())
      logits = model.logits(images)
    case .text(let model):
      let texts = Texts(vocabulary: model.description.network.vocabularySize, batch: batch, longest: longest, random)
      input = texts.input
      logits = model.network.logits(TokenBatch(texts.shown))
    case .bag(let classifier):
      let texts = Texts(vocabulary: classifier.rowCount, batch: batch, longest: longest, random)
      input = texts.input
      logits = Tensor(
        texts.shown.flatMap { classifier.scores(of: $0) }, shape: [batch, classifier.labels.count])
    case .language(let model):
      let texts = Texts(vocabulary: model.description.vocabularySize, batch: batch, longest: longest, random)
      input = texts.input
      let layout = SequenceLayout(lengths: texts.lengths)
      let rows = model.network.logits(layout.packed(texts.shown.flatMap { $0 }), layout, states: nil).logits
      logits = rows.unpacked(layout)
    }
  }

  /// Texts of ids, the first of them as long as the longest.
  private struct Texts {
    let ids: [[Int32]]
    let lengths: [Int]

    init(vocabulary: Int, batch: Int, longest: Int, _ random: RandomStream) {
      let numbers = random.split("ids").uniform([batch, longest]).scalars
      let drawn = random.split("lengths").uniform([batch]).scalars
      lengths = (0..<batch).map { $0 == 0 ? longest : 1 + min(longest - 1, Int(drawn[$0] * Float(longest))) }
      ids = (0..<batch).map { row in
        numbers[row * longest..<(row + 1) * longest].map { Int32(min(vocabulary - 1, Int($0 * Float(vocabulary)))) }
      }
    }

    var input: Input { .texts(ids: ids, lengths: lengths) }
    var shown: [[Int32]] { zip(ids, lengths).map { Array($0.prefix($1)) } }
  }
}

extension Tensor {
  /// [B, T, C] of the rows [N, C] of sequences, with zeros behind their lengths.
  fileprivate func unpacked(_ layout: SequenceLayout) -> Tensor {
    let width = shape[1]
    let numbers = scalars
    var result = [Float](repeating: 0, count: layout.batchSize * layout.stepCount * width)
    for (position, index) in layout.order.enumerated() {
      for step in 0..<layout.lengths[index] {
        let from = (layout.rowOffsets[step] + position) * width
        let to = (index * layout.stepCount + step) * width
        result.replaceSubrange(to..<to + width, with: numbers[from..<from + width])
      }
    }
    return Tensor(result, shape: [layout.batchSize, layout.stepCount, width])
  }
}
