import FoundationEssentials
import ModelFiles
import NeuralNetworks
import Tensors

/// Where a training stands: everything that its further course depends on. Random numbers are no part of it, since they are
/// a function of the seed and of the number of the step.
struct TrainingState: Sendable, Codable {
  /// The epoch that runs, from 1.
  var epoch = 1
  /// Batches of it that are done.
  var batchesDone = 0
  /// Steps since the beginning.
  var stepCount = 0
  /// Of the running epoch.
  var lossSum = 0.0
  var examplesDone = 0
  var seconds = 0.0
  /// The epochs that are done.
  var history = TrainingHistory()
  var epochsWithoutGain = 0
  var plateau = PlateauSchedule(goal: .minimum, reduction: 0.5, patience: 0)
}

/// A training written down, to go on from there to the bit: one safetensors file with the state in its metadata.
struct TrainingCheckpoint {
  var state: TrainingState
  /// What is trained and how; a checkpoint fits no other.
  var fingerprint: String
  /// By part and name: `weights.…`, `optimizer.…`, `average.…`, `best.…`.
  var tensors: [String: Tensor]

  private static let format = "nlptool training checkpoint 1"

  init(state: TrainingState, fingerprint: String, tensors: [String: Tensor]) {
    (self.state, self.fingerprint, self.tensors) = (state, fingerprint, tensors)
  }

  init(contentsOf path: String) throws(FileError) {
    let file = try SafeTensors(contentsOf: path)
    guard file.metadata["format"] == Self.format, let text = file.metadata["state"],
      let fingerprint = file.metadata["fingerprint"],
      let state = try? JSONDecoder().decode(TrainingState.self, from: Data(text.utf8)),
      file.metadata["checksum"] == SafeTensors(tensors: file.tensors).checksum
    else { throw .damaged(path: path, reason: "it is no checkpoint, or parts of it have changed") }
    self.init(state: state, fingerprint: fingerprint, tensors: file.tensors)
  }

  func write(to path: String) throws(FileError) {
    guard let json = try? JSONEncoder().encode(state) else {
      throw .writeFailed(path: path, reason: "the state holds a number that JSON has no form for")
    }
    let content = SafeTensors(tensors: tensors)
    try SafeTensors(
      tensors: tensors,
      metadata: [
        "format": Self.format, "fingerprint": fingerprint, "checksum": content.checksum,
        "state": String(decoding: json, as: UTF8.self),
      ]
    ).write(to: path)
  }

  /// The tensors of one part, under their own names.
  func part(_ name: String) -> [String: Tensor] {
    Dictionary(
      tensors.compactMap { $0.key.hasPrefix("\(name).") ? (String($0.key.dropFirst(name.count + 1)), $0.value) : nil },
      uniquingKeysWith: { first, _ in first })
  }

  mutating func setPart(_ name: String, _ values: [String: Tensor]) {
    for (key, value) in values { tensors["\(name).\(key)"] = value }
  }
}

/// Where and how often a training is written down.
public struct CheckpointPlan: Sendable {
  /// The file.
  public var path: String
  /// Seconds between two of them; an epoch's end writes one too.
  public var interval: Double
  /// What is trained and how, in a few words of any kind: a checkpoint is refused where it differs.
  public var fingerprint: String
  /// Whether to go on from the file, where there is one.
  public var isResuming: Bool

  /// A plan.
  public init(path: String, interval: Double = 60, fingerprint: String, isResuming: Bool) {
    (self.path, self.interval, self.fingerprint, self.isResuming) = (path, interval, fingerprint, isResuming)
  }
}
