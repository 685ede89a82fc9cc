// What the scanners ask about a block of 64 bytes, in plain C. Bit i of an answer is about byte i.
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/// Bits of the bytes ≥ 0x80.
INLINE uint64_t non_ascii_bits(const uint8_t *block) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; i++) {
    uint64_t word;
    memcpy(&word, block + 8 * i, 8);
    word &= 0x8080808080808080u;
    if (word == 0) continue;
    for (int j = 0; j < 8; j++) bits |= (uint64_t)(block[8 * i + j] >> 7) << (8 * i + j);
  }
  return bits;
}

/// Bits of the bytes equal to one value.
INLINE uint64_t equal_bits(const uint8_t *block, uint8_t value) {
  uint64_t bits = 0;
  for (int i = 0; i < 64; i++) bits |= (uint64_t)(block[i] == value) << i;
  return bits;
}

/// Copies a block with A…Z made a…z.
INLINE void lowercase_block(const uint8_t *from, uint8_t *to) {
  for (int i = 0; i < 64; i++) {
    const uint8_t byte = from[i];
    to[i] = byte | (uint8_t)((uint8_t)(byte - 'A') < 26) << 5;
  }
}

/// Bits of each class of word characters.
INLINE void class_bits(const struct ascii_word_classes *classes, const uint8_t *block,
                       uint64_t bits[ASCII_WORD_CLASS_COUNT]) {
  for (int class = 0; class < ASCII_WORD_CLASS_COUNT; class++) bits[class] = 0;
  // Eight flag bytes make an 8 × 8 bit matrix; transposed, its rows are the next eight bits of every class.
  for (int i = 0; i < 64; i += 8) {
    uint64_t matrix = 0;
    for (int j = 0; j < 8; j++) matrix |= (uint64_t)classes->flags[block[i + j]] << (8 * j);
    uint64_t swapped = (matrix ^ (matrix >> 7)) & 0x00AA00AA00AA00AAu;
    matrix ^= swapped ^ (swapped << 7);
    swapped = (matrix ^ (matrix >> 14)) & 0x0000CCCC0000CCCCu;
    matrix ^= swapped ^ (swapped << 14);
    swapped = (matrix ^ (matrix >> 28)) & 0x00000000F0F0F0F0u;
    matrix ^= swapped ^ (swapped << 28);
    for (int class = 0; class < ASCII_WORD_CLASS_COUNT; class++)
      bits[class] |= ((matrix >> (8 * class)) & 0xFF) << i;
  }
}

/// What carries over from one block of the validation to the next. In plain C each block is decided by itself.
struct utf8_carry {
  uint8_t unused;
};

/// Whether a block, or its join with the blocks before it, may hold an ill-formed sequence.
INLINE int block_may_be_invalid(const uint8_t *block, struct utf8_carry *carry) {
  (void)carry;
  return non_ascii_bits(block) != 0;
}
