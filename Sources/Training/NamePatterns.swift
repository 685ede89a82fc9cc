extension String {
  /// Whether the whole string is what a pattern with `*` for any characters describes.
  package func matches(wildcards pattern: String) -> Bool {
    let (text, pattern) = (Array(utf8), Array(pattern.utf8))
    var (i, j) = (0, 0)
    // Where to go on when what follows the last star does not match after all.
    var retry: (text: Int, pattern: Int)?
    while i < text.count {
      if j < pattern.count, pattern[j] == UInt8(ascii: "*") {
        retry = (i, j + 1)
        j += 1
      } else if j < pattern.count, pattern[j] == text[i] {
        (i, j) = (i + 1, j + 1)
      } else if let last = retry {
        retry = (last.text + 1, last.pattern)
        (i, j) = (last.text + 1, last.pattern)
      } else {
        return false
      }
    }
    return pattern[j...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
