import BagModels
import Training

/// Shows training on standard error: a line that renews itself on a terminal, plain lines elsewhere.
final class TrainingConsole {
  private let isQuiet: Bool
  /// What an epoch is counted in.
  private let unit: String
  /// Said at the start of each progress line.
  var prefix = ""
  private var lastUpdate: ContinuousClock.Instant?
  private var isLineOpen = false

  init(isQuiet: Bool, unit: String = "texts") {
    self.isQuiet = isQuiet
    self.unit = unit
  }

  func show(_ event: TrainingEvent) {
    if isQuiet { return }
    switch event {
    case .resumed(let epoch, let done):
      note("going on in epoch \(epoch)" + (done > 0 ? " after \(done) batches" : ""))
    case .progress(let progress): show(progress)
    case .epoch(let report): show(report)
    }
  }

  /// Progress of a bag.
  func show(_ progress: BagProgress) {
    showLine(isLast: progress.wordsDone >= progress.words) {
      "\(progress.wordsDone * 100 / max(progress.words, 1))%  loss \(progress.loss.fixed(4))  "
        + "\((progress.rate / 1e6).fixed(2)) M words/s  \(progress.remainingSeconds.asDuration) left"
    }
  }

  private func show(_ progress: TrainingProgress) {
    showLine(isLast: progress.examplesDone == progress.examples) {
      "epoch \(progress.epoch)/\(progress.epochs)  \(progress.examplesDone * 100 / max(progress.examples, 1))%  "
        + "loss \(progress.loss.fixed(4))  \(progress.rate.fixed(0)) \(unit)/s  "
        + "\(progress.totalRemainingSeconds.asDuration) left"
    }
  }

  /// Shows a line of progress, when it is time for one.
  func showLine(isLast: Bool, _ line: () -> String) {
    if isQuiet { return }
    let interval = StandardError.isInteractive ? 0.1 : 15
    if let lastUpdate, lastUpdate.secondsToNow < interval, !(isLast && StandardError.isInteractive) { return }
    // Without a terminal nothing is said at once: the first line comes after the first interval.
    defer { lastUpdate = .now }
    if !StandardError.isInteractive, lastUpdate == nil { return }
    if StandardError.isInteractive {
      StandardError.write("\r\u{1B}[K\(prefix)\(line())")
      isLineOpen = true
    } else {
      StandardError.write("\(prefix)\(line())\n")
    }
  }

  private func show(_ report: EpochReport) {
    closeLine()
    var line = "\(prefix)epoch \(report.epoch)  loss \(report.trainingLoss.fixed(4))"
    if let validation = report.validation {
      line += "  validation \(validation.metric.title) \(validation.text)  loss \(validation.loss.fixed(4))"
    }
    line += "  \(report.seconds.asDuration)"
    if report.isBest { line += "  best so far" }
    StandardError.write(line + "\n")
    lastUpdate = nil
  }

  func note(_ text: String) {
    if isQuiet { return }
    closeLine()
    StandardError.write(text + "\n")
  }

  func closeLine() {
    guard isLineOpen else { return }
    StandardError.write("\r\u{1B}[K")
    isLineOpen = false
  }
}
