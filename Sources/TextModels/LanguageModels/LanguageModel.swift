import NeuralNetworks
import Tensors
import TextProcessing
public import Training
public import VocabularyStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How well a language model foretells texts; its coded form is the JSON of `nlptool evaluate`.
public struct LanguageModelEvaluation: Sendable, Hashable, Encodable {
  /// e to the power of the loss.
  public let perplexity: Double
  /// Mean cross-entropy of a word in nats.
  public let loss: Double
  /// Words, the ends of texts counted.
  public let words: Int
  /// How many of them the vocabulary lacks.
  public let unknownWords: Int

  private enum CodingKeys: String, CodingKey {
    case perplexity, loss, words
    case unknownWords = "unknown_words"
  }

  /// What epochs are judged by.
  public var validation: ValidationResult { ValidationResult(.perplexity, perplexity, loss: loss, examples: words) }
}

/// A trained model that says how likely each word is to come next.
///
///     let model = try LanguageModel(contentsOf: "model")
///     print(model.evaluate(["the film was good"]).perplexity)
///
/// May be used from many threads at the same time.
public struct LanguageModel: Sendable {
  /// Stands behind each text.
  static let endToken = "<eos>"
  static let endID: Int32 = 2
  static let reservedTokens = Vocabulary.defaultReservedTokens + [endToken]

  /// The ids of words.
  public let vocabulary: Vocabulary
  /// Ids to scores.
  public let network: LanguageModelNetwork
  /// What is stored beside the weights.
  public internal(set) var description: LanguageModelDescription
  let tokenizer: Tokenizer
  private let workspaces: WorkspacePool

  init(
    vocabulary: Vocabulary, network: LanguageModelNetwork, description: LanguageModelDescription
  ) throws(TextModelError) {
    self.vocabulary = vocabulary
    self.network = network
    self.description = description
    do {
      tokenizer = try Tokenizer(vocabulary.settings)
    } catch {
      throw .tokenizer(error)
    }
    workspaces = WorkspacePool(tokenizer)
  }

  /// The ids of some texts, one behind the other, the end of a text before the first and behind each of them.
  func encode(_ texts: some Sequence<String>) -> [Int32] {
    var ids = [Self.endID]
    let known = vocabulary
    workspaces.withWorkspace { workspace in
      for text in texts {
        // A String is valid UTF-8, so that there is nothing to throw.
        if (try? tokenizer.tokenize(text.utf8.span, with: workspace)) != nil {
          for index in 0..<workspace.count {
            ids.append(workspace.withUTF8(at: index) { known.id(of: $0) ?? known.unknownID })
          }
        }
        ids.append(Self.endID)
      }
    }
    return ids
  }

  /// How well the model foretells texts that follow each other: every word and every end of a text, from what stands
  /// before it in this and all earlier texts.
  public func evaluate(_ texts: some Sequence<String>) -> LanguageModelEvaluation {
    network.evaluate(encode(texts), unknownID: vocabulary.unknownID)
  }
}

extension LanguageModelNetwork {
  /// Words that are foretold together.
  private static let windowLength = 128

  /// Judges the network on a text, of which the first word is given.
  func evaluate(_ ids: [Int32], unknownID: Int32) -> LanguageModelEvaluation {
    let streams = TokenStreams(ids, count: 1, windowLength: Self.windowLength)
    var states: [RecurrentStates]?
    var sum = 0.0
    for index in 0..<streams.windowCount {
      let (loss, next) = self.loss(streams.window(index), states: states)
      sum += Double(loss.scalar) * Double(streams.wordCount(ofWindow: index))
      states = next
    }
    let words = max(0, ids.count - 1)
    let mean = sum / Double(max(words, 1))
    return LanguageModelEvaluation(
      perplexity: exp(mean), loss: mean, words: words, unknownWords: ids.dropFirst().count { $0 == unknownID })
  }
}
