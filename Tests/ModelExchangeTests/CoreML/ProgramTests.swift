import ImageModels
import NeuralNetworks
import Tensors
import Testing
import TextModels

@testable import ModelExchange

@Suite("Programs for Core ML")
struct ProgramTests {
  /// A layer of one unit over one number, with weights that tell its gates apart.
  private func reading(_ layers: RecurrentLayers) throws -> ProgramReading {
    for (number, parameter) in layers.weights.enumerated() {
      parameter.value = Tensor(
        (0..<parameter.value.count).map { Float(100 * (number + 1) + $0) }, shape: parameter.shape)
    }
    var builder = MILBuilder()
    let x = builder.input("x", .floats([1, nil, 1]))
    let result = builder.recurrent(layers, named: "", builder.sequence(x), initial: nil)
    builder.output("y", of: result.outputs.values)
    return try ProgramReading(builder)
  }

  @Test("the gates of an LSTM stand as i f o z, and of the biases the sum")
  func lstmGates() throws {
    // PyTorch's order is i f g o; weight_ih, weight_hh, bias_ih, bias_hh of both directions are 100…, 200…, and so on.
    let program = try reading(LSTM(inputSize: 1, hiddenSize: 1, isBidirectional: true, random: RandomStream(seed: 1)))
    let lstm = try program.operation("lstm")
    #expect(try program.numbers("weight_ih", of: lstm) == [100, 101, 103, 102])
    #expect(try program.numbers("weight_hh", of: lstm) == [200, 201, 203, 202])
    #expect(try program.numbers("bias", of: lstm) == [700, 702, 706, 704])
    #expect(try program.numbers("weight_ih_back", of: lstm) == [500, 501, 503, 502])
    #expect(try program.numbers("bias_back", of: lstm) == [1500, 1502, 1506, 1504])
    #expect(try program.numbers("initial_c", of: lstm) == [0, 0])
    #expect(try program.constant("direction", of: lstm).immediateValue.tensor.strings.values == ["bidirectional"])
    #expect(lstm.inputs["peephole"] == nil && lstm.inputs["clip"] == nil)
    #expect(lstm.outputs.map(\.shape) == [[nil, 1, 2], [1, 2], [1, 2]])
    let plain = try reading(LSTM(inputSize: 1, hiddenSize: 1, hasBias: false, random: RandomStream(seed: 1)))
    #expect(try plain.operation("lstm").inputs["bias"] == nil)
  }

  @Test("a GRU is a loop in which the reset gate acts on the recurrent product and its bias")
  func gruLoop() throws {
    let program = try reading(GRU(inputSize: 1, hiddenSize: 1, random: RandomStream(seed: 1)))
    let loop = try program.operation("while_loop")
    try #require(loop.blocks.count == 2)
    let (condition, turn) = (loop.blocks[0], loop.blocks[1])
    #expect(condition.outputs.count == 1 && turn.outputs.count == 3 && loop.outputs.count == 3)
    #expect(condition.inputs == turn.inputs && turn.inputs.map(\.shape) == [[1], [1, 1], [nil, 1, 1]])
    // The products of the inputs are formed before the loop, those of the states in it.
    let products = program.operations("linear")
    try #require(products.count == 2)
    #expect(try program.numbers("weight", of: products[0]) == [100, 101, 102])
    #expect(try program.numbers("bias", of: products[0]) == [300, 301, 302])
    let recurrent = try #require(turn.operations.first { $0.type == "linear" })
    #expect(try program.numbers("weight", of: recurrent) == [200, 201, 202])
    #expect(try program.numbers("bias", of: recurrent) == [400, 401, 402])
    // r · (the third part of the recurrent product)
    let parts = turn.operations.filter { $0.type == "split" }
    let reset = try #require(turn.operations.first { $0.type == "mul" })
    #expect(reset.inputs["y"]?.arguments.first?.name == parts.last?.outputs.last?.name)
    let gate = reset.inputs["x"]?.arguments.first?.name
    #expect(turn.operations.first { $0.outputs.first?.name == gate }?.type == "sigmoid")
    #expect(program.operations("gru").isEmpty)
  }

  @Test("a plain recurrent layer reads backwards by itself")
  func rnn() throws {
    let program = try reading(RNN(inputSize: 1, hiddenSize: 1, isBidirectional: true, random: RandomStream(seed: 1)))
    #expect(program.operations("rnn").count == 2 && program.operations("reverse").count == 2)
    #expect(try program.numbers("bias", of: program.operations("rnn")[1]) == [700 + 800])
  }

