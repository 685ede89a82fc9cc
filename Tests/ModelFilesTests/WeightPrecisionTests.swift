import Foundation
import ModelFiles
import Tensors
import Testing

@Suite("Precision of stored weights")
struct WeightPrecisionTests {
  private func withFile<R>(_ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("weights-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  /// A bundle's weights, written and read.
  private func stored(
    _ weights: [String: Tensor], _ precision: WeightPrecision
  ) throws -> (
    read: [String: Tensor], size: Int
  ) {
    try withFile { path in
      let folder = path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let file = SafeTensors(weights: weights, precision: precision)
      try file.write(to: BundleFiles.weightsPath(in: folder))
      let size = try Data(contentsOf: URL(fileURLWithPath: BundleFiles.weightsPath(in: folder))).count
      return (try BundleFiles.readWeights(in: folder, checksum: file.checksum).tensors, size)
    }
  }

  @Test(
    "differs by its rounding alone; vectors stay as they are",
    arguments: zip(WeightPrecision.allCases, [0, 0x1p-11, 0x1p-8, 0.5 / 127] as [Float]))
  func rounding(precision: WeightPrecision, bound: Float) throws {
    let random = RandomStream(seed: 5)
    var matrix = random.split("matrix").uniform([40, 30], in: -2..<2)
    // A row of zeros, and one with a number that is far larger than the others.
    for column in 0..<30 { matrix[7, column] = 0 }
    matrix[9, 3] = 900
    let bias = random.split("bias").uniform([40], in: -1..<1)
    let filters = random.split("filters").uniform([5, 4, 3, 3], in: -1..<1)
    let (read, size) = try stored(["w": matrix, "b": bias, "f": filters], precision)
    #expect(Set(read.keys) == ["w", "b", "f"])
    #expect(read["b"] == bias)
    for (name, tensor) in [("w", matrix), ("f", filters)] {
      let numbers = try #require(read[name])
      #expect(numbers.shape == tensor.shape)
      let width = tensor.count / tensor.shape[0]
      for row in 0..<tensor.shape[0] {
        let own = row * width..<(row + 1) * width
        let largest = own.reduce(Float(0)) { max($0, abs(tensor.scalars[$1])) }
        for index in own {
          let (old, new) = (tensor.scalars[index], numbers.scalars[index])
          let scale = precision == .int8 ? largest : abs(old)
          #expect(abs(old - new) <= bound * scale * 1.001)
        }
      }
    }
    let bytes = [WeightPrecision.float32: 4, .float16: 2, .bfloat16: 2, .int8: 1][precision] ?? 0
    #expect(size < (matrix.count + filters.count) * bytes + 1500)
  }

  @Test("what is too large for two bytes is cut, and what is no number stays none")
  func limits() throws {
    let weights = Tensor([1e6, -1e6, 65504, 1e-9, .nan, .infinity], shape: [2, 3])
    let half = try #require(stored(["w": weights], .float16).read["w"]).scalars
    #expect(half[0] == 65504 && half[1] == -65504 && half[2] == 65504 && half[3] == 0)
    let brain = try #require(stored(["w": weights], .bfloat16).read["w"]).scalars
    #expect(abs(brain[0] - 1e6) < 4000 && brain[4].isNaN && brain[5] == .infinity)
  }

  @Test("scales that do not fit are an error")
  func scales() throws {
    try withFile { folder in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for scales in [Tensor([1, 2, 3]), Tensor([1, 2], shape: [1, 2])] {
        let file = SafeTensors(
          tensors: ["w#scale": scales], stored: ["w": StoredTensor([1, 2, 3, 4], type: .int8, shape: [2, 2])])
        try file.write(to: BundleFiles.weightsPath(in: folder))
        #expect(throws: FileError.self) { try BundleFiles.readWeights(in: folder, checksum: file.checksum) }
      }
    }
  }

  /// A file with one weight in bytes, two rows of two.
  private func read(
    _ bytes: [Int8], scales: [Float], keepingBytes: Bool
  ) throws -> SafeTensors {
    try withFile { folder in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let file = SafeTensors(
        tensors: ["w#scale": Tensor(scales)],
        stored: ["w": StoredTensor(bytes.map { UInt8(bitPattern: $0) }, type: .int8, shape: [2, 2])])
      try file.write(to: BundleFiles.weightsPath(in: folder))
      return try BundleFiles.readWeights(in: folder, keepingBytes: keepingBytes, checksum: file.checksum)
    }
  }

  @Test("a scale that is none is an error that names the weight; a row of zeros may have the scale 0")
  func damagedScales() throws {
    for keepingBytes in [true, false] {
      for scales: [Float] in [[.nan, 1], [1, .infinity], [-1, 1], [0, 1], [1, -.infinity], [1], []] {
        #expect {
          try read([1, 2, 3, 4], scales: scales, keepingBytes: keepingBytes)
        } throws: { "\($0)".contains("w ") && "\($0)".contains("scale") }
      }
      #expect { try read([1, -128, 3, 4], scales: [1, 1], keepingBytes: keepingBytes) } throws: {
        "\($0)".contains("-127")
      }
      let file = try read([0, 0, 3, -127], scales: [0, 0.5], keepingBytes: keepingBytes)
      let expected = Tensor([0, 0, 1.5, -63.5], shape: [2, 2])
      #expect((keepingBytes ? file.quantized["w"]?.dequantized : file.tensors["w"]) == expected)
    }
  }
}
