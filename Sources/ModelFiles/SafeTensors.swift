import FoundationEssentials
public import Tensors

/// The safetensors format: 8 bytes with the length of a JSON header, the header, the numbers
/// (https://github.com/huggingface/safetensors, format specification).
///
/// Reading maps the file: Float32 tensors are views of it, other types are converted. Sizes are checked against the
/// length of the file before anything is allocated.
public struct SafeTensors: Sendable {
  /// The tensors by name.
  public let tensors: [String: Tensor]
  /// Tensors that are kept as the file has them, by name.
  public let stored: [String: StoredTensor]
  /// Weights in bytes with their scales, by name, where a reader of bundles asked for them.
  public let quantized: [String: QuantizedTensor]
  /// Free text by name.
  public let metadata: [String: String]

  /// Tensors to be written. No name may be in both dictionaries.
  public init(
    tensors: [String: Tensor], stored: [String: StoredTensor] = [:], metadata: [String: String] = [:]
  ) {
    precondition(
      Set(tensors.keys).isDisjoint(with: stored.keys), "SafeTensors: a name is given to two tensors")
    self.init(tensors: tensors, stored: stored, quantized: [:], metadata: metadata)
  }

  init(
    tensors: [String: Tensor], stored: [String: StoredTensor], quantized: [String: QuantizedTensor],
    metadata: [String: String]
  ) {
    self.tensors = tensors
    self.stored = stored
    self.quantized = quantized
    self.metadata = metadata
  }

  /// The element types of the format that can be read.
  private static let elementTypes: [String: ElementType] = [
    "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I32": .int32, "I8": .int8, "U8": .uint8, "F64": .float64,
    "I64": .int64,
  ]

  /// What the header says of one tensor.
  fileprivate struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  /// A header is at most this long, as in the reference implementation.
  private static let headerLimit = 100_000_000

  /// Reads a file.
  ///
  /// - Parameter names: tensors that are not converted to Float32 but kept in ``stored``.
  public init(contentsOf path: String, keepingStored names: Set<String> = []) throws(FileError) {
    try self.init(contentsOf: path) { name, _ in names.contains(name) }
  }

  /// Reads a file as it is: what is not Float32 is kept in ``stored``, and so are some others.
  init(unconverted path: String, keepingStored names: Set<String>) throws(FileError) {
    try self.init(contentsOf: path) { name, type in type != .float32 || names.contains(name) }
  }

  private init(contentsOf path: String, keeps: (String, ElementType) -> Bool) throws(FileError) {
    let file = try MappedFile(path: path)
    func damaged(_ reason: String) -> FileError { .damaged(path: path, reason: reason) }
    guard file.count >= 8 else { throw damaged("\(file.count) bytes are too few for a header") }
    let length = UInt64(littleEndian: file.base.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(file.count - 8), length <= Self.headerLimit else {
      throw damaged("the header would have \(length) bytes, the file has \(file.count)")
    }
    let start = 8 + Int(length)
    let header = Data(file.bytes(8..<start))
    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]
    do {
      let decoder = JSONDecoder()
      let parts = try decoder.decode([String: HeaderValue].self, from: header)
      for (name, part) in parts {
        switch part {
        case .metadata(let values) where name == "__metadata__": metadata = values
        case .entry(let entry) where name != "__metadata__": entries[name] = entry
        default: throw damaged("the header's entry \(name) has the wrong form")
        }
      }
    } catch let error as FileError {
      throw error
    } catch let DecodingError.typeMismatch(_, context) where !context.codingPath.isEmpty {
      throw damaged("the header's entry \(context.codingPath[0].stringValue) has the wrong form")
    } catch let DecodingError.dataCorrupted(context) where !context.codingPath.isEmpty {
      throw damaged("the header's entry \(context.codingPath[0].stringValue) has a number that cannot be")
    } catch {
      throw damaged("the header is not valid JSON")
    }
    var tensors: [String: Tensor] = [:]
    var stored: [String: StoredTensor] = [:]
    for (name, entry) in entries {
      guard let type = Self.elementTypes[entry.dtype] else {
        throw damaged("\(name) has the element type \(entry.dtype), which is not supported")
      }
      guard let range = Self.range(of: entry, type, space: file.count - start) else {
        throw damaged("\(name) of the shape \(entry.shape) does not fit the bytes \(entry.data_offsets)")
      }
      if keeps(name, type) {
        let place = start + range.lowerBound..<start + range.upperBound
        stored[name] = StoredTensor(file, place, type: type, shape: entry.shape)
        continue
      }
      tensors[name] = Tensor(
        readingFrom: file.base + start + range.lowerBound, type, shape: entry.shape, owner: file)
    }
    let sorted = entries.values.map { ($0.data_offsets[0], $0.data_offsets[1]) }.sorted { $0 < $1 }
    var end = 0
    for (lower, upper) in sorted {
      guard lower == end else { throw damaged("the tensors overlap or leave a hole at byte \(end)") }
      end = upper
    }
    guard end == file.count - start else {
      throw damaged("the tensors have \(end) bytes, the file holds \(file.count - start)")
    }
    self.init(tensors: tensors, stored: stored, quantized: [:], metadata: metadata)
  }

