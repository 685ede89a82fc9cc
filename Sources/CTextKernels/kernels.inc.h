// The implementation of every scanner over blocks of 64 bytes, included once for each instruction set with KERNEL_SUFFIX
// as its name, after the header that answers the questions about a block.

#include "utf8.inc.h"
#include "words.inc.h"

enum { block_size = 64 };

static ptrdiff_t first_non_ascii(const uint8_t *bytes, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; count - i >= block_size; i += block_size) {
    const uint64_t bits = non_ascii_bits(bytes + i);
    if (bits != 0) return i + __builtin_ctzll(bits);
  }
  while (i < count && bytes[i] < 0x80) i++;
  return i;
}

static ptrdiff_t find_newline(const uint8_t *bytes, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; count - i >= block_size; i += block_size) {
    const uint64_t bits = equal_bits(bytes + i, '\n');
    if (bits != 0) return i + __builtin_ctzll(bits);
  }
  while (i < count && bytes[i] != '\n') i++;
  return i;
}

static void lowercase_ascii(const uint8_t *from, ptrdiff_t count, uint8_t *to) {
  ptrdiff_t i = 0;
  for (; count - i >= block_size; i += block_size) lowercase_block(from + i, to + i);
  for (; i < count; i++) to[i] = from[i] | (uint8_t)((uint8_t)(from[i] - 'A') < 26) << 5;
}

#define KERNEL_JOIN_(a, b) a##b
#define KERNEL_JOIN(a, b) KERNEL_JOIN_(a, b)
#define KERNEL_STRING_(a) #a
#define KERNEL_STRING(a) KERNEL_STRING_(a)

const struct text_kernels KERNEL_JOIN(text_kernels_, KERNEL_SUFFIX) = {
    .name = KERNEL_STRING(KERNEL_SUFFIX),
    .first_invalid_utf8 = first_invalid_utf8,
    .first_non_ascii = first_non_ascii,
    .find_newline = find_newline,
    .lowercase_ascii = lowercase_ascii,
    .ascii_words = ascii_words,
};
