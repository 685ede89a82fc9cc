import Glibc

/// The file in which a training is written down while it runs: the model's folder with `.checkpoint` behind its name.
struct CheckpointFile {
  let path: String
  /// Whether the training goes on from it: somebody asked for that, and it is there.
  let isResuming: Bool

  /// - Parameters:
  ///   - resume: whether to go on where a training was cut off.
  ///   - force: whether a training that was cut off may be given up.
  init(ofModel output: String, resume: Bool, force: Bool) throws(CommandFailure) {
    var name = output
    while name.count > 1, name.hasSuffix("/") { name.removeLast() }
    path = name + ".checkpoint"
    let exists = access(path, F_OK) == 0
    guard !exists || resume || force else {
      throw CommandFailure(
        .cannotCreate,
        "\(path): a training that was cut off is written down there; --resume goes on with it, --force "
          + "begins anew")
    }
    isResuming = resume && exists
  }
}
