/// Random numbers by counter: number i of a stream is a function of the stream and of i alone, so that neither the
/// order of execution nor the number of threads changes it.
///
/// Philox 4×32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A stream is
/// divided by name or number into independent ones: `RandomStream(seed: 1).split("dropout").split(step)`.
public struct RandomStream: Sendable, Hashable {
  let key: UInt64

  /// The stream of a seed.
  public init(seed: UInt64) {
    key = Self.mixed(seed ^ 0x6E6C_7074_6F6F_6C31)
  }

  private init(key: UInt64) {
    self.key = key
  }

  /// An independent stream for a number, such as that of a step or a layer.
  public func split(_ index: Int) -> RandomStream {
    RandomStream(key: Self.mixed(key ^ Self.mixed(UInt64(bitPattern: Int64(index)) &+ 0x9E37_79B9_7F4A_7C15)))
  }

  /// An independent stream for a name.
  public func split(_ name: String) -> RandomStream {
    // FNV-1a: the same on every machine and in every run, unlike `hashValue`.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return RandomStream(key: Self.mixed(key ^ Self.mixed(hash)))
  }

  /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input changes every bit of the output.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Numbers of [lower, upper), from number `first` of the stream on.
  public func uniform(_ shape: [Int], in range: Range<Float> = 0..<1, from first: Int = 0) -> Tensor {
    var result = Tensor(uninitialized: shape)
    let words = keyWords
    let scale = range.upperBound - range.lowerBound
    result.withUnsafeMutableElements { elements in
      guard let base = elements.baseAddress else { return }
      withUnsafePointer(to: words) { key in
        key.withMemoryRebound(to: UInt32.self, capacity: 2) { key in
          kernels.uniform(key, UInt64(first), base, elements.count)
        }
      }
      for index in elements.indices { elements[index] = range.lowerBound + scale * elements[index] }
    }
    return result
  }

  /// 0..<count in random order (Fisher–Yates).
  public func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    var generator = generator
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, generator.next(below: index + 1))
    }
    return order
  }

  /// The two words of the key, as the kernels want them.
  package var keyWords: (UInt32, UInt32) { (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)) }

  /// One number after the other.
  package var generator: Generator { Generator(state: key) }

  /// SplitMix64 on the key of the stream.
  package struct Generator {
    var state: UInt64

    package mutating func next(below bound: Int) -> Int {
      Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// 64 random bits.
    package mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      return RandomStream.mixed(state)
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension RandomStream {
  /// Normally distributed numbers with mean 0 (Box & Muller 1958).
  public func normal(_ shape: [Int], standardDeviation: Float = 1) -> Tensor {
    let count = shape.elementCount
    let pairs = (count + 1) / 2
    let sources = uniform([2 * pairs])
    var result = Tensor(uninitialized: shape)
    result.withUnsafeMutableElements { elements in
      sources.withUnsafeElements { sources in
        for pair in 0..<pairs {
          // 1 - u lies in (0, 1], where the logarithm is finite.
          let radius = (-2 * log(1 - sources[2 * pair])).squareRoot() * standardDeviation
          let angle = 2 * Float.pi * sources[2 * pair + 1]
          elements[2 * pair] = radius * cos(angle)
          if 2 * pair + 1 < count { elements[2 * pair + 1] = radius * sin(angle) }
        }
      }
    }
    return result
  }
}
