import CKernels
import Tensors

/// The texts of one step: their rows, the mean of those (the hidden vector), the gradient of that, and what the step adds
/// to the rows. Used again from step to step.
///
/// Common rows (``TrainingBags``) belong to the thread that learns: it adds them to the means and the gradients to them,
/// text by text.
final class BagBatch {
  /// Pieces that the texts are read in, at most, whatever the number of threads.
  private static let partLimit = 16

  /// The texts, as places among the training texts.
  private(set) var texts: [Int] = []
  /// Words of all of them.
  private(set) var wordCount = 0
  /// Consecutive texts with about the same number of rows.
  private var parts: [Range<Int>] = []
  /// Where the rows of each text may begin in `rows`.
  private var places: [Int] = [0]
  private var rows = ScratchBuffer<Int32>()
  /// For each part where its texts begin in `rows` and where the last one ends.
  private var starts = ScratchBuffer<Int32>()
  private var hidden = ScratchBuffer<Float>()
  /// 1 / rows of each text, those left out not counted.
  private var shares = ScratchBuffer<Float>()
  private var gradients = ScratchBuffer<Float>()
  /// Squared norm of each gradient, the learning rate taken out.
  private var squares = ScratchBuffer<Float>()
  private var updates = UpdateShards()
  private var stride = 0

  /// Takes other texts.
  func begin(_ texts: [Int], of bags: TrainingBags, stride: Int) {
    self.texts = texts
    self.stride = stride
    places.removeAll(keepingCapacity: true)
    places.append(0)
    wordCount = 0
    for text in texts {
      places.append(places[places.count - 1] + Int(bags.rowCounts[text]))
      wordCount += Int(bags.wordCounts[text])
    }
    let total = places[texts.count]
    parts.removeAll(keepingCapacity: true)
    var first = 0
    for text in texts.indices
    where text == texts.count - 1 || places[text + 1] * Self.partLimit >= total * (parts.count + 1) {
      parts.append(first..<text + 1)
      first = text + 1
      if parts.count == Self.partLimit { break }
    }
    rows.reserve(total)
    starts.reserve(texts.count + parts.count)
    hidden.reserve(texts.count * stride)
    shares.reserve(texts.count)
    gradients.reserve(texts.count * stride)
    squares.reserve(texts.count)
    updates.begin(parts: parts.count, updates: total)
  }

  /// Pieces that ``gather(part:bags:table:dropout:random:rates:)`` is to be called for.
  var partCount: Int { parts.count }

  /// The hidden vector of a text of the batch.
  @inline(__always)
  func hidden(_ text: Int) -> UnsafeMutablePointer<Float> { hidden.base + text * stride }

  /// Where the gradient of a text's hidden vector belongs.
  @inline(__always)
  func gradient(_ text: Int) -> UnsafeMutablePointer<Float> { gradients.base + text * stride }

  /// Finds the rows of some of the texts, their means, and which rows the gradients will go to.
  ///
  /// - Parameters:
  ///   - dropout: the share of the features that are left out.
  ///   - random: the stream of the epoch.
  ///   - rates: multiplies the learning rate of each row.
  func gather(
    part: Int, bags: TrainingBags, table: RowTable, dropout: Float, random: RandomStream, rates: [Float]
  ) {
    let range = parts[part]
    let first = places[range.lowerBound]
    let ownStarts = starts.base + range.lowerBound + part
    var end = first
    for (index, text) in range.enumerated() {
      ownStarts[index] = Int32(end)
      let begin = end
      bags.copyRows(of: texts[text], to: rows.base, at: &end)
      let found = end
      if dropout > 0 { drop(dropout, from: begin, to: &end, random.split(texts[text]).generator) }
      let count = Int(bags.rowCounts[texts[text]]) - (found - end)
      shares.base[text] = count > 0 ? 1 / Float(count) : 0
    }
    ownStarts[range.count] = Int32(end)
    kernels.sum_rows(
      table.base, table.stride, table.width, rows.base, ownStarts, range.count, hidden(range.lowerBound), stride)
    for text in range { kernels.scale(hidden(text), shares.base[text], hidden(text), table.width) }
    let own = rows.base + first
    var bag = -1
    var bagEnd = first
    rates.withUnsafeBufferPointer { rates in
      updates.collect(part: part, first: first, count: end - first, row: { own[$0] }) { index in
        while bagEnd <= first + index {
          bag += 1
          bagEnd = Int(ownStarts[bag + 1])
        }
        let text = range.lowerBound + bag
        let share = shares.base[text]
        return row_update(
          row: own[index], source: Int32(truncatingIfNeeded: text),
          factor: rates.isEmpty ? share : share * rates[Int(own[index])])
      }
    }
  }

