/// Tokens while a model is trained: their bytes, and how many symbols of the alphabet each is made of.
struct SymbolTable {
  private var table = TokenTable()
  private var lengths: [Int32] = []

  /// Tokens.
  var count: Int { table.count }

  /// Adds a token of one symbol, unless it is there, and returns its id.
  @discardableResult
  mutating func insert(_ token: String) -> Int32 {
    var token = token
    return token.withUTF8 { insert($0, length: 1) }
  }

  func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? { table.id(of: token) }

  @inline(__always)
  func length(of id: Int32) -> Int32 { lengths[Int(id)] }

  /// The token of two, the second of them without a prefix.
  mutating func merge(_ left: Int32, _ right: Int32, dropping prefix: [UInt8]) -> Int32 {
    var token = bytes(of: left)
    let second = bytes(of: right)
    token += second.dropFirst(!prefix.isEmpty && second.starts(with: prefix) ? prefix.count : 0)
    let length = lengths[Int(left)] + lengths[Int(right)]
    return token.withUnsafeBufferPointer { insert($0, length: length) }
  }

  private mutating func insert(_ token: UnsafeBufferPointer<UInt8>, length: Int32) -> Int32 {
    let (entry, isNew) = table.insert(token)
    if isNew { lengths.append(length) }
    return Int32(entry)
  }

  private func bytes(of id: Int32) -> [UInt8] { table.withBytes(of: Int(id)) { Array($0) } }

  /// All tokens in the order of their ids.
  var strings: [String] {
    (0..<count).map { table.withBytes(of: $0) { String(decoding: $0, as: UTF8.self) } }
  }
}
