import Foundation
import Tensors
import Testing

@testable import ModelExchange

@Suite("Arrays of NumPy")
struct NumPyArrayTests {
  /// A file with a header of any text.
  private func file(_ header: String, version: UInt8 = 1, _ data: [UInt8]) -> [UInt8] {
    let length = header.utf8.count
    let size: [UInt8] =
      version == 1
      ? [UInt8(length & 255), UInt8(length >> 8)] : [UInt8(length & 255), UInt8(length >> 8 & 255), 0, 0]
    return [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version, 0] + size + Array(header.utf8) + data
  }

  @Test("come back as they were written")
  func roundTrip() throws {
    let values = [
      floats([1, -2, 3.5, .infinity], [2, 2]), floats([7], []), floats([], [0, 3]), try integers([1, .min], [2, 1]),
      try #require(ONNXValue([UInt8(1), 255], shape: [2])), try #require(ONNXValue([true, false], shape: [2])),
      try #require(ONNXValue([1.5, -2.5], shape: [2])),
    ]
    for value in values {
      let bytes = try NumPyArrays.bytes(value)
      #expect(bytes.count >= 64 && bytes[8] == UInt8((bytes.count - value.byteCount - 10) & 255))
      let back = try NumPyArrays.read(bytes: bytes)
      #expect(back.type == value.type && back.shape == value.shape && back.doubles == value.doubles)
    }
    #expect(throws: ExchangeError.self) { try NumPyArrays.bytes(ONNXValue(["a"], shape: [1]) ?? floats([], [0])) }
  }

  @Test("are read in Fortran's order and of all versions")
  func orders() throws {
    let fortran = file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", [1, 2, 3, 4, 5, 6])
    #expect(try NumPyArrays.read(bytes: fortran).int64s == [1, 3, 5, 2, 4, 6])
    for version: UInt8 in [2, 3] {
      let header = #"{"shape": (3,), "fortran_order": False, "descr": "<i2"}"#
      #expect(
        try NumPyArrays.read(bytes: file(header, version: version, [1, 0, 2, 0, 255, 255])).int64s == [1, 2, -1])
    }
    let half = file("{'descr': '<f2', 'fortran_order': False, 'shape': ()}", [0, 0x3C])
    #expect(try NumPyArrays.read(bytes: half).scalars == [1])
  }

  @Test("are refused when they are none")
  func hostile() {
    let headers = [
      "", "{", "{}", "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}",
      "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': 'O', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,", "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "{'other': '<f4', 'shape': (1,)}",
    ]
    for header in headers {
      #expect(throws: ExchangeError.self, "\(header)") { try NumPyArrays.read(bytes: file(header, [0, 0, 128, 63])) }
    }
    let good = file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", [0, 0, 128, 63])
    for length in 0..<good.count {
      #expect(throws: ExchangeError.self) { try NumPyArrays.read(bytes: Array(good[..<length])) }
    }
    #expect(throws: ExchangeError.self) { try NumPyArrays.read("/nonexistent/a.npy") }
  }
}
