import BagModels
import NeuralNetworks
import Tensors
import TextModels

/// `model.py` of networks for texts.
enum PyTorchTextCode {
  // MARK: Classifiers

  static func code(for network: TextNetwork) throws(ExchangeError) -> String {
    let (vocabulary, width) = (network.embedding.weight.shape[0], network.embedding.weight.shape[1])
    let outputs = network.output.weight.shape
    let fixed = network.embedding.fixed != nil
    let encoder: String
    switch network.encoder {
    case let own as AverageEncoder: encoder = average(own)
    case let own as RecurrentEncoder: encoder = recurrent(own)
    case let own as ConvolutionEncoder: encoder = convolution(own)
    case let own as DeepPyramidEncoder: encoder = deepPyramid(own)
    case let own as CharacterConvolutionEncoder: encoder = characters(own)
    case let own as RecurrentConvolutionEncoder: encoder = recurrentConvolution(own)
    default: throw .inexpressible(format: "PyTorch", reason: "its encoder is \(type(of: network.encoder))")
    }
    return PyTorchCode.page(
      title: "Ids of texts [B, T] and their lengths [B] to logits [B, \(outputs[0])]",
      body: """
        \(sequences)


        class Embedding(nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = nn.Parameter(torch.empty(\(vocabulary), \(width)))
        \(fixed ? "        self.fixed = nn.Parameter(torch.empty(\(vocabulary), \(width)), requires_grad=False)\n" : "")
            def forward(self, ids):
        \(fixed
          ? "        return torch.cat([F.embedding(ids, self.weight), F.embedding(ids, self.fixed)], dim=2)"
          : "        return F.embedding(ids, self.weight)")


        \(encoder)


        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = Embedding()
                self.encoder = Encoder()
                self.output = nn.Linear(\(outputs[1]), \(outputs[0]))

            def forward(self, ids, lengths):
                return self.output(self.encoder(self.embedding(ids), lengths))


        \(loading)
        """)
  }

  private static let loading = """
    def load():
        model = Model()
        model.load_state_dict(weights())
        return model.eval()


    def run(model, example):
        return model(example["ids"].long(), example["lengths"].long())
    """

  /// What lies behind a length never matters.
  private static let sequences = """
    def before_length(values, lengths):
        return (torch.arange(values.shape[1], device=values.device)[None] < lengths[:, None]).unsqueeze(2)


    def masked(values, lengths):
        return values.where(before_length(values, lengths), torch.zeros(()))


    def max_over_time(values, lengths):
        return values.masked_fill(~before_length(values, lengths), -torch.inf).amax(1)


    def mean_over_time(values, lengths):
        return masked(values, lengths).sum(1) / lengths[:, None]
    """

  private static func average(_ encoder: AverageEncoder) -> String {
    let layers = encoder.hidden.map { "nn.Linear(\($0.weight.shape[1]), \($0.weight.shape[0]))" }
    return """
      class Encoder(nn.Module):
          def __init__(self):
              super().__init__()
              self.hidden = nn.ModuleList([\(layers.joined(separator: ", "))])

          def forward(self, words, lengths):
              x = mean_over_time(words, lengths)
              for layer in self.hidden:
                  x = F.relu(layer(x))
              return x
      """
  }

  /// The module of recurrent layers.
  private static func layers(_ layers: RecurrentLayers) -> String {
    let name: String
    var options = "batch_first=True"
    switch layers.kind {
    case .lstm: name = "LSTM"
    case .gru: name = "GRU"
    case .tanhRNN, .reluRNN:
      name = "RNN"
      if layers.kind == .reluRNN { options += ", nonlinearity=\"relu\"" }
    }
    if layers.isBidirectional { options += ", bidirectional=True" }
    if !layers.hasBias { options += ", bias=False" }
    return "nn.\(name)(\(layers.inputSize), \(layers.hiddenSize), \(layers.layerCount), \(options))"
  }

  /// The states of all steps, and those behind the last ones.
  private static let runRecurrent = """
            packed = nn.utils.rnn.pack_padded_sequence(words, lengths.cpu(), batch_first=True, enforce_sorted=False)
            states, last = self.recurrent(packed)
            states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=words.shape[1])
    """

