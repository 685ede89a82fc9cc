import ArgumentParser
import ImageData

/// How sets of images are read by verbs that are for texts too; the column of labels is that of `CorpusArguments`.
struct ImageSetArguments: ParsableArguments {
  @Flag(help: "Leave damaged images out and count them, where otherwise the first ends the command.")
  var skipBad = false

  @Option(
    help: ArgumentHelp("Column of a table of images that holds paths. (default: path, file, …)", valueName: "name"))
  var pathColumn: String?

  func options(labelColumn: String?) -> ImageDataOptions {
    ImageDataOptions(pathColumn: pathColumn, labelColumn: labelColumn, skipBad: skipBad)
  }

  /// Refuses what is for images, where a model is for texts.
  func checkNone() throws {
    if skipBad || pathColumn != nil { throw ValidationError("--skip-bad and --path-column are for models of images") }
  }
}
