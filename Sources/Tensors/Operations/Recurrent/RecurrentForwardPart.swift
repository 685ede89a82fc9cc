import CKernels

/// The forward pass of one direction for some sequences (by position in the layout's order).
struct RecurrentForwardPart {
  private let pass: RecurrentForward
  private let direction: RecurrentForward.Direction
  private let part: Range<Int>
  private let output: Tensor
  /// Input products of the distinct rows, where the input repeats.
  private let products: Tensor?
  private let forwardStep: @convention(c) (UnsafePointer<recurrent_step>) -> Void

  init(_ pass: RecurrentForward, direction: Int, part: Range<Int>, products: Tensor?, output: Tensor) {
    self.pass = pass
    self.direction = pass.directions[direction]
    self.part = part
    self.products = products
    self.output = output
    forwardStep = pass.layer.kind.forwardStep
  }

  private var packed: PackedRecurrentLayer.Direction { direction.packed }
  private var layout: SequenceLayout { pass.layout }

  /// Where the input products of row `firstRow` and those behind it are.
  private struct InputProducts {
    let floats: UnsafePointer<Float>
    let stride: Int
    let firstRow: Int
  }

  func run() {
    var products = self.products ?? .empty
    // Longest for the first step: where there are few rows all units are computed at once.
    let rows = part.count
    let scratch = Tensor(
      uninitialized: [
        max(rows * packed.gates.columnsPerBlock, min(rows, Int(KERNEL_ROW_BLOCK)) * packed.gates.columnCount)
      ])
    let past = pastBytes()
    layout.forEachChunk(of: part, reversed: packed.isReversed) { steps in
      let inputs = inputProducts(of: steps, &products)
      for step in steps {
        run(step, inputs, Scratch(floats: scratch.floats, past: past?.rows), units: 0..<packed.hiddenSize)
      }
    }
    withExtendedLifetime((products, scratch, past, output)) {}
  }

  /// All steps of the whole batch, the threads sharing the units of each.
  func runSharingUnits() {
    var products = self.products ?? .empty
    let block = packed.gates.unitBlock
    let blocks = packed.gates.paddedSize / block
    // A line more between the threads' scratch memory.
    let scratchSize = part.count * packed.gates.columnCount + 16
    let mostShares = ThreadPool.threads
    let scratch = Tensor(uninitialized: [mostShares * scratchSize])
    let past = (0..<mostShares).map { _ in pastBytes() }
    layout.forEachChunk(of: part, reversed: packed.isReversed, rowsPerChunk: 512) { steps in
      let inputs = inputProducts(of: steps, &products)
      ThreadPool.shared.lockstep(steps.count, mostShares: mostShares) { step, share, shares in
        let units = blocks * share / shares * block..<min(packed.hiddenSize, blocks * (share + 1) / shares * block)
        if units.isEmpty { return }
        run(
          steps[steps.startIndex + step], inputs,
          Scratch(floats: scratch.floats + share * scratchSize, past: past[share]?.rows), units: units)
      }
    }
    withExtendedLifetime((products, scratch, past, output)) {}
  }

  /// Memory of the calling thread for a step.
  private struct Scratch {
    let floats: UnsafeMutablePointer<Float>
    /// For the previous outputs, where the recurrent weight is in bytes.
    let past: byte_rows?
  }

  private func pastBytes() -> ByteRowMemory? {
    guard case .bytes = packed.recurrentWeight else { return nil }
    return ByteRowMemory(rows: part.count, width: packed.hiddenSize)
  }

  /// A step: the rows that have a previous state, and those that start.
  private func run(_ step: Int, _ inputs: InputProducts, _ scratch: Scratch, units: Range<Int>) {
    let (row, rows, pastRow, rowsWithPast) = layout.rows(of: step, part: part, reversed: packed.isReversed)
    if rowsWithPast > 0 {
      // In inference each sequence has one running cell.
      let past = Past(
        output: UnsafePointer(output.floats + pastRow * pass.outputWidth + direction.column),
        outputStride: pass.outputWidth, cell: cell(row: pastRow, position: part.lowerBound).map { UnsafePointer($0) })
      compute(row, rowsWithPast, position: part.lowerBound, past, inputs, scratch, units)
    }
    if rows > rowsWithPast {
      let position = part.lowerBound + rowsWithPast
      let offset = position * direction.stateStride
      let past = Past(
        output: direction.initialHidden.map { UnsafePointer($0.floats + offset) }, outputStride: direction.stateStride,
        cell: direction.initialCell.map { UnsafePointer($0.floats + offset) })
      compute(row + rowsWithPast, rows - rowsWithPast, position: position, past, inputs, scratch, units)
    }
  }

  /// The states before a step; without pointers they are zero.
  private struct Past {
    let output: UnsafePointer<Float>?
    let outputStride: Int
    let cell: UnsafePointer<Float>?
  }

  /// Where the cells of a row and those behind it are: with all others, or in inference with those of its sequence.
  private func cell(row: Int, position: Int) -> UnsafeMutablePointer<Float>? {
    guard pass.layer.kind.hasCellState else { return nil }
    return direction.cells.floats + (pass.keepsActivations ? row : position) * direction.stateStride
  }

