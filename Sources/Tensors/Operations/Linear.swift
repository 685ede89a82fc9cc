import CKernels

/// Numbers of a weight from which on it is not packed for a few rows.
let largeWeight = 1 << 20

extension Tensor {
  /// x·Wᵀ + b, as `torch.nn.functional.linear`.
  ///
  /// - Parameters:
  ///   - weight: [O, I].
  ///   - bias: [O].
  /// - Returns: [..., O] for x of the shape [..., I].
  public func linear(weight: Tensor, bias: Tensor? = nil) -> Tensor {
    precondition(
      weight.rank == 2 && rank >= 1 && shape[rank - 1] == weight.shape[1],
      "linear: an input of the shape \(shape) does not fit a weight of the shape \(weight.shape)")
    precondition(
      bias.map { $0.shape == [weight.shape[0]] } ?? true, "linear: bias \(bias?.shape ?? []), weight \(weight.shape)")
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let rows = count / max(inputs, 1)
    let result = OperationProfile.note(
      "linear", "\(shape) → \(outputs)", operations: 2 * Double(rows) * Double(weight.count)
    ) { product(weight: weight, bias: bias, rows: rows) }
    let (x, w) = (detached, weight.detached)
    let needs = (input: needsGradient, weight: weight.needsGradient)
    let operands = [self, weight] + (bias.map { [$0] } ?? [])
    return result.recorded("linear", from: operands) { gradient in
      linearGradients(gradient, x: x, weight: w, rows: rows, needs: needs)
    }
    .traced(.linear, operands)
  }

  private func product(weight: Tensor, bias: Tensor?, rows: Int) -> Tensor {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let result = Tensor(uninitialized: shape.dropLast() + [outputs])
    let (x, weights, to) = (floats, weight.floats, result.floats)
    let biases = bias.map { UnsafePointer($0.floats) }
    defer { withExtendedLifetime((self, weight, bias)) {} }
    // A large weight under few rows is read once as it lies: to pack it would take longer than to multiply.
    if rows <= 16, weight.count >= largeWeight {
      let perTile = max(2, (1 << 16) / inputs / 2 * 2)
      parallelFor((outputs + perTile - 1) / perTile) { tile in
        let first = tile * perTile
        kernels.multiply_by_rows(
          x, inputs, rows, weights + first * inputs, inputs, min(perTile, outputs - first), inputs,
          biases.map { $0 + first }, to + first, outputs)
      }
    } else {
      generalProduct(
        x, stride: inputs, MatrixView(floats: weights, stride: inputs, isTransposed: true), m: rows, n: outputs,
        k: inputs, into: to, bias: biases)
    }
    return result
  }

  /// The matrix product of [M, K] and [K, N].
  public func matmul(_ other: Tensor) -> Tensor {
    precondition(
      rank == 2 && other.rank == 2 && shape[1] == other.shape[0],
      "matmul: the shapes \(shape) and \(other.shape) do not fit")
    let (m, k, n) = (shape[0], shape[1], other.shape[1])
    let result = Tensor(uninitialized: [m, n])
    withExtendedLifetime((self, other)) {
      generalProduct(
        floats, stride: k, MatrixView(floats: other.floats, stride: n), m: m, n: n, k: k, into: result.floats)
    }
    let (a, b) = (detached, other.detached)
    let needs = (a: needsGradient, b: other.needsGradient)
    return result.recorded("matmul", from: [self, other]) { gradient in
      [
        // G·Bᵀ and Aᵀ·G.
        needs.a ? .dense(gradient.linear(weight: b)) : nil,
        needs.b ? .dense(transposedProduct(a, gradient, rows: m)) : nil,
      ]
    }
  }

  /// The transpose of a matrix.
  public func transposed() -> Tensor {
    precondition(rank == 2, "transposed: the shape \(shape) is not that of a matrix")
    let result = Tensor(uninitialized: [shape[1], shape[0]])
    kernels.transpose(floats, shape[1], shape[0], shape[1], result.floats, shape[0])
    return result.recorded("transpose", from: [self]) { [.dense($0.transposed())] }
  }
}

func linearGradients(
  _ gradient: Tensor, x: Tensor, weight: Tensor, rows: Int, needs: (input: Bool, weight: Bool)
) -> [Gradient?] {
  let (outputs, inputs) = (weight.shape[0], weight.shape[1])
  var inputGradient: Gradient?
  if needs.input {
    let result = Tensor(uninitialized: x.shape)
    withExtendedLifetime((gradient, weight)) {
      generalProduct(
        gradient.floats, stride: outputs, MatrixView(floats: weight.floats, stride: inputs), m: rows, n: inputs,
        k: outputs, into: result.floats)
    }
    inputGradient = .dense(result)
  }
  guard needs.weight else { return [inputGradient, nil, .dense(gradient.columnSums(rows: rows))] }
  let weightGradient = transposedProduct(gradient, x, rows: rows)
  return [inputGradient, .dense(weightGradient), .dense(gradient.columnSums(rows: rows))]
}

/// Aᵀ·B, a sum over the rows of both: [columns of A, columns of B].
func transposedProduct(_ a: Tensor, _ b: Tensor, rows: Int) -> Tensor {
  let (m, n) = (a.count / max(rows, 1), b.count / max(rows, 1))
  let result = Tensor(uninitialized: [m, n])
  withExtendedLifetime((a, b)) {
    let packed = PackedRows([.init(floats: b.floats, stride: n, count: n)], rowCount: rows)
    // Few columns too are for several threads, in equal parts of whole blocks.
    let parts = m >= 384 ? (m + 95) / 96 : m >= 48 ? 4 : 1
    let columnsPerTile = ((m + parts - 1) / parts + 5) / 6 * 6
    parallelFor((m + columnsPerTile - 1) / columnsPerTile) { tile in
      let first = tile * columnsPerTile
      let count = min(columnsPerTile, m - first)
      let product = packed.multiply(transposing: a.floats + first, stride: m, count: count)
      for row in 0..<count {
        (result.floats + (first + row) * n).update(from: product.floats + row * packed.width, count: n)
      }
    }
  }
  return result
}

extension Tensor {
  /// Sums over all dimensions but the last.
  func columnSums(rows: Int) -> Tensor {
    let width = count / max(rows, 1)
    let sums = Tensor(zeros: [width])
    let columnsPerTile = max(256, elementsPerTile / max(rows, 1))
    parallelFor((width + columnsPerTile - 1) / columnsPerTile) { tile in
      let first = tile * columnsPerTile
      let columns = min(columnsPerTile, width - first)
      for row in 0..<rows { kernels.add_scaled(floats + row * width + first, 1, sums.floats + first, columns) }
    }
    return sums
  }
}
