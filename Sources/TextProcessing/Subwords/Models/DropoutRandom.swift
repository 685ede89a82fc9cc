/// Random numbers for dropout: those of a seed (SplitMix64, Steele, Lea & Flood 2014), or the system's.
struct DropoutRandom: RandomNumberGenerator {
  private var state: UInt64?

  /// The system's.
  init() {}

  /// Those of a seed, others for each text of a pair; the system's where there is none.
  init(seed: UInt64?, sequence: Int) {
    state = seed.map { $0 ^ (UInt64(truncatingIfNeeded: sequence) &* 0xD1B5_4A32_D192_ED03) }
  }

  mutating func next() -> UInt64 {
    guard let old = state else {
      var system = SystemRandomNumberGenerator()
      return system.next()
    }
    let new = old &+ 0x9E37_79B9_7F4A_7C15
    state = new
    var mixed = (new ^ new >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
