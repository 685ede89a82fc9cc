import ArgumentParser
import ModelExchange
import ModelFiles

/// `nlptool export`
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a trained model for other programs.",
    discussion: """
      As onnx (the default): one file for ONNX Runtime and its like, opset 17, any batch size and any length. Texts come \
      in as ids, int64 [batch, time], and lengths, int64 [batch], images as image, float [batch, channels, height, \
      width]; logits, float [batch, labels], come out. Labels, tokenizer and preparation stand in the metadata. The file \
      is run before it is written, on inputs of several lengths and batch sizes, and must give the model's logits. Layers \
      that nlptool quantize --calibrate made are written with QuantizeLinear and DequantizeLinear.

      As safetensors: the weights by PyTorch's names, with the same metadata. As pytorch: a folder with these weights, \
      a model.py that rebuilds the network with torch alone, and an example that it computes again.

      As coreml: a package for Core ML, an ML Program for iOS 16 and macOS 13 or later. One text or image at a time: ids, \
      int32 [1, time], exactly the tokens, or image, float [1, channels, height, width]; logits come out, and where one \
      label is right, classLabel and classLabel_probs. Labels and preparation stand in the user-defined metadata.

      --with-tokenizer writes a folder beside it: the vocabulary, and how to get the same ids in Python.

      Examples:
        nlptool export model --output model.onnx --with-tokenizer tokenizer
        nlptool export model --int8 --output small.onnx
        nlptool export model --to safetensors --output model.safetensors
        nlptool export model --to coreml --output model.mlpackage
        nlptool export model --to pytorch --output model-torch && python model-torch/model.py
      """)

  @Argument(help: ArgumentHelp("Folder of a model.", valueName: "model"))
  var model: String

  @Option(help: "Format.")
  var to = ExportFormat.onnx

  @Option(name: .shortAndLong, help: ArgumentHelp("File or folder to write.", valueName: "path"))
  var output: String

  @Option(
    help: ArgumentHelp("Folder for the vocabulary and the tokenizer for Python.", valueName: "folder"))
  var withTokenizer: String?

  @Flag(
    help:
      "Write weights of an ONNX file as bytes with a scale for each row: a quarter of the size, about the same logits.")
  var int8 = false

  @Flag(
    inversion: .prefixedNo,
    help: "Run an ONNX file by nlptool's own reader and compare its logits with the model's.")
  var verify = true

  @Flag(help: "Replace what is there already.")
  var force = false

  @Flag(name: .shortAndLong, help: "Say nothing.")
  var quiet = false

  func run() throws {
    switch to {
    case .onnx, .safetensors: try checkWritable(file: output, replacing: force)
    case .pytorch: try PyTorchDocument.checkWritable(to: output, replacing: force)
    case .coreml:
      guard output.split(separator: "/").last?.hasSuffix(".\(CoreMLDocument.fileExtension)") == true else {
        throw ValidationError("--output must end in .\(CoreMLDocument.fileExtension): Core ML knows a package by that")
      }
      try CoreMLDocument.checkWritable(to: output, replacing: force)
    }
    if int8, to != .onnx { throw ValidationError("--int8 is for --to onnx") }
    let stored = try StoredModel(contentsOf: model)
    let roundsInputs = stored.roundsInputs
    if int8 { stored.round() }
    // Both or neither.
    let tokenizer = try withTokenizer.map { folder in
      try TokenizerDocument.checkWritable(to: folder, replacing: force)
      return try TokenizerDocument(stored)
    }
    switch to {
    case .onnx:
      let document = try ONNXDocument(stored, quantizes: int8)
      // Before anything is there that somebody could take for good.
      let difference = verify ? try document.verify(against: stored, path: output) : nil
      try document.write(to: output, replacing: force)
      if let difference, !quiet {
        let way = roundsInputs ? "with Float32 in place of bytes, " : ""
        StandardError.write("\(output): verified, \(way)\(differenceText(difference))\n")
      }
    case .safetensors: try stored.writeWeights(to: output, replacing: force)
    case .pytorch: try PyTorchDocument(stored).write(to: output, replacing: force)
    case .coreml: try CoreMLDocument(stored).write(to: output, replacing: force)
    }
    if let withTokenizer, let tokenizer { try write(tokenizer, to: withTokenizer) }
  }

  private func differenceText(_ difference: Float) -> String {
    difference == 0
      ? "the same logits" : "logits differ by \(Double(difference).scientific) of the largest at most"
  }

  private func write(_ tokenizer: TokenizerDocument, to folder: String) throws {
    try tokenizer.write(to: folder, replacing: force)
    if let limitation = tokenizer.limitation, !quiet {
      StandardError.write("\(folder): the ids cannot be found in Python, since \(limitation); see README.md there\n")
    }
  }
}

/// What models are written as.
enum ExportFormat: String, CaseIterable, ExpressibleByArgument {
  case onnx, safetensors, pytorch, coreml
}
