import Foundation
import ModelFiles
import TextProcessing
import VocabularyStore

/// Where the vocabulary of a model lies: the model's folder, a database of vocabularies, or the `vocab.txt` that
/// ``TokenizerDocument`` writes, alone or in its folder.
struct VocabularyFile {
  private let path: String

  init(_ path: String) { self.path = path }

  /// Reads it.
  ///
  /// - Parameter settings: how texts are divided, which a list of tokens does not say.
  /// - Throws: `ExchangeError`, `VocabularyError`.
  func read(_ settings: TokenizerSettings) throws -> Vocabulary {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ExchangeError.file(.missing(path: path))
    }
    if isFolder.boolValue {
      for name in ["vocabulary.sqlite", "vocab.txt"] where FileManager.default.fileExists(atPath: "\(path)/\(name)") {
        return try VocabularyFile("\(path)/\(name)").read(settings)
      }
      throw ExchangeError.unsuitable(
        path: path, reason: "neither vocabulary.sqlite nor vocab.txt is in it; give the folder of a model of texts")
    }
    // The list beside it has the same tokens, byte by byte.
    if path.hasSuffix("tokenizer.json") {
      return try VocabularyFile(String(path.dropLast("tokenizer.json".count)) + "vocab.txt").read(settings)
    }
    return path.hasSuffix(".txt") ? try list(settings) : try VocabularyStore.open(path).vocabulary()
  }

  /// A token a line, the reserved ones first.
  private func list(_ settings: TokenizerSettings) throws -> Vocabulary {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try readFile(path, limit: 1 << 32) } catch { throw ExchangeError.file(error) }
    let tokens = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
    guard tokens.count > 2 else {
      throw ExchangeError.unsuitable(path: path, reason: "\(tokens.count) lines are no list of tokens; export it again")
    }
    return try Vocabulary(words: tokens.dropFirst(2), reserved: Array(tokens.prefix(2)), settings: settings)
  }
}
