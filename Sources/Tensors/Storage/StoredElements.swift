extension Tensor {
  /// Numbers as they lie in a file, little-endian: a view where they are aligned Float32, otherwise converted copies.
  ///
  /// The caller has checked that `shape` fits the memory.
  package init(readingFrom address: UnsafeRawPointer, _ type: ElementType, shape: [Int], owner: AnyObject) {
    let isAligned = UInt(bitPattern: address) % UInt(MemoryLayout<Float>.alignment) == 0
    if type == .float32, isAligned, shape.elementCount > 0 {
      self.init(viewing: address, shape: shape, owner: owner)
      return
    }
    self.init(uninitialized: shape)
    withUnsafeMutableElements { elements in
      for index in elements.indices {
        let offset = index * type.size
        elements[index] =
          switch type {
          case .float32:
            Float(bitPattern: UInt32(littleEndian: address.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
          case .int32: Float(Int32(littleEndian: address.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
          case .int64: Float(Int64(littleEndian: address.loadUnaligned(fromByteOffset: offset, as: Int64.self)))
          case .float64:
            Float(
              Double(bitPattern: UInt64(littleEndian: address.loadUnaligned(fromByteOffset: offset, as: UInt64.self))))
          case .uint8: Float(address.load(fromByteOffset: offset, as: UInt8.self))
          case .int8: Float(address.load(fromByteOffset: offset, as: Int8.self))
          case .float16:
            Float(halfBits: UInt16(littleEndian: address.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
          case .bfloat16:
            Float(
              bitPattern: UInt32(UInt16(littleEndian: address.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
                << 16)
          }
      }
    }
  }
}

extension Float {
  /// The value of an IEEE 754 binary16 number.
  package init(halfBits bits: UInt16) {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      // Subnormal: fraction · 2⁻²⁴.
      let magnitude = Float(fraction) * 0x1p-24
      self = sign == 0 ? magnitude : -magnitude
    case 0x1F:
      self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default:
      self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