  private func compute(
    _ row: Int, _ count: Int, position: Int, _ past: Past, _ inputs: InputProducts,
    _ scratch: Scratch, _ units: Range<Int>
  ) {
    let keepsGates = direction.gates.count > 0
    func call(
      _ products: UnsafePointer<Float>, _ rows: UnsafePointer<Int32>?, _ weight: UnsafePointer<Float>?,
      _ bytes: UnsafePointer<byte_matrix>?, _ pastBytes: UnsafePointer<byte_rows>?
    ) {
      var arguments = recurrent_step(
        rows: Int32(count), hidden: Int32(packed.hiddenSize), first_unit: Int32(units.lowerBound),
        end_unit: Int32(units.upperBound), weight: weight, bytes: bytes, past_bytes: pastBytes,
        recurrent_bias: packed.recurrentBias.floats, inputs: products, input_stride: inputs.stride, input_rows: rows,
        past_output: past.output, past_output_stride: past.outputStride, past_cell: past.cell,
        past_cell_stride: direction.stateStride, keeps_gates: keepsGates,
        gates: keepsGates ? direction.gates.floats + row * direction.gateStride : scratch.floats,
        gate_stride: direction.gateStride, cell: cell(row: row, position: position),
        cell_stride: direction.stateStride, output: output.floats + row * pass.outputWidth + direction.column,
        output_stride: pass.outputWidth)
      forwardStep(&arguments)
    }
    func call(_ products: UnsafePointer<Float>, _ rows: UnsafePointer<Int32>?) {
      switch (packed.recurrentWeight, scratch.past) {
      case (.floats(let matrix), _): call(products, rows, matrix.pointer, nil, nil)
      case (.bytes(let matrix), var past?): matrix.withMatrix { call(products, rows, nil, $0, &past) }
      case (.bytes, nil): preconditionFailure("a weight in bytes has memory for the previous outputs")
      }
    }
    if let inputRows = pass.inputRows {
      inputRows.withUnsafeBufferPointer { rows in call(inputs.floats, rows.baseAddress.map { $0 + row }) }
    } else {
      call(inputs.floats + (row - inputs.firstRow) * inputs.stride, nil)
    }
  }

  /// The input products of the rows of some steps: those of the distinct rows, formed already, or a product of its own,
  /// into the place of the gates where these are kept.
  private func inputProducts(of steps: ArraySlice<Int>, _ products: inout Tensor) -> InputProducts {
    let weight = packed.inputWeight
    if pass.inputRows != nil {
      return InputProducts(floats: products.floats, stride: weight.n + 16, firstRow: 0)
    }
    let lowest = min(steps[steps.startIndex], steps[steps.endIndex - 1])
    let highest = max(steps[steps.startIndex], steps[steps.endIndex - 1])
    let firstRow = layout.rowOffsets[lowest]
    let stride = direction.gateStride
    let to: UnsafeMutablePointer<Float>
    if direction.gates.count > 0 {
      to = direction.gates.floats + firstRow * stride
    } else {
      let needed = (layout.rowOffsets[highest + 1] - firstRow) * stride
      if products.count < needed { products = Tensor(uninitialized: [needed]) }
      to = products.floats
    }
    let bias = packed.bias.floats
    if part.count == layout.batchSize {
      weight.multiplyInParallel(
        rows: layout.rowOffsets[highest + 1] - firstRow, pass.input.floats + firstRow * weight.k, stride: weight.k,
        into: to, stride: stride, start: product_start_bias, bias: bias)
    } else {
      switch weight {
      case .floats(let weight):
        let blocks = rowBlocks(steps)
        kernels.multiply_panels(
          blocks, blocks.count, weight.k, pass.input.floats, weight.k, weight.pointer, weight.n, 0, weight.panelCount,
          to - firstRow * stride, stride, product_start_bias, bias)
      case .bytes(let weight):
        for step in steps {
          let rows = rows(of: step)
          weight.multiply(
            rows: rows.count, pass.input.floats + rows.lowerBound * weight.k, stride: weight.k,
            into: to + (rows.lowerBound - firstRow) * stride, stride: stride, start: product_start_bias, bias: bias)
        }
      }
    }
    return InputProducts(floats: UnsafePointer(to), stride: stride, firstRow: firstRow)
  }

  private func rowBlocks(_ steps: ArraySlice<Int>) -> [row_block] {
    var blocks: [row_block] = []
    for step in steps {
      let rows = rows(of: step)
      forEachRowBlock(of: rows.count) {
        blocks.append(row_block(first: Int32(rows.lowerBound + $0), count: Int32($1)))
      }
    }
    return blocks
  }

  /// Those of the part's sequences in a time step.
  private func rows(of step: Int) -> Range<Int> {
    let first = layout.rowOffsets[step]
    return first + part.lowerBound..<first + min(part.upperBound, layout.batchSizes[step])
  }
}

extension SequenceLayout {
  /// Calls `body` with consecutive time steps of some sequences, in the order in which they are read, whose input products
  /// are formed together.
  func forEachChunk(
    of part: Range<Int>, reversed: Bool, rowsPerChunk: Int = 128, _ body: (ArraySlice<Int>) -> Void
  ) {
    let active = batchSizes.prefix { $0 > part.lowerBound }.count
    let steps = reversed ? Array((0..<active).reversed()) : Array(0..<active)
    var first = 0
    while first < steps.count {
      var end = first
      var rows = 0
      while end < steps.count, rows < rowsPerChunk {
        rows += min(part.upperBound, batchSizes[steps[end]]) - part.lowerBound
        end += 1
      }
      body(steps[first..<end])
      first = end
    }
  }
}
