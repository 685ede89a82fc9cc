import CICU

/// The normalisation forms of Unicode (UAX #15).
public enum NormalizationForm: String, Sendable, Codable, CaseIterable {
  /// Canonical composition: é is one scalar.
  case nfc
  /// Canonical decomposition: é is e with a combining accent.
  case nfd
  /// Composition that also replaces compatibility characters: ﬁ becomes fi, full-width letters become plain ones.
  case nfkc
  /// Decomposition that also replaces compatibility characters.
  case nfkd

  var cicuForm: cicu_normal_form {
    switch self {
    case .nfc: cicu_nfc
    case .nfd: cicu_nfd
    case .nfkc: cicu_nfkc
    case .nfkd: cicu_nfkd
    }
  }
}
