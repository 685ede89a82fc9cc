// What the scanners ask about a block of 64 bytes, as two AVX2 vectors. Bit i of an answer is about byte i.
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i load32(const uint8_t *bytes) { return _mm256_loadu_si256((const __m256i *)bytes); }

/// The highest bits of the bytes of two vectors.
INLINE uint64_t high_bits(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

/// A table of 16 entries in both lanes, as `_mm256_shuffle_epi8` wants it.
INLINE __m256i table16(const uint8_t entries[16]) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)entries));
}

INLINE __m256i low_nibbles(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi8(0x0F)); }
INLINE __m256i high_nibbles(__m256i bytes) { return low_nibbles(_mm256_srli_epi16(bytes, 4)); }

/// Bits of the bytes ≥ 0x80.
INLINE uint64_t non_ascii_bits(const uint8_t *block) { return high_bits(load32(block), load32(block + 32)); }

/// Bits of the bytes equal to one value.
INLINE uint64_t equal_bits(const uint8_t *block, uint8_t value) {
  const __m256i wanted = _mm256_set1_epi8((char)value);
  return high_bits(_mm256_cmpeq_epi8(load32(block), wanted), _mm256_cmpeq_epi8(load32(block + 32), wanted));
}

INLINE __m256i lowercase32(__m256i bytes) {
  // Bytes ≥ 0x80 are negative here, so that they fail the first comparison.
  const __m256i from_a = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('A' - 1));
  const __m256i after_z = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('Z'));
  const __m256i upper = _mm256_andnot_si256(after_z, from_a);
  return _mm256_or_si256(bytes, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
}

/// Copies a block with A…Z made a…z.
INLINE void lowercase_block(const uint8_t *from, uint8_t *to) {
  const __m256i low = lowercase32(load32(from)), high = lowercase32(load32(from + 32));
  _mm256_storeu_si256((__m256i *)to, low);
  _mm256_storeu_si256((__m256i *)(to + 32), high);
}

/// Bits of each class of word characters.
INLINE void class_bits(const struct ascii_word_classes *classes, const uint8_t *block,
                       uint64_t bits[ASCII_WORD_CLASS_COUNT]) {
  // The bit that stands for each high nibble; none for bytes ≥ 0x80, which are of no class.
  static const uint8_t nibble_bits[16] = {1, 2, 4, 8, 16, 32, 64, 128};
  const __m256i low = load32(block), high = load32(block + 32);
  const __m256i low_keys = low_nibbles(low), high_keys = low_nibbles(high);
  const __m256i low_bits = _mm256_shuffle_epi8(table16(nibble_bits), high_nibbles(low));
  const __m256i high_bits_ = _mm256_shuffle_epi8(table16(nibble_bits), high_nibbles(high));
  const __m256i zero = _mm256_setzero_si256();
  for (int class = 0; class < ASCII_WORD_CLASS_COUNT; class++) {
    const __m256i table = table16(classes->nibbles[class]);
    const __m256i low_miss = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(table, low_keys), low_bits), zero);
    const __m256i high_miss =
        _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(table, high_keys), high_bits_), zero);
    bits[class] = ~high_bits(low_miss, high_miss);
  }
}

// Validation after Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): three look-ups by
// the nibbles of two neighbouring bytes give the errors that the pair can be part of; a bit set in all three is an error.
enum utf8_error {
  too_short = 1 << 0,       // a lead byte without its continuation
  too_long = 1 << 1,        // a continuation after ASCII
  overlong_3 = 1 << 2,      // E0 80…9F
  too_large = 1 << 3,       // above U+10FFFF
  surrogate = 1 << 4,       // ED A0…BF
  overlong_2 = 1 << 5,      // C0, C1
  overlong_4 = 1 << 6,      // F0 80…8F
  too_large_1000 = 1 << 6,  // F5… with 80…8F
  two_continuations = 1 << 7,
  // What every second byte of a pair may be, whatever the low nibble of the first.
  any_low = too_short | too_long | two_continuations,
};