  private static func recurrent(_ encoder: RecurrentEncoder) -> String {
    let last = encoder.recurrent.kind == .lstm ? "last[0]" : "last"
    let pooled: String
    var more: [String] = []
    switch encoder.pooling {
    case .last where encoder.recurrent.isBidirectional: pooled = "torch.cat([\(last)[-2], \(last)[-1]], dim=1)"
    case .last: pooled = "\(last)[-1]"
    case .mean: pooled = "mean_over_time(states, lengths)"
    case .max: pooled = "max_over_time(states, lengths)"
    case .maxMean:
      pooled = "torch.cat([max_over_time(states, lengths), mean_over_time(states, lengths)], dim=1)"
    case .attention:
      pooled = "self.attention(states, lengths)"
      let width = encoder.recurrent.outputSize
      more = [
        """
        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.projection = nn.Linear(\(width), \(width))
                self.context = nn.Parameter(torch.empty(1, \(width)))

            def forward(self, states, lengths):
                scores = F.linear(torch.tanh(self.projection(states)), self.context)
                shares = scores.masked_fill(~before_length(states, lengths), -torch.inf).softmax(1)
                return (masked(states, lengths) * shares).sum(1)


        """
      ]
    }
    return more.joined() + """
      class Encoder(nn.Module):
          def __init__(self):
              super().__init__()
              self.recurrent = \(layers(encoder.recurrent))
      \(encoder.attention == nil ? "" : "        self.attention = Attention()\n")
          def forward(self, words, lengths):
      \(runRecurrent)
              return \(pooled)
      """
  }

  private static func convolution(_ encoder: ConvolutionEncoder) -> String {
    let layers = encoder.convolutions.map { "nn.Conv1d(\($0.weight.shape[1]), \($0.weight.shape[0]), \($0.width))" }
    let widest = encoder.convolutions.map(\.width).max() ?? 1
    return """
      class Encoder(nn.Module):
          def __init__(self):
              super().__init__()
              self.convolutions = nn.ModuleList([\(layers.joined(separator: ", "))])

          def forward(self, words, lengths):
              # A text shorter than the widest filter is read as if zeros followed it.
              padded = F.pad(masked(words, lengths), (0, 0, 0, \(widest - 1))).transpose(1, 2)
              lengths = lengths.clamp(min=\(widest))
              return torch.cat(
                  [max_over_time(F.relu(layer(padded)).transpose(1, 2), lengths - layer.kernel_size[0] + 1)
                   for layer in self.convolutions], dim=1)
      """
  }

  private static func deepPyramid(_ encoder: DeepPyramidEncoder) -> String {
    let (filters, input) = (encoder.region.weight.shape[0], encoder.region.weight.shape[1])
    return """
      def convolved(layer, values, lengths):
          return layer(masked(values, lengths).transpose(1, 2)).transpose(1, 2)


      class Encoder(nn.Module):
          def __init__(self):
              super().__init__()
              self.region = nn.Conv1d(\(input), \(filters), 3, padding=1)
              self.convolutions = nn.ModuleList(
                  [nn.Conv1d(\(filters), \(filters), 3, padding=1) for _ in range(\(encoder.convolutions.count))])

          def forward(self, words, lengths):
              x = convolved(self.region, words, lengths)
              for block in range(0, len(self.convolutions), 2):
                  if block:
                      shown = x.masked_fill(~before_length(x, lengths), -torch.inf)
                      x = F.max_pool1d(F.pad(shown.transpose(1, 2), (0, 2), value=-torch.inf), 3, 2).transpose(1, 2)
                      lengths = (lengths + 1) // 2
                  inner = x
                  for layer in self.convolutions[block : block + 2]:
                      inner = convolved(layer, F.relu(inner), lengths)
                  x = x + inner
              return max_over_time(x, lengths)
      """
  }

