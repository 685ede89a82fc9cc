import ModelExchange

/// What `info` says of an ONNX file.
struct ONNXReport: InfoReport {
  private let summary: ONNXSummary

  init(_ summary: ONNXSummary) { self.summary = summary }

  func encode(to encoder: any Encoder) throws { try summary.encode(to: encoder) }

  /// Longer texts, as the labels of a thousand classes, are cut; `--json` has them whole.
  private static let longestLine = 160

  var text: String {
    var text = "ONNX, version \(summary.irVersion) of the format, "
    text += "operators of version \(summary.opset.map(String.init) ?? "?")"
    if !summary.producer.isEmpty { text += ", written by \(Self.shown(summary.producer))" }
    var values = TextTable()
    for input in summary.inputs { values.add("input", Self.shown(input.name), Self.shown(input.form)) }
    for output in summary.outputs { values.add("output", Self.shown(output.name), Self.shown(output.form)) }
    text += "\n\n\(values.text)\n"
    var operators = TextTable()
    for one in summary.operators {
      operators.add(Self.shown(one.name), "\(one.count)", one.isSupported ? "" : "is not supported")
    }
    text += "\(operators.text)\n\(summary.parameters) parameters\n"
    for (key, value) in summary.metadata.sorted(by: { $0.key < $1.key }) {
      text += "\(Self.shown(key)): \(Self.shown(value))\n"
    }
    return text
  }

  /// On one line, and without what a terminal would obey.
  private static func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(longestLine).map {
      $0.properties.generalCategory == .control ? " " : $0
    }
    return String(String.UnicodeScalarView(scalars)) + (text.unicodeScalars.count > longestLine ? "…" : "")
  }
}
