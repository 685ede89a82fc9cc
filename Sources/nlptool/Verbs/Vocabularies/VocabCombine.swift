import ArgumentParser
import Glibc
import TextProcessing
import VocabularyStore

extension Vocab {
  /// `nlptool vocab merge`
  struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make one vocabulary of several: counts are added, and tokens get new ids.",
      discussion: """
        The vocabularies must be of texts that were cut in the same way.

        Example:
          nlptool vocab merge monday.sqlite tuesday.sqlite --output week.sqlite --minimum-count 2
        """)

    @Argument(help: ArgumentHelp("Files of the vocabularies.", valueName: "vocabulary"))
    var vocabularies: [String]

    @Option(
      help: ArgumentHelp(
        "Name of the vocabularies in the files. (default: the only one, or 'default')", valueName: "name"))
    var from: String?

    @OptionGroup var selection: Selection

    func run() throws {
      try selection.prepare()
      let parts = try vocabularies.map { try VocabularyStore.open($0).vocabulary(named: from) }
      for (path, part) in zip(vocabularies, parts) where part.settings != parts[0].settings {
        throw CommandFailure(
          .content, "\(path) is of texts that were cut in another way than those of \(vocabularies[0]); build it again")
      }
      try selection.write(parts)
    }
  }

  /// `nlptool vocab prune`
  struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Leave rare tokens out of a vocabulary; the others get new ids.",
      discussion: """
        Example:
          nlptool vocab prune words.sqlite --output small.sqlite --minimum-count 5 --maximum-size 30000
        """)

    @Argument(help: ArgumentHelp("File of the vocabulary.", valueName: "vocabulary"))
    var vocabulary: String

    @Option(
      help: ArgumentHelp("Name of the vocabulary in the file. (default: the only one, or 'default')", valueName: "name")
    )
    var from: String?

    @OptionGroup var selection: Selection

    func validate() throws {
      if selection.minimumCount == 1, selection.maximumSize == nil {
        throw ValidationError("say what to leave out: --minimum-count or --maximum-size")
      }
    }

    func run() throws {
      try selection.prepare()
      try selection.write([try VocabularyStore.open(vocabulary).vocabulary(named: from)])
    }
  }

  /// Where a new vocabulary goes, and which tokens are kept.
  struct Selection: ParsableArguments {
    @OptionGroup var destination: VocabularyDestination

    @Option(help: ArgumentHelp("Leave out tokens that occur less often.", valueName: "number"))
    var minimumCount = 1

    @Option(help: ArgumentHelp("Tokens, at most, the reserved ones counted. (default: no limit)", valueName: "number"))
    var maximumSize: Int?

    func validate() throws {
      if minimumCount < 1 { throw ValidationError("--minimum-count takes a number from 1 on") }
      if let maximumSize, maximumSize < 3 { throw ValidationError("--maximum-size takes a number from 3 on") }
    }

    func prepare() throws { try destination.prepare() }

    /// Distinct tokens that are not reserved.
    private func distinctCount(_ parts: [Vocabulary]) -> Int {
      Set(parts.flatMap { $0.entries.filter { !$0.isReserved }.map(\.token) }).count
    }

    /// Writes the sum of some vocabularies with equal settings.
    func write(_ parts: [Vocabulary]) throws {
      var counter = VocabularyCounter()
      var reserved: [String] = []
      for part in parts {
        for entry in part.entries {
          if entry.isReserved, !reserved.contains(entry.text) { reserved.append(entry.text) }
          // What nobody counted is there at least; a reserved token has the count of its name in the texts.
          counter.add(entry.token.span, count: entry.isReserved ? entry.count : max(entry.count, 1))
        }
      }
      let vocabulary = try counter.build(
        minimumCount: minimumCount, maximumSize: maximumSize, reserved: reserved, settings: parts[0].settings)
      try destination.write(vocabulary)
      StandardError.write(
        "\(vocabulary.count - reserved.count) of \(distinctCount(parts)) tokens, and \(reserved.count) reserved ones; "
          + "\(destination.hint)\n")
    }
  }

  /// `nlptool vocab diff`
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell how two vocabularies differ.",
      discussion: """
        Lines: "-" and a token that only the first has, "+" one that only the second has, "~" one whose count or id \
        differs, with both. The exit code is 0 in any case.

        Example:
          nlptool vocab diff old.sqlite new.sqlite --limit 20
        """)

    @Argument(help: ArgumentHelp("File of a vocabulary.", valueName: "first"))
    var first: String

    @Argument(help: ArgumentHelp("File of another one.", valueName: "second"))
    var second: String

    @Option(
      help: ArgumentHelp(
        "Name of the vocabulary in both files. (default: the only one, or 'default')", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Name of the second where it is another one.", valueName: "name"))
    var secondName: String?

    @Option(help: ArgumentHelp("Lines of each kind, at most.", valueName: "number"))
    var limit = 10

    func validate() throws {
      if limit < 0 { throw ValidationError("--limit takes a number from 0 on") }
    }

    func run() throws {
      let old = try VocabularyStore.open(first).vocabulary(named: name)
      let new = try VocabularyStore.open(second).vocabulary(named: secondName ?? name)
      var (removed, added, changed) = ([VocabularyEntry](), [VocabularyEntry](), [(VocabularyEntry, VocabularyEntry)]())
      var moved = 0
      for entry in old.entries {
        guard let other = new.id(of: entry.token.span).flatMap({ new.entry($0) }) else {
          removed.append(entry)
          continue
        }
        if other.id != entry.id { moved += 1 }
        if other.count != entry.count || other.id != entry.id { changed.append((entry, other)) }
      }
      for entry in new.entries where old.id(of: entry.token.span) == nil { added.append(entry) }
      var table = TextTable()
      table.add("only in the first", "\(removed.count)")
      table.add("only in the second", "\(added.count)")
      table.add("in both", "\(old.count - removed.count)")
      table.add("with another id", "\(moved)")
      table.add("settings", old.settings == new.settings ? "the same" : "different")
      var lines = table.text
      func shown(_ entry: VocabularyEntry) -> String { String(entry.text.asJSON.dropFirst().dropLast()) }
      for entry in removed.prefix(limit) { lines += "- \(shown(entry))\t\(entry.count)\n" }
      for entry in added.prefix(limit) { lines += "+ \(shown(entry))\t\(entry.count)\n" }
      for (a, b) in changed.prefix(limit) { lines += "~ \(shown(a))\t\(a.count) → \(b.count)\tid \(a.id) → \(b.id)\n" }
      try StandardOutput.shared.write(lines)
    }
  }
}
