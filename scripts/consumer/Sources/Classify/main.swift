import TextModels
import TextProcessing
import Training

// Trains on a corpus, saves, loads and predicts, all from Swift.
let (corpus, model) = (CommandLine.arguments[1], CommandLine.arguments[2])
var options = TextModelTrainingOptions()
options.training.epochs = 3
let texts = try LabelledTexts(paths: [corpus], options: CorpusOptions())
let trained = try TextModelTraining(options).run(training: texts).model
try trained.write(to: model, replacing: true)

let classifier = try TextClassifier(contentsOf: model)
let prediction = classifier.predict("I would go back tomorrow.")
let again = try TextClassifier(trained).predict("I would go back tomorrow.")
precondition(prediction == again)
print(prediction.label, prediction.probability)