  private static func characters(_ encoder: CharacterConvolutionEncoder) -> String {
    let layers = encoder.convolutions.map {
      "nn.Conv1d(\($0.weight.shape[1]), \($0.weight.shape[0]), \($0.weight.shape[2]))"
    }
    let hidden = encoder.hidden.map { "nn.Linear(\($0.weight.shape[1]), \($0.weight.shape[0]))" }
    let pooled = CharacterConvolutionEncoder.pooled.sorted().map(String.init).joined(separator: ", ")
    return """
      class Encoder(nn.Module):
          def __init__(self):
              super().__init__()
              self.convolutions = nn.ModuleList([
                  \(layers.joined(separator: ",\n            "))])
              self.hidden = nn.ModuleList([\(hidden.joined(separator: ", "))])

          def forward(self, words, lengths):
              # Exactly so many characters: zeros follow shorter texts.
              x = F.pad(masked(words, lengths), (0, 0, 0, \(encoder.length)))[:, :\(encoder.length)].transpose(1, 2)
              for index, layer in enumerate(self.convolutions):
                  x = F.relu(layer(x))
                  if index in (\(pooled)):
                      x = F.max_pool1d(F.pad(x, (0, 2), value=-torch.inf), 3, 3)
              x = x.transpose(1, 2).flatten(1)
              for layer in self.hidden:
                  x = F.relu(layer(x))
              return x
      """
  }

  private static func recurrentConvolution(_ encoder: RecurrentConvolutionEncoder) -> String {
    let shape = encoder.projection.weight.shape
    return """
      class Encoder(nn.Module):
          def __init__(self):
              super().__init__()
              self.recurrent = \(layers(encoder.recurrent))
              self.projection = nn.Linear(\(shape[1]), \(shape[0]))

          def forward(self, words, lengths):
      \(runRecurrent)
              joined = torch.cat([states, words], dim=2)
              return max_over_time(torch.tanh(self.projection(joined)), lengths)
      """
  }

  // MARK: Other models

  static func code(for network: LanguageModelNetwork) -> String {
    let shape = network.embedding.weight.shape
    let isTied = network.output.weight == nil
    return PyTorchCode.page(
      title: "A language model: ids of words [B, T] to logits [B, T, \(shape[0])] of those that follow",
      body: """
        class Output(nn.Module):
            def __init__(self):
                super().__init__()
        \(isTied ? "" : "        self.weight = nn.Parameter(torch.empty(\(shape[0]), \(network.recurrent.outputSize)))\n")\
                self.bias = nn.Parameter(torch.empty(\(shape[0])))


        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding = nn.Embedding(\(shape[0]), \(shape[1]))
                self.recurrent = \(layers(network.recurrent))
                self.output = Output()

            def forward(self, ids, states=None):
                outputs, states = self.recurrent(self.embedding(ids), states)
                return F.linear(outputs, self.\(isTied ? "embedding" : "output").weight, self.output.bias), states


        def load():
            model = Model()
            model.load_state_dict(weights())
            return model.eval()


        def run(model, example):
            logits, _ = model(example["ids"].long())
            behind = torch.arange(logits.shape[1])[None] >= example["lengths"][:, None]
            return logits.masked_fill(behind.unsqueeze(2), 0)
        """)
  }

  static func code(for classifier: BagClassifier) -> String {
    let (labels, dimensions) = (classifier.labels.count, classifier.dimensions)
    let isTree = classifier.options.loss == .hierarchicalSoftmax
    let outputs = isTree ? max(1, labels - 1) : labels
    let paths = """
              self.register_buffer("right", torch.empty(\(outputs), \(labels)))
              self.register_buffer("left", torch.empty(\(outputs), \(labels)))

      """
    let finish =
      isTree
      ? "        return F.logsigmoid(scores) @ self.right + F.logsigmoid(-scores) @ self.left" : "        return scores"
    return PyTorchCode.page(
      title: "Rows of the features of texts [B, T] and their lengths [B] to logits [B, \(labels)]",
      body: """
        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.rows = nn.EmbeddingBag(\(classifier.rowCount), \(dimensions), mode="mean")
                self.output = nn.Linear(\(dimensions), \(outputs), bias=False)
        \(isTree ? paths : "")
            def forward(self, ids, lengths):
                shown = torch.arange(ids.shape[1], device=ids.device)[None] < lengths[:, None]
                scores = self.output(self.rows(ids[shown], torch.cumsum(lengths, 0) - lengths))
        \(finish)


        \(loading)
        """)
  }
}
