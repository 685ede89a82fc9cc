import Testing

@testable import Tensors

@Suite("Convolutions of images, channels last")
struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = 2
    var image = Size2D(height: 7, width: 9)
    var channels = 5
    var filters = 6
    var kernel: Size2D = 3
    var stride: Size2D = 1
    var padding: Padding2D = 0
    var dilation: Size2D = 1
    var groups = 1

    var testDescription: String {
      "\(batch)×\(image.height)×\(image.width)×\(channels) → \(filters), \(kernel.height)×\(kernel.width) / "
        + "\(stride.height),\(stride.width), padding \(padding), dilation \(dilation.height),\(dilation.width), "
        + "\(groups) groups"
    }

    /// What the gradient of the filters may lose: more by Winograd's algorithm.
    var filterGradientBound: Double {
      [3, 5].contains(kernel.height) && kernel.height == kernel.width && stride == 1 && dilation == 1 ? 1e-4 : 1e-5
    }

    var shape: ConvolutionShape {
      ConvolutionShape(
        "test", input: [batch, image.height, image.width, channels],
        weight: [filters, channels / groups, kernel.height, kernel.width], bias: nil, stride: stride,
        padding: padding, dilation: dilation, groups: groups)
    }
  }

  /// Shapes of all kinds, the same in each run.
  static let random: [Case] = {
    let source = RandomStream(seed: 17)
    var cases: [Case] = []
    var number = 0
    func draw(_ range: ClosedRange<Int>) -> Int {
      number += 1
      return range.lowerBound + Int(source.split(number).uniform([1]).scalar * Float(range.count))
    }
    while cases.count < 80 {
      let groups = [1, 1, 1, 2, 3][draw(0...4)]
      var one = Case(
        batch: draw(1...3), image: Size2D(height: draw(1...13), width: draw(1...13)),
        channels: groups * draw(1...20), filters: groups * draw(1...20),
        kernel: Size2D(height: draw(1...5), width: draw(1...5)),
        stride: Size2D(height: draw(1...4), width: draw(1...4)),
        padding: Padding2D(top: draw(0...3), bottom: draw(0...3), left: draw(0...3), right: draw(0...3)),
        dilation: Size2D(height: draw(1...3), width: draw(1...3)), groups: groups)
      if draw(0...5) == 0 { (one.groups, one.filters) = (one.channels, one.channels) }
      let rows = one.image.height + one.padding.vertical - one.dilation.height * (one.kernel.height - 1)
      let columns = one.image.width + one.padding.horizontal - one.dilation.width * (one.kernel.width - 1)
      if rows > 0, columns > 0 { cases.append(one) }
    }
    return cases
  }()

  /// What networks have, and what Winograd's tiles do not divide.
  static let usual = [
    Case(batch: 1, image: 28, channels: 1, filters: 6, kernel: 5, padding: 2),
    Case(image: 23, channels: 3, filters: 17, kernel: 7, stride: 2, padding: 3),
    Case(batch: 1, image: 35, channels: 3, filters: 16, kernel: 11, stride: 4, padding: 2),
    Case(batch: 3, image: Size2D(height: 13, width: 10), channels: 40, filters: 33, kernel: 1),
    Case(image: 9, channels: 300, filters: 20, kernel: 1, stride: 2),
    Case(
      batch: 1, image: 8, channels: 18, filters: 16, kernel: Size2D(height: 1, width: 7),
      padding: .init(height: 0, width: 3)),
    Case(batch: 12, image: Size2D(height: 7, width: 6), channels: 24, filters: 40, kernel: 3, padding: 1),
    Case(batch: 2, image: Size2D(height: 15, width: 18), channels: 16, filters: 16, kernel: 3, padding: 1),
    Case(batch: 2, image: 16, channels: 130, filters: 19, kernel: 3),
    // More tiles than are transformed at a time, in one block of channels and in two with three panels.
    Case(batch: 6, image: 28, channels: 70, filters: 40, kernel: 3, padding: 1),
    Case(batch: 6, image: Size2D(height: 59, width: 62), channels: 17, filters: 18, kernel: 3, padding: 1),
    Case(
      batch: 1, image: 21, channels: 33, filters: 70, kernel: 3, padding: .init(top: 2, bottom: 0, left: 1, right: 2)),
    Case(batch: 2, image: Size2D(height: 9, width: 12), channels: 20, filters: 35, kernel: 5, padding: 2),
    Case(
      batch: 1, image: 30, channels: 16, filters: 80, kernel: 5, padding: .init(top: 2, bottom: 1, left: 4, right: 2)),
    Case(batch: 2, image: 14, channels: 32, filters: 48, kernel: 3, stride: 2, padding: 1),
    Case(batch: 2, image: 10, channels: 32, filters: 32, kernel: 3, stride: 2, padding: 1, groups: 32),
    Case(batch: 1, image: 12, channels: 16, filters: 32, kernel: 3, padding: 1, groups: 2),
  ]

  /// One channel and few filters, whose vectors lie along the rows; also widths below and between those of the vectors.
  static let planes = [
    Case(batch: 3, image: Size2D(height: 5, width: 21), channels: 1, filters: 1, kernel: 5, padding: 2),
    Case(batch: 2, image: Size2D(height: 6, width: 16), channels: 1, filters: 2, kernel: Size2D(height: 2, width: 1)),
    Case(
      batch: 9, image: Size2D(height: 9, width: 19), channels: 1, filters: 3, kernel: 4,
      stride: Size2D(height: 2, width: 1)),
    Case(
      batch: 2, image: Size2D(height: 8, width: 33), channels: 1, filters: 4, kernel: 3,
      padding: Padding2D(top: 2, bottom: 1, left: 0, right: 0), dilation: Size2D(height: 2, width: 1)),
    Case(batch: 4, image: Size2D(height: 7, width: 40), channels: 1, filters: 5, kernel: 3, padding: 1),
    Case(batch: 1, image: Size2D(height: 20, width: 17), channels: 1, filters: 6, kernel: 2),
    Case(batch: 2, image: Size2D(height: 11, width: 24), channels: 1, filters: 7, kernel: 7, padding: 3),
    Case(batch: 5, image: Size2D(height: 4, width: 18), channels: 1, filters: 8, kernel: 3, padding: 1),
    Case(batch: 2, image: Size2D(height: 9, width: 12), channels: 1, filters: 8, kernel: 5),
    Case(
      batch: 2, image: Size2D(height: 3, width: 30), channels: 1, filters: 3, kernel: Size2D(height: 2, width: 1),
      padding: Padding2D(top: 0, bottom: 0, left: 0, right: 2)),
  ]

  /// Few channels, whose gradient is folded from columns; also images of several tiles of rows.
  static let fewChannels = [
    Case(batch: 3, image: 14, channels: 6, filters: 16, kernel: 5),
    Case(batch: 2, image: Size2D(height: 9, width: 5), channels: 1, filters: 8, kernel: 3, padding: 1),
    Case(image: Size2D(height: 10, width: 12), channels: 8, filters: 9, kernel: 3, padding: 2),
    Case(
      image: Size2D(height: 13, width: 11), channels: 3, filters: 20, kernel: Size2D(height: 2, width: 3),
      padding: Padding2D(top: 3, bottom: 0, left: 0, right: 4), dilation: Size2D(height: 3, width: 2)),
    Case(batch: 1, image: Size2D(height: 60, width: 80), channels: 3, filters: 12, kernel: 5, padding: 2),
    Case(batch: 2, image: Size2D(height: 70, width: 50), channels: 7, filters: 8, kernel: 4, dilation: 2),
    Case(batch: 1, image: Size2D(height: 40, width: 20), channels: 1, filters: 3, kernel: Size2D(height: 40, width: 1)),
  ]

  @Test("output and gradients are those of plain loops", arguments: random + usual + planes + fewChannels)
  func loops(one: Case) throws {
    let (shape, random) = (one.shape, RandomStream(seed: 3))
    let x = Parameter(random.split("x").uniform(shape.inputShape, in: -1..<1))
    let w = Parameter(random.split("w").uniform(shape.weightShape, in: -1..<1))
    let bias = Parameter(random.split("bias").uniform([one.filters], in: -1..<1))
    let above = random.split("above").uniform(shape.outputShape, in: -1..<1)
    func convolved(clipsNegative: Bool = false) -> Tensor {
      x.tensor.conv2d(
        weight: w.tensor, bias: bias.tensor, stride: one.stride, padding: one.padding, dilation: one.dilation,
        groups: one.groups, clipsNegative: clipsNegative)
    }
    let reference = ConvolutionReference(shape: shape)
    let exact = reference.output(x.value.scalars, w.value.scalars, bias.value.scalars)
    #expect(convolved().shape == shape.outputShape)
    // What Winograd's algorithm may lose.
    let bound = 1e-4
    #expect(largestError(convolved().scalars, exact) < bound)
    let prepared = PreparedConvolution(
      weight: w.value, bias: bias.value, stride: one.stride, padding: one.padding, dilation: one.dilation,
      groups: one.groups)
    #expect(
      largestError(prepared(x.value, adding: above).scalars, zip(exact, above.scalars).map { $0 + Double($1) }) < bound)
    #expect(largestError(prepared(x.value, clipsNegative: true).scalars, exact.map { max(0, $0) }) < bound)

    for clips in [false, true] {
      let gradients = GradientTape.record { (convolved(clipsNegative: clips) * above).sum() }.gradients
      let output = convolved().scalars
      let passed = zip(above.scalars, output).map { clips && $1 <= 0 ? 0 : $0 }
      let (dx, dw) = reference.gradients(x.value.scalars, w.value.scalars, passed)
      #expect(largestError(try #require(gradients[x]).tensor.scalars, dx) < bound)
      #expect(largestError(try #require(gradients[w]).tensor.scalars, dw) < one.filterGradientBound)
      var sums = [Double](repeating: 0, count: one.filters)
      for (place, value) in passed.enumerated() { sums[place % one.filters] += Double(value) }
      #expect(largestError(try #require(gradients[bias]).tensor.scalars, sums) < 1e-5)
    }
  }

  @Test("a transposed convolution is the way back", arguments: random.filter { $0.dilation.height < 3 } + fewChannels)
  func transposed(one: Case) throws {
    let (shape, random) = (one.shape, RandomStream(seed: 4))
    // What the windows do not cover of the image becomes output padding.
    let rest = Size2D(
      height: one.image.height + one.padding.vertical - one.dilation.height * (one.kernel.height - 1) - 1
        - (shape.output.height - 1) * one.stride.height,
      width: one.image.width + one.padding.horizontal - one.dilation.width * (one.kernel.width - 1) - 1
        - (shape.output.width - 1) * one.stride.width)
    let x = Parameter(random.split("x").uniform(shape.outputShape, in: -1..<1))
    let w = Parameter(random.split("w").uniform(shape.weightShape, in: -1..<1))
    let bias = Parameter(random.split("bias").uniform([one.channels], in: -1..<1))
    let above = random.split("above").uniform(shape.inputShape, in: -1..<1)
    func result() -> Tensor {
      x.tensor.convTranspose2d(
        weight: w.tensor, bias: bias.tensor, stride: one.stride, padding: one.padding, outputPadding: rest,
        dilation: one.dilation, groups: one.groups)
    }
    let reference = ConvolutionReference(shape: shape)
    let exact = reference.gradients(above.scalars, w.value.scalars, x.value.scalars).x.enumerated().map {
      $0.element + Double(bias.value.scalars[$0.offset % one.channels])
    }
    #expect(result().shape == shape.inputShape)
    #expect(largestError(result().scalars, exact) < 1e-4)
    let gradients = GradientTape.record { (result() * above).sum() }.gradients
    let zeros = [Float](repeating: 0, count: one.filters)
    let dx = reference.output(above.scalars, w.value.scalars, zeros)
    let dw = reference.gradients(above.scalars, w.value.scalars, x.value.scalars).w
    #expect(largestError(try #require(gradients[x]).tensor.scalars, dx) < 1e-4)
    #expect(largestError(try #require(gradients[w]).tensor.scalars, dw) < one.filterGradientBound)
  }

  @Test(
    "Winograd's error is below 1e-4 of the results' size",
    arguments: [(16, 16, 3), (64, 40, 3), (512, 24, 3), (16, 16, 5), (64, 40, 5), (256, 24, 5)])
  func winogradError(channels: Int, filters: Int, kernel: Int) throws {
    let random = RandomStream(seed: 9)
    let one = Case(
      batch: 1, image: 20, channels: channels, filters: filters, kernel: Size2D(height: kernel, width: kernel),
      padding: Padding2D(top: 1, bottom: kernel / 2, left: kernel / 2, right: 1))
    let shape = one.shape
    let x = random.split("x").normal(shape.inputShape)
    let w = random.split("w").normal(shape.weightShape)
    let exact = ConvolutionReference(shape: shape).output(
      x.scalars, w.scalars, [Float](repeating: 0, count: filters))
    let input = ConvolutionInput(x, shape)
    let product = WindowProduct(geometry: input.geometry, batch: 1)
    let packed = PackedFilters(w, shape)
    let (plain, fast) = (Tensor(uninitialized: shape.outputShape), Tensor(uninitialized: shape.outputShape))
    product.run(x, packed, into: plain)
    product.run(x, WinogradFilters(packed), into: fast)
    // A chain of up to 6400 multiply-adds in single precision.
    #expect(largestError(plain.scalars, exact) < 2e-5)
    #expect(largestError(fast.scalars, exact) < 1e-4)
    product.runWinogradOnce(x, packed, into: fast)
    #expect(largestError(fast.scalars, exact) < 1e-4)
    let above = random.split("above").normal(shape.outputShape)
    let dw = ConvolutionReference(shape: shape).gradients(x.scalars, w.scalars, above.scalars).w
    #expect(largestError(ConvolutionFilterGradient(shape: shape)(above, x).scalars, dw) < 1e-4)
  }

  @Test("what Winograd's algorithm loses of filters' gradients does not grow with the tiles", arguments: [3, 5])
  func manyTiles(kernel: Int) throws {
    let random = RandomStream(seed: 10)
    let shape = Case(
      batch: kernel == 3 ? 12 : 3, image: 100, channels: 16, filters: 16, kernel: Size2D(height: kernel, width: kernel),
      padding: Padding2D(top: 1, bottom: 1, left: 1, right: 1)
    ).shape
    let (x, above) = (random.split("x").normal(shape.inputShape), random.split("above").normal(shape.outputShape))
    let weight = [Float](repeating: 0, count: 256 * kernel * kernel)
    let dw = ConvolutionReference(shape: shape).gradients(x.scalars, weight, above.scalars).w
    #expect(largestError(ConvolutionFilterGradient(shape: shape)(above, x).scalars, dw) < 5e-5)
  }

  @Test(
    "any number of threads gives the same bits",
    arguments: [
      usual[1], usual[6], usual[7], usual[8], usual[9], usual[10], usual[11], usual[13], usual[15], planes[4],
    ])
  func threads(one: Case) {
    let (shape, random) = (one.shape, RandomStream(seed: 5))
    let x = Parameter(random.split("x").uniform(shape.inputShape, in: -1..<1))
    let w = Parameter(random.split("w").uniform(shape.weightShape, in: -1..<1))
    func numbers(threads: Int) -> [[Float]] {
      let before = Parallelism.threads
      Parallelism.threads = threads
      defer { Parallelism.threads = before }
      var output = Tensor([0])
      let gradients = GradientTape.record {
        output = x.tensor.conv2d(
          weight: w.tensor, stride: one.stride, padding: one.padding, dilation: one.dilation, groups: one.groups)
        return (output * output).sum()
      }.gradients
      return [output.scalars] + [x, w].map { gradients[$0]?.tensor.scalars ?? [] }
    }
    let alone = numbers(threads: 1)
    for count in [2, 3, 5] { #expect(numbers(threads: count) == alone, "\(count) threads") }
  }
}
