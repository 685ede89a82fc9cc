import Foundation
import Tensors
import Testing

@testable import ModelExchange

/// A program and its file of weights, for looking things up.
struct ProgramReading {
  let function: CoreMLFunction
  let block: CoreMLBlock
  let weights: [UInt8]

  init(_ function: CoreMLFunction, weights: [UInt8]) throws {
    self.function = function
    block = try #require(function.blockSpecializations[function.opset])
    self.weights = weights
  }

  /// What a builder has written.
  init(_ builder: MILBuilder) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("nlptool-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try builder.weights.write(to: path)
    try self.init(builder.function, weights: Array(Data(contentsOf: URL(fileURLWithPath: path))))
  }

  /// Operations of a type, those of loops too.
  func operations(_ type: String, in block: CoreMLBlock? = nil) -> [CoreMLOperation] {
    (block ?? self.block).operations.flatMap { operation in
      (operation.type == type ? [operation] : []) + operation.blocks.flatMap { operations(type, in: $0) }
    }
  }

  /// The only operation of a type.
  func operation(_ type: String) throws -> CoreMLOperation {
    let found = operations(type)
    #expect(found.count == 1)
    return try #require(found.first)
  }

  /// A constant that an operation takes.
  func constant(_ parameter: String, of operation: CoreMLOperation) throws -> CoreMLValue {
    let name = try #require(operation.inputs[parameter]?.arguments.first).name
    let constant = try #require(operations("const").first { $0.outputs.first?.name == name })
    return try #require(constant.attributes["val"])
  }

  /// The numbers of a weight that an operation takes.
  func numbers(_ parameter: String, of operation: CoreMLOperation) throws -> [Float] {
    try blob(at: Int(constant(parameter, of: operation).blobFileValue.offset))
  }

  func word(at offset: Int) -> UInt32 { number(at: offset) }

  /// The numbers of the blob that is described at an offset.
  func blob(at offset: Int) throws -> [Float] {
    #expect(offset % 64 == 0 && word(at: offset) == 0xDEAD_BEEF && word(at: offset + 4) == 2)
    let (bytes, start): (UInt64, UInt64) = (number(at: offset + 8), number(at: offset + 16))
    #expect(start % 64 == 0 && Int(start) == offset + 64)
    try #require(Int(start + bytes) <= weights.count)
    return stride(from: Int(start), to: Int(start + bytes), by: 4).map { Float(bitPattern: number(at: $0)) }
  }

  private func number<Number: FixedWidthInteger>(at offset: Int) -> Number {
    weights[offset..<offset + Number.bitWidth / 8].reversed().reduce(0) { $0 << 8 | Number($1) }
  }
}

extension CoreMLNamedValueType {
  /// The extents, `nil` where one is open.
  var shape: [Int?] {
    type.tensorType.dimensions.map { dimension in
      if case .constant(let constant) = dimension.dimension { Int(constant.size) } else { nil }
    }
  }
}
