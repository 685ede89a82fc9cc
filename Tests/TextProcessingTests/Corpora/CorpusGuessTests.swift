import Testing

@testable import TextProcessing

@Suite struct CorpusGuessTests {
  private func guess(_ text: String, name: String = "x", _ options: CorpusOptions = .init()) throws -> String? {
    try CorpusReader(reader: LineReader(bytes: Array(text.utf8), name: name), options: options).guess
  }

  @Test func formats() throws {
    #expect(try guess("pos\tgood film\nneg\tbad film\n") == "TSV without header: label in column 1, text in column 2")
    #expect(
      try guess("id,review,sentiment\n1,\"good, film\",pos\n2,bad,neg\n")
        == "CSV with header: label in column 'sentiment', text in column 'review'")
    #expect(
      try guess("1,a nice film\n0,a bad film\n", name: "x.csv")
        == "CSV without header: label in column 1, text in column 2")
    #expect(try guess("{\"text\": \"a\", \"label\": \"b\"}\n") == "JSON Lines: label under 'label', text under 'text'")
    #expect(try guess("__label__a x\n") == "fastText: the label is the first word of a line")
    #expect(try guess("1 good\n0 bad\n") == "label-first: the label is the first word of a line")
    #expect(try guess("pos good\nneg bad\n") == "label-first: the label is the first word of a line")
    #expect(
      try guess("one text\nanother text\n", .init(requiresLabel: false))
        == "TSV without header: no label, text in column 1")
  }

  @Test func columns() throws {
    #expect(
      try guess("cat,label,review\na,1,good film\nb,0,bad film\n")
        == "CSV with header: label in column 'label', text in column 'review'")
    // A column that is different in each row is no label.
    #expect(
      try guess("7\tpos\ta good film\n8\tneg\ta bad film\n9\tpos\ta fine film\n")
        == "TSV without header: label in column 2, text in column 3")
    #expect(
      try guess("a\tb\n1\tx y\n2\tz z\n", .init(textColumn: .name("b"), labelColumn: .name("a")))
        == "TSV with header: label in column 'a', text in column 'b'")
    // All said: nothing to guess.
    let options = CorpusOptions(format: .tsv, textColumn: .number(2), labelColumn: .number(1), header: .no)
    #expect(try guess("1\tx\n", options) == nil)
  }

  @Test(
    .enabled(if: Corpora.areThere, "\(Corpora.missing)"),
    arguments: [
      ("imdb/train.tsv", "TSV without header: label in column 1, text in column 4", 25_000, 2),
      ("imdb/test.tsv", "TSV without header: label in column 1, text in column 4", 25_000, 2),
      ("mr/rt-polarity.all", "label-first: the label is the first word of a line", 10_662, 2),
      ("sst1/stsa.fine.train", "label-first: the label is the first word of a line", 8_544, 5),
      ("sst2/stsa.binary.train", "label-first: the label is the first word of a line", 6_920, 2),
      ("subj/subj.all", "label-first: the label is the first word of a line", 10_000, 2),
      ("trec/TREC.train.all", "label-first: the label is the first word of a line", 5_452, 6),
      ("chnsenticorp/train.tsv", "TSV without header: label in column 1, text in column 2", 9_600, 2),
      ("thucnews_titles/train.txt", "TSV without header: label in column 2, text in column 1", 45_000, 10),
      (
        "online_shopping_10_cats/online_shopping_10_cats.csv",
        "CSV with header: label in column 'label', text in column 'review'", 62_774, 2
      ),
    ])
  func realCorpora(file: String, guess: String, count: Int, labels: Int) throws {
    var reader = try CorpusReader(path: Corpora.path(file))
    #expect(reader.guess == guess)
    var found = 0
    var names: Set<String> = []
    while let record = try reader.next() {
      found += 1
      names.insert(record.label ?? "")
    }
    #expect(found == count && names.count == labels)
  }
}
