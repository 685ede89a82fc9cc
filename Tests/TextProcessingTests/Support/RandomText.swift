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

  /// A text of ideographs, frequent ones among them, with what stands around them in Chinese and Japanese.
  mutating func nextChinese(runs: Int) -> String {
    var scalars = String.UnicodeScalarView()
    let frequent = Array(
      "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏兴切待围久哪"
        .unicodeScalars)
    let marks = Array("，。！？、；：“”‘’（）《》…—,.!?:;'\"()-_ \n\r1a9Z".unicodeScalars)
    let others = Array("のをにはカタキャーッ々〆ヶ한국어\u{3099}\u{301}\u{200D}\u{FE0F}😀é१𠀀㐀豈丶龥ｶﾞＡ１".unicodeScalars)
    for _ in 0..<Int.random(in: 1...runs, using: &random) {
      for _ in 0..<Int.random(in: 1...14, using: &random) {
        if Int.random(in: 0..<8, using: &random) == 0 {
          if let scalar = Unicode.Scalar(UInt32.random(in: 0x4E00...0x9FFF, using: &random)) { scalars.append(scalar) }
        } else if let scalar = frequent.randomElement(using: &random) {
          scalars.append(scalar)
        }
      }
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        let pool = Int.random(in: 0..<6, using: &random) == 0 ? others : marks
        if let scalar = pool.randomElement(using: &random) { scalars.append(scalar) }
      }
    }
    return String(scalars)
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
