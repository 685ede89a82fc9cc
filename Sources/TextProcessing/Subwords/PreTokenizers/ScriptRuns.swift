import CICU

/// Runs of one script (UAX #24), as `tokenizers` finds them.
enum ScriptRuns {
  /// For each scalar ICU's number of its script; of unassigned ones and the space that of "unknown". Read from ICU once.
  private static let scripts: [UInt8] = {
    var table = [UInt8](repeating: cicu_script_unknown, count: 0x110000)
    for range in [0..<0x40000, 0xE0000..<0xE1000] {
      table.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress {
          cicu_scripts(UInt32(range.lowerBound), range.count, base + range.lowerBound)
        }
      }
    }
    for scalar in table.indices where table[scalar] == cicu_script_hiragana || table[scalar] == cicu_script_katakana {
      table[scalar] = cicu_script_han
    }
    // The mark of a long vowel is common to both kana.
    table[0x30FC] = cicu_script_han
    table[0x20] = cicu_script_unknown
    return table
  }()

  /// Appends the runs of a range.
  static func append(_ bytes: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) {
    let unknown = cicu_script_unknown
    bytes.withUnsafeBufferPointer { bytes in
      scripts.withUnsafeBufferPointer { scripts in
        var (start, current) = (range.upperBound, unknown)
        var index = range.lowerBound
        while index < range.upperBound {
          let (scalar, size) = UTF8Decoding.scalar(in: bytes, at: index)
          let script = scripts[Int(scalar)]
          if script != unknown, script != current {
            if current != unknown { parts.append(start..<index) }
            (start, current) = (index, script)
          }
          index += size
        }
        if current != unknown { parts.append(start..<range.upperBound) }
      }
    }
  }
}
