import CICU

/// How wide texts are on a terminal.
public enum DisplayWidth {
  /// Columns that a text takes: two for what is wide in East Asia (UAX #11) and for emoji, none for marks and controls.
  public static func columns(_ text: String) -> Int {
    text.reduce(0) { width, character in
      let scalars = character.unicodeScalars
      if scalars.count > 1, scalars.contains(where: { $0 == "\u{FE0F}" || $0 == "\u{200D}" }) { return width + 2 }
      return width + (scalars.map { Int(cicu_display_width($0.value)) }.max() ?? 0)
    }
  }
}