  /// The tensors as a network of PyTorch names them: without what parallel training adds to names (`module.`) and without
  /// counters of batches.
  public var weightsOfPyTorch: [String: Tensor] {
    let isParallel = !tensors.isEmpty && tensors.keys.allSatisfy { $0.hasPrefix("module.") }
    var weights: [String: Tensor] = [:]
    for (name, value) in tensors where !name.hasSuffix("num_batches_tracked") {
      weights[isParallel ? String(name.dropFirst(7)) : name] = value
    }
    return weights
  }

  private static func range(of entry: Entry, _ type: ElementType, space: Int) -> Range<Int>? {
    guard entry.data_offsets.count == 2, entry.shape.count <= 32 else { return nil }
    var bytes = type.size
    for extent in entry.shape {
      guard extent >= 0 else { return nil }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      bytes = product
    }
    let (lower, upper) = (entry.data_offsets[0], entry.data_offsets[1])
    guard lower >= 0, lower <= upper, upper <= space, upper - lower == bytes else { return nil }
    return lower..<upper
  }

  /// The bytes of the header with its length: names in order, so that equal tensors make equal files.
  private func encodedHeader() -> (bytes: [UInt8], names: [String]) {
    let names = (Array(tensors.keys) + stored.keys).sorted()
    var parts: [String] = []
    if !metadata.isEmpty {
      let values = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      parts.append("\"__metadata__\":{\(values.joined(separator: ","))}")
    }
    var offset = 0
    for name in names {
      guard let shape = tensors[name]?.shape ?? stored[name]?.shape else { continue }
      let type = stored[name]?.type ?? .float32
      let end = offset + shape.elementCount * type.size
      let dtype = Self.elementTypes.first { $0.value == type }?.key ?? ""
      let extents = shape.map(String.init).joined(separator: ",")
      parts.append(
        "\(quoted(name)):{\"dtype\":\"\(dtype)\",\"shape\":[\(extents)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var json = Array("{\(parts.joined(separator: ","))}".utf8)
    // Numbers start at a multiple of 64, so that they can be used where the file is mapped.
    while (8 + json.count) % 64 != 0 { json.append(UInt8(ascii: " ")) }
    let length = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) }
    return (length + json, names)
  }

  /// Writes a file, whole or not at all. Numbers are stored little-endian, those of ``tensors`` as Float32.
  public func write(to path: String) throws(FileError) {
    let (header, names) = encodedHeader()
    try writeAtomically(to: path) { (writer) throws(FileError) in
      try writer.write(header)
      for name in names {
        let failure =
          tensors[name]?.withUnsafeElements { writer.write(raw: UnsafeRawBufferPointer($0)) }
          ?? stored[name]?.withBytes { $0.withUnsafeBytes { writer.write(raw: $0) } }
        if let failure { throw failure }
      }
    }
  }

  /// A checksum of all names, shapes and numbers.
  public var checksum: String {
    var checksum = Checksum()
    let (header, names) = encodedHeader()
    header.withUnsafeBytes { checksum.add($0) }
    for name in names {
      tensors[name]?.withUnsafeElements { checksum.add(UnsafeRawBufferPointer($0)) }
      stored[name]?.withBytes { $0.withUnsafeBytes { checksum.add($0) } }
    }
    return checksum.hexadecimal
  }
}

/// A value of the header: a tensor, or the metadata.
private enum HeaderValue: Decodable {
  case entry(SafeTensors.Entry)
  case metadata([String: String])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let entry = try? container.decode(SafeTensors.Entry.self) {
      self = .entry(entry)
    } else {
      self = .metadata(try container.decode([String: String].self))
    }
  }
}

/// A string as JSON writes it.
private func quoted(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case _ where scalar.value < 0x20:
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
