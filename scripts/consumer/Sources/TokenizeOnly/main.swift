import TextProcessing

let tokenizer = try Tokenizer()
print(tokenizer.tokens(in: "It works, 今天天气真好!").map(\.text).joined(separator: "|"))