static const uint8_t first_high[16] = {
    too_long, too_long, too_long, too_long, too_long, too_long, too_long, too_long,
    two_continuations, two_continuations, two_continuations, two_continuations,
    too_short | overlong_2, too_short, too_short | overlong_3 | surrogate,
    too_short | too_large | too_large_1000 | overlong_4,
};
static const uint8_t first_low[16] = {
    any_low | overlong_3 | overlong_2 | overlong_4, any_low | overlong_2, any_low, any_low, any_low | too_large,
    any_low | too_large | too_large_1000, any_low | too_large | too_large_1000, any_low | too_large | too_large_1000,
    any_low | too_large | too_large_1000, any_low | too_large | too_large_1000, any_low | too_large | too_large_1000,
    any_low | too_large | too_large_1000, any_low | too_large | too_large_1000,
    any_low | too_large | too_large_1000 | surrogate, any_low | too_large | too_large_1000,
    any_low | too_large | too_large_1000,
};
static const uint8_t second_high[16] = {
    too_short, too_short, too_short, too_short, too_short, too_short, too_short, too_short,
    too_long | overlong_2 | two_continuations | overlong_3 | too_large_1000 | overlong_4,
    too_long | overlong_2 | two_continuations | overlong_3 | too_large,
    too_long | overlong_2 | two_continuations | surrogate | too_large,
    too_long | overlong_2 | two_continuations | surrogate | too_large,
    too_short, too_short, too_short, too_short,
};

/// What carries over from one block of the validation to the next: the vector before, and whether a sequence that it
/// began wants more bytes.
struct utf8_carry {
  __m256i previous;
  __m256i incomplete;
};

/// `bytes` moved up by `distance` (1…3), filled from the end of the vector before.
#define PRECEDING(bytes, previous, distance) \
  _mm256_alignr_epi8(bytes, _mm256_permute2x128_si256(previous, bytes, 0x21), 16 - (distance))

INLINE __m256i utf8_errors32(__m256i bytes, __m256i previous) {
  const __m256i one_before = PRECEDING(bytes, previous, 1);
  const __m256i pair = _mm256_and_si256(
      _mm256_and_si256(_mm256_shuffle_epi8(table16(first_high), high_nibbles(one_before)),
                       _mm256_shuffle_epi8(table16(first_low), low_nibbles(one_before))),
      _mm256_shuffle_epi8(table16(second_high), high_nibbles(bytes)));
  // The third and fourth byte of a sequence must be the second of two continuations, and nothing else may be.
  const __m256i third = _mm256_subs_epu8(PRECEDING(bytes, previous, 2), _mm256_set1_epi8((char)(0xE0 - 0x80)));
  const __m256i fourth = _mm256_subs_epu8(PRECEDING(bytes, previous, 3), _mm256_set1_epi8((char)(0xF0 - 0x80)));
  const __m256i expected = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
  return _mm256_xor_si256(expected, pair);
}

/// Bytes at the end of a vector that begin a sequence which the vector does not finish.
INLINE __m256i incomplete32(__m256i bytes) {
  const __m256i largest = _mm256_setr_epi8(
      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
      (char)(0xF0 - 1), (char)(0xE0 - 1), (char)(0xC0 - 1));
  return _mm256_subs_epu8(bytes, largest);
}

/// Whether a block, or its join with the blocks before it, may hold an ill-formed sequence.
INLINE int block_may_be_invalid(const uint8_t *block, struct utf8_carry *carry) {
  const __m256i low = load32(block), high = load32(block + 32);
  __m256i errors;
  if (_mm256_movemask_epi8(_mm256_or_si256(low, high)) == 0) {
    errors = carry->incomplete;
    carry->incomplete = _mm256_setzero_si256();
  } else {
    errors = _mm256_or_si256(utf8_errors32(low, carry->previous), utf8_errors32(high, low));
    carry->incomplete = incomplete32(high);
  }
  carry->previous = high;
  return !_mm256_testz_si256(errors, errors);
}
