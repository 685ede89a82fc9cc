import Glibc

extension BinaryFloatingPoint where Self: CustomStringConvertible {
  /// The number in JSON, which has no form for what is none or infinite: null.
  var asJSON: String { isFinite ? description : "null" }
}

extension Double {
  /// A small number with the power of ten: `1.3e-6`.
  var scientific: String {
    guard self > 0, isFinite else { return "\(self)" }
    let exponent = log10(self).rounded(.down)
    return "\((self / pow(10, exponent)).fixed(1))e\(Int(exponent))"
  }

  /// With a fixed number of digits behind the point.
  func fixed(_ digits: Int) -> String {
    guard isFinite else { return "\(self)" }
    let scale = pow(10, Double(digits))
    let scaled = (magnitude * scale).rounded()
    guard scaled < 1e18 else { return "\(self)" }
    let (whole, fraction) = Int(scaled).quotientAndRemainder(dividingBy: Int(scale))
    let sign = self < 0 && scaled > 0 ? "-" : ""
    if digits == 0 { return "\(sign)\(whole)" }
    let tail = String(fraction)
    return "\(sign)\(whole).\(String(repeating: "0", count: digits - tail.count))\(tail)"
  }

  /// Seconds as a person says them.
  var asDuration: String {
    let seconds = Int(rounded())
    if self < 9.95 { return "\(fixed(1)) s" }
    if seconds < 90 { return "\(seconds) s" }
    if seconds < 5400 { return "\(seconds / 60) min \(seconds % 60) s" }
    return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
  }
}

extension Float {
  /// With two digits, as a person chooses a rate.
  var withTwoDigits: Float {
    guard isFinite, self > 0 else { return self }
    let power = pow(10, (1 - log10(Double(self)).rounded(.down)).magnitude)
    let isSmall = log10(Double(self)) < 1
    return Float(isSmall ? (Double(self) * power).rounded() / power : (Double(self) / power).rounded() * power)
  }
}

/// Columns of text, the first to the left and the others to the right.
struct TextTable {
  private var rows: [[String]] = []

  mutating func add(_ cells: String...) { rows.append(cells) }
  mutating func add(cells: [String]) { rows.append(cells) }

  /// The lines, each ended.
  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].displayWidth : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.displayWidth)
        return column == 0 ? cell + padding : padding + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}

extension String {
  /// Columns that a terminal takes for the text; East Asian characters take two.
  var displayWidth: Int {
    reduce(0) { width, character in
      guard let scalar = character.unicodeScalars.first else { return width }
      let isWide =
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
          0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
          true
        default: false
        }
      return width + (isWide ? 2 : 1)
    }
  }

  /// As a string of JSON, with its quotation marks.
  var asJSON: String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
