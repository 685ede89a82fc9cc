/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Random texts that look for trouble: scripts with dictionaries, marks, joiners, flags, all planes, and ASCII around
/// them.
struct RandomText {
  private var random: SeededGenerator

  private static let pools: [[ClosedRange<UInt32>]] = [
    [0x20...0x7E], [0x61...0x7A], [0x61...0x7A, 0x20...0x20], [0x30...0x39, 0x2C...0x2E], [0x00...0x1F],
    [0x80...0x24F], [0x300...0x36F], [0x370...0x52F], [0x590...0x6FF], [0x900...0x97F], [0xE00...0xEFF],
    [0x1000...0x109F], [0x1100...0x11FF], [0x1780...0x17FF], [0x2000...0x206F], [0x3000...0x30FF],
    [0x4E00...0x9FFF], [0xAC00...0xD7A3], [0xFE00...0xFE0F, 0x200D...0x200D, 0x1F468...0x1F469, 0x1F3FB...0x1F3FF],
    [0x1F1E6...0x1F1FF], [0x1F300...0x1F64F, 0x200D...0x200D, 0xFE0F...0xFE0F], [0xFF00...0xFFEF],
    [0x20000...0x2A6DF], [0xE0000...0xE007F, 0x1F3F4...0x1F3F4], [0x10000...0x10FFFF], [0x80...0xFFFF],
    [0x27...0x27, 0x2E...0x2E, 0x3A...0x3A, 0x5F...0x5F, 0x61...0x62, 0x31...0x32], [0x0A...0x0D, 0x20...0x20],
  ]

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  /// A text of `runs` short runs, each from one pool.
  mutating func next(runs: Int) -> String {
    var scalars = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 1...runs, using: &random) {
      // Every second run is ASCII, so that the scanner and ICU take turns.
      let pool = Self.pools[Bool.random(using: &random) ? Int.random(in: 0..<4, using: &random) : anyPool()]
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        let range = pool[Int.random(in: 0..<pool.count, using: &random)]
        if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { scalars.append(scalar) }
      }
    }
    return String(scalars)
  }

  private mutating func anyPool() -> Int {
    Int.random(in: 0..<Self.pools.count, using: &random)
  }
}
