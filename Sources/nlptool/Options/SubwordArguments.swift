import ArgumentParser
import TextProcessing

/// What is done with the subwords of a text beyond what their tokenizer says.
struct SubwordArguments: ParsableArguments {
  @Flag(help: "Lines are pairs of texts with a tab between.")
  var pair = false

  @Option(
    help: ArgumentHelp(
      "Cut encodings off after so many tokens, those of the template among them. (default: what the tokenizer says)",
      valueName: "number"))
  var maxTokens: Int?

  @Option(
    help: ArgumentHelp(
      "Tokens that a part which was cut off repeats of the one before it. (default: what the tokenizer says, or 0)",
      valueName: "number"))
  var stride: Int?

  @Option(
    help: ArgumentHelp("Pad encodings to so many tokens. (default: what the tokenizer says)", valueName: "number"))
  var padTo: Int?

  @Option(
    help: ArgumentHelp(
      "Seed for dropout of merges: with the same one each line has the same tokens each time. (default: others each time)",
      valueName: "number"))
  var seed: UInt64?

  /// The first option that is given; nil for none.
  var given: String? {
    let options: [(name: String, isGiven: Bool)] = [
      ("--pair", pair), ("--max-tokens", maxTokens != nil), ("--stride", stride != nil), ("--pad-to", padTo != nil),
      ("--seed", seed != nil),
    ]
    return options.first(where: \.isGiven)?.name
  }

  /// Whether what is cut off is of interest.
  var asksForOverflow: Bool { maxTokens != nil || stride != nil }

  func validate() throws {
    if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens takes a number from 1 on") }
    if let stride, stride < 0 { throw ValidationError("--stride takes a number from 0 on") }
    if let stride, let maxTokens, stride >= maxTokens {
      throw ValidationError("--stride \(stride) leaves no progress in parts of --max-tokens \(maxTokens)")
    }
    if let padTo, !(1...1 << 20).contains(padTo) { throw ValidationError("--pad-to takes a number from 1 to 1048576") }
  }

  /// Changes how a tokenizer cuts and pads.
  func apply(to tokenizer: inout SubwordTokenizer, printsOverflow: Bool) throws {
    if let maxTokens {
      var truncation = tokenizer.truncation ?? Truncation(maximumLength: maxTokens)
      truncation.maximumLength = maxTokens
      tokenizer.truncation = truncation
    }
    if let stride {
      guard tokenizer.truncation != nil else {
        throw CommandFailure(.usage, "--stride is for texts that are cut: give --max-tokens too")
      }
      tokenizer.truncation?.stride = stride
    }
    tokenizer.truncation?.keepsOverflow = printsOverflow && asksForOverflow
    if let padTo {
      var padding = tokenizer.padding ?? Padding()
      if tokenizer.padding == nil {
        guard let token = ["[PAD]", "<pad>", "<|pad|>", "<|endoftext|>"].first(where: { tokenizer.id(of: $0) != nil }),
          let id = tokenizer.id(of: token)
        else {
          throw CommandFailure(.usage, "--pad-to needs a token for padding, such as [PAD]; the tokenizer has none")
        }
        (padding.token, padding.id) = (token, Int32(clamping: id))
      }
      padding.length = padTo
      tokenizer.padding = padding
    }
  }

  /// The seed of a line, however many threads there are; nil for none.
  func seed(ofLine number: Int) -> UInt64? {
    seed.map { ($0 &+ UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9 }
  }
}
