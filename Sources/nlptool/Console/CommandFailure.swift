import ArgumentParser
import BagModels
import Glibc
import ImageData
import ImageModels
import ModelBundles
import ModelExchange
import ModelFiles
import TextModels
import TextProcessing
import Training
import VocabularyStore

/// Why a verb ends early: one line for standard error, and the exit code.
struct CommandFailure: Error {
  /// The exit codes of `sysexits.h` that nlptool uses.
  enum Code: Int32 {
    case usage = 64
    case content = 65
    case input = 66
    case software = 70
    case cannotCreate = 73
    case writeFailed = 74
    case interrupted = 130
  }

  let code: Code
  let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The failure that an error of a library stands for; `nil` for errors of the argument parser.
  init?(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    // Of a verb that runs already; those of the parser come in a form of its own, with the usage.
    case let error as ValidationError: self.init(.usage, error.message)
    case let error as TextModelError: self.init(Self.code(of: error), error.description)
    case let error as ImageModelError: self.init(Self.code(of: error), error.description)
    case let error as ImageError: self.init(Self.code(of: error), error.description)
    case let error as BundleError: self.init(Self.code(of: error), error.description)
    case let error as BagModelError: self.init(Self.code(of: error), error.description)
    case let error as FileError: self.init(Self.code(of: error), error.description)
    case let error as ExchangeError: self.init(Self.code(of: error), error.description)
    case let error as VocabularyError: self.init(Self.code(of: error), "\(error)")
    case let error as CorpusError: self.init(Self.code(of: error), "\(error)")
    case let error as TokenizerError: self.init(Self.code(of: error), "\(error)")
    case let error as SubwordTokenizerError: self.init(Self.code(of: error), "\(error)")
    case TrainingError.file(let error): self.init(Self.code(of: error), error.description)
    case let error as TrainingError: self.init(.content, error.description)
    case let error as InvalidUTF8: self.init(.content, "\(error)")
    default: return nil
    }
  }

  func exit() -> Never {
    // Labels and paths may hold anything: the message stays one line, and a terminal gets no commands.
    let line = String.UnicodeScalarView(
      message.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 })
    if !message.isEmpty { StandardError.write("nlptool: \(String(line))\n") }
    Glibc.exit(code.rawValue)
  }

  /// Ends the process from whatever thread needed the memory; the results until here are written out.
  @Sendable
  static func outOfMemory(_ byteCount: Int) -> Never {
    StandardError.write(
      "nlptool: no memory left for another \(max(1, byteCount >> 20)) MB; choose a smaller --batch-size, shorter texts "
        + "(--maximum-length) or a smaller network\n")
    try? StandardOutput.shared.flush()
    _exit(Code.software.rawValue)
  }

  private static func code(of error: TextModelError) -> Code {
    switch error {
    case .file(let error): code(of: error)
    case .vocabulary(let error): code(of: error)
    case .corpus(let error): code(of: error)
    case .impossibleNetwork, .noSuchParameter: .usage
    case .tokenizer, .mismatch, .noExamples, .noLabels, .singleClass, .unknownLabel, .labelIsNoNumber, .tooFewExamples,
      .otherTask:
      .content
    }
  }

  private static func code(of error: ImageModelError) -> Code {
    switch error {
    case .file(let error): code(of: error)
    case .image(let error): code(of: error)
    case .noSuchParameter, .invalidOptions: .usage
    case .mismatch, .otherArchitecture, .unknownArchitecture, .wrongLabels, .noLabels, .singleClass, .otherClassCount:
      .content
    }
  }

  private static func code(of error: ImageError) -> Code {
    switch error.category {
    case .usage: .usage
    case .content: .content
    case .input: .input
    }
  }

  private static func code(of error: ExchangeError) -> Code {
    switch error {
    case .file(let error): code(of: error)
    case .malformed, .unsupported, .wrongInput, .unsuitable, .inexpressible: .content
    case .differs: .software
    }
  }

  private static func code(of error: BundleError) -> Code {
    switch error {
    case .file(let error): code(of: error)
    case .vocabulary(let error): code(of: error)
    case .mismatch: .content
    }
  }

  private static func code(of error: BagModelError) -> Code {
    switch error {
    case .file(let error): code(of: error)
    case .vocabulary(let error): code(of: error)
    case .corpus(let error): code(of: error)
    case .tokenizer(let error): code(of: error)
    case .invalidOptions, .outOfMemory: .usage
    case .cancelled: .interrupted
    case .mismatch, .noTexts, .singleLabel, .diverged, .badLine, .unusableVectors: .content
    }
  }

  private static func code(of error: FileError) -> Code {
    switch error {
    case .missing, .unreadable, .notAModel: .input
    case .damaged, .newerFormat: .content
    case .alreadyExists, .cannotCreate: .cannotCreate
    case .writeFailed: .writeFailed
    }
  }

  private static func code(of error: TokenizerError) -> Code {
    switch error {
    case .icu: .software
    default: .usage
    }
  }

  private static func code(of error: SubwordTokenizerError) -> Code {
    switch error {
    case .file(let error): code(of: error)
    case .cannotCreate: .cannotCreate
    case .cannotWrite: .writeFailed
    default: .content
    }
  }

  private static func code(of error: VocabularyError) -> Code {
    switch error {
    case .invalidOptions: .usage
    case .missing, .unreadable: .input
    case .alreadyExists, .nameIsTaken, .cannotCreate, .cannotChange: .cannotCreate
    case .writeFailed: .writeFailed
    default: .content
    }
  }

  private static func code(of error: CorpusError) -> Code {
    switch error.category {
    case .usage: .usage
    case .content: .content
    case .input: .input
    }
  }
}
