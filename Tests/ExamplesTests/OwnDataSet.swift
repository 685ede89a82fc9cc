import BagModels
import TextModels
import TextProcessing
import Testing

// Example: texts of one's own, from wherever they come.
//
// Training takes `LabelledTexts`: examples in memory, made of a database, a queue or, as here, a log. The same texts train a
// network or fastText's classifier.

/// A ticket of a help desk.
private struct Ticket {
  let subject: String
  let body: String
  let queue: String
}

private let tickets: [Ticket] = (0..<90).map { index in
  switch index % 3 {
  case 0: Ticket(subject: "Cannot log in", body: "The password is refused, \(index) times now.", queue: "accounts")
  case 1: Ticket(subject: "Wrong amount", body: "My invoice says \(index) euros too much.", queue: "billing")
  default: Ticket(subject: "Parcel lost", body: "The delivery of \(index) has not arrived.", queue: "shipping")
  }
}

@Suite("Examples: texts of one's own")
struct OwnDataSetExample {
  @Test("tickets become texts with labels; a network and a bag learn them")
  func trains() throws {
    let texts = LabelledTexts(
      tickets.map { .init(text: "\($0.subject)\n\($0.body)", label: $0.queue, source: "tickets") })
    #expect(texts.labels == ["accounts", "billing", "shipping"])

    var options = TextModelTrainingOptions()
    options.network = TextNetworkOptions(.mlp)
    options.network.embedding.size = 16
    options.training.optimizer.learningRate = 1e-2
    let model = try TextModelTraining(options).run(training: texts).model
    let classifier = try TextClassifier(model)
    #expect(classifier.predict("the invoice is wrong").label == "billing")

    var collection = try TextCollection(tokenizer: TokenizerSettings(lowercase: true))
    for example in texts.examples { collection.append(example.text, labels: example.labels) }
    var bagOptions = BagClassifierOptions()
    bagOptions.epochs = 20
    let bag = try BagClassifierTraining(bagOptions).run(collection)
    #expect(bag.predict("my password is refused")[0].label == "accounts")
  }
}
