import Foundation
import TextProcessing

/// A tokenizer's settings together with the one JSON form that fingerprints and files hold.
struct SettingsForm: Sendable {
  let settings: TokenizerSettings
  let json: [UInt8]

  /// Writes the settings: keys sorted, so that equal settings are equal bytes.
  init(_ settings: TokenizerSettings) throws(VocabularyError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      json = [UInt8](try encoder.encode(settings))
    } catch {
      throw .invalidOptions(reason: "the tokenizer's settings cannot be written")
    }
    self.settings = settings
  }

  /// Reads settings; nil where they are none that this release knows.
  init?(json: some Collection<UInt8>) {
    guard let settings = try? JSONDecoder().decode(TokenizerSettings.self, from: Data(json)) else { return nil }
    self.settings = settings
    self.json = [UInt8](json)
  }
}
