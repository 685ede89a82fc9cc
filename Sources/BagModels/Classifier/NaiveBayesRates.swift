#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension TrainingBags {
  /// For each row the square of its largest log-count ratio over the labels, with one more text than there are for each
  /// label that has the feature (Wang & Manning 2012). The mean over the features of all texts is 1, so that the learning
  /// rate keeps its meaning.
  func naiveBayesRates(labels: [Int32], starts labelStarts: [Int], labelCount: Int) -> [Float] {
    let rowCount = features.rowCount
    // Texts of each label that have the feature, label by label, so that many labels take no memory.
    var members = [[Int32]](repeating: [], count: labelCount)
    for text in 0..<textCount {
      for label in labels[labelStarts[text]..<labelStarts[text + 1]] { members[Int(label)].append(Int32(text)) }
    }
    var total = [Float](repeating: 0, count: rowCount)
    var own = [Float](repeating: 0, count: rowCount)
    var seen = [Int32](repeating: -1, count: rowCount)
    var buffer = ScratchBuffer<Int32>()
    for text in 0..<textCount { count(text, into: &total, stamp: Int32(text), &seen, &buffer) }
    var rates = [Float](repeating: 0, count: rowCount)
    let everything = total.reduce(0) { $0 + Double($1) + 1 }
    for label in 0..<labelCount {
      own = [Float](repeating: 0, count: rowCount)
      seen = [Int32](repeating: -1, count: rowCount)
      for text in members[label] { count(Int(text), into: &own, stamp: text, &seen, &buffer) }
      let inside = own.reduce(0) { $0 + Double($1) + 1 }
      let outside = max(everything - inside + Double(2 * rowCount), 1)
      let base = Float(log(outside / inside))
      for row in 0..<rowCount {
        let ratio = log((own[row] + 1) / (total[row] - own[row] + 1)) + base
        rates[row] = max(rates[row], ratio * ratio)
      }
    }
    var (sum, count) = (0.0, 0.0)
    for row in 0..<rowCount {
      sum += Double(rates[row]) * Double(total[row])
      count += Double(total[row])
    }
    let scale = Float(count / max(sum, 1e-9))
    for row in 0..<rowCount { rates[row] *= scale }
    return rates
  }

  private func count(
    _ text: Int, into counts: inout [Float], stamp: Int32, _ seen: inout [Int32], _ buffer: inout ScratchBuffer<Int32>
  ) {
    buffer.reserve(Int(rowCounts[text]))
    var end = 0
    copyRows(of: text, to: buffer.base, at: &end)
    for place in 0..<end {
      let row = Int(buffer.base[place])
      guard seen[row] != stamp else { continue }
      seen[row] = stamp
      counts[row] += 1
    }
  }
}