  /// Adds the common rows of a text to its mean.
  func addCommonRows(_ text: Int, bags: TrainingBags, table: RowTable) {
    withCommonRows(text, bags) { rows, factors, count in
      kernels.blend_rows(table.base, table.stride, table.width, rows, count, factors, nil, hidden(text))
    }
  }

  /// Tells how large a text's gradient is, which adaptive rates need.
  func measureGradient(_ text: Int, rate: Float) {
    squares.base[text] = Float(kernels.sum_of_squares(gradient(text), stride)) / (rate * rate)
  }

  /// Adds the gradient of a text to its common rows.
  func updateCommonRows(
    _ text: Int, bags: TrainingBags, table: RowTable, rates: [Float], adaptive: AdaptiveRates?
  ) {
    let square = squares.base[text]
    withCommonRows(text, bags) { rows, factors, count in
      if !rates.isEmpty { for index in 0..<count { factors[index] *= rates[Int(rows[index])] } }
      if let adaptive {
        for index in 0..<count { factors[index] = adaptive.factor(row: rows[index], factors[index], square: square) }
      }
      kernels.blend_rows(table.base, table.stride, table.width, rows, count, factors, gradient(text), nil)
    }
  }

  private func withCommonRows(
    _ text: Int, _ bags: TrainingBags,
    _ body: (_ rows: UnsafePointer<Int32>, _ factors: UnsafeMutablePointer<Float>, _ count: Int) -> Void
  ) {
    let range = bags.commonStarts[texts[text]]..<bags.commonStarts[texts[text] + 1]
    let share = shares.base[text]
    withUnsafeTemporaryAllocation(of: Float.self, capacity: range.count + 1) { factors in
      for index in 0..<range.count { factors[index] = bags.commonCounts[range.lowerBound + index] * share }
      bags.commonRows.withUnsafeBufferPointer { rows in
        guard let rows = rows.baseAddress, let factors = factors.baseAddress else { return }
        body(rows + range.lowerBound, factors, range.count)
      }
    }
  }

  /// Leaves a share of the rows out.
  private func drop(_ share: Float, from first: Int, to end: inout Int, _ generator: RandomStream.Generator) {
    var generator = generator
    let limit = UInt64(Double(share) * 0x1p64)
    var kept = first
    for place in first..<end where generator.next() >= limit {
      rows.base[kept] = rows.base[place]
      kept += 1
    }
    end = kept
  }

  /// Adds the gradients to the rows of one shard.
  func apply(shard: Int, to table: RowTable, adaptive: AdaptiveRates?) {
    if let adaptive { updates.adapt(shard: shard, by: adaptive, squares: squares.base) }
    updates.apply(shard: shard, to: table, sources: gradients.base, stride: stride)
  }
}

extension TrainingBags {
  /// Writes the rows of a text, words with their subwords.
  @inline(__always)
  func copyRows(of text: Int, to rows: UnsafeMutablePointer<Int32>, at end: inout Int) {
    let range = starts[text]..<starts[text + 1]
    entries.withUnsafeBufferPointer { entries in
      if !features.hasSubwords {
        if let base = entries.baseAddress { (rows + end).update(from: base + range.lowerBound, count: range.count) }
        end += range.count
        return
      }
      for place in range {
        let entry = entries[place]
        if entry >= 0 {
          rows[end] = entry
          end += 1
        } else {
          for index in Int(tokenRowStarts[Int(~entry)])..<Int(tokenRowStarts[Int(~entry) + 1]) {
            rows[end] = tokenRows[index]
            end += 1
          }
        }
      }
    }
  }
}