  @Test("blobs begin at multiples of 64 and hold their numbers")
  func blobs() throws {
    var builder = MILBuilder()
    let tensors = [1, 16, 17, 40].map { count in Tensor((0..<count).map { Float($0) - 0.5 }) }
    for (number, tensor) in tensors.enumerated() { _ = builder.weight(NamedTensor("w.\(number)", tensor)) }
    // Once for each name.
    _ = builder.weight(NamedTensor("w.2", tensors[2]))
    let program = try ProgramReading(builder)
    #expect(program.word(at: 0) == 4 && program.word(at: 4) == 2)
    #expect(program.weights.count == builder.weights.size)
    let constants = program.operations("const")
    #expect(constants.map { $0.outputs[0].name } == ["w_0", "w_1", "w_2", "w_3"])
    for (constant, tensor) in zip(constants, tensors) {
      let reference = try #require(constant.attributes["val"]).blobFileValue
      #expect(reference.fileName == "@model_path/weights/weight.bin")
      #expect(try program.blob(at: Int(reference.offset)) == tensor.scalars)
    }
  }

  @Test("every value is known by one name, and made before it is used", arguments: TextArchitecture.allCases)
  func names(architecture: TextArchitecture) throws {
    var options = TextNetworkOptions(architecture)
    options.embedding.size = 4
    let network = TextNetworkConfiguration(vocabularySize: 9, outputSize: 2, options: options)
      .makeNetwork(random: RandomStream(seed: 3))
    var builder = MILBuilder()
    let ids = builder.input("ids", MILType(.int32, [1, nil]))
    let logits = try builder.logits(of: network, ids: ids)
    #expect(logits.shape == [1, 2])
    builder.output("logits", of: logits)
    var known: Set = ["ids"]
    func check(_ block: CoreMLBlock, _ known: inout Set<String>) {
      for operation in block.operations {
        for argument in operation.inputs.values.flatMap(\.arguments) { #expect(known.contains(argument.name)) }
        for inner in operation.blocks {
          var visible = known.union(inner.inputs.map(\.name))
          check(inner, &visible)
        }
        for output in operation.outputs {
          #expect(known.insert(output.name).inserted, "\(output.name) twice")
          #expect(output.name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        }
      }
      #expect(block.outputs.allSatisfy { known.contains($0) })
    }
    check(try ProgramReading(builder).block, &known)
  }

  @Test("images keep the shapes that the network gives them", arguments: [ImageArchitecture.lenet5, .resnet20CIFAR])
  func images(architecture: ImageArchitecture) throws {
    let network = architecture.makeNetwork(classes: 10, random: RandomStream(seed: 1))
    let (channels, size) = (architecture.channels, architecture.imageSize)
    var builder = MILBuilder()
    let image = builder.input("image", .floats([1, channels, size.height, size.width]))
    let logits = try builder.logits(of: network, channels: channels, size: size, image: image)
    #expect(logits.value.shape == [1, 10] && logits.classCount == 10)
    #expect(try !ProgramReading(builder).operations("conv").isEmpty)
  }

  @Test("windows: the last one only where it reaches beyond the edge, and what has no operation is refused")
  func windows() throws {
    var builder = MILBuilder()
    let image = builder.input("image", .floats([1, 2, 6, 7]))
    var windows = PoolingWindows(kernelSize: 3, stride: 2, ceilMode: true)
    #expect(try builder.maxPool(image, windows).shape == [1, 2, 3, 3])
    let pool = try ProgramReading(builder).operation("max_pool")
    #expect(try ProgramReading(builder).constant("ceil_mode", of: pool).immediateValue.tensor.bools.values == [true])
    let even = builder.input("even", .floats([1, 2, 7, 7]))
    #expect(try builder.averagePool(even, windows, countsPadding: true).shape == [1, 2, 3, 3])
    #expect(throws: ExchangeError.self) { try builder.averagePool(image, windows, countsPadding: true) }
    windows.dilation = 2
    #expect(throws: ExchangeError.self) { try builder.maxPool(image, windows) }
    // A window that would begin in the padding behind does not count: PyTorch's rule.
    let padded = PoolingWindows(kernelSize: 2, stride: 2, padding: 1, ceilMode: true)
    #expect(try builder.maxPool(even, padded).shape == [1, 2, 4, 4])
  }
}
