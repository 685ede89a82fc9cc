/// Byte scanners for UTF-8 text with run-time dispatch.
///
/// One implementation (`kernels.inc.h`) is compiled once for each instruction set, over the vector primitives of that
/// set. The functions of an instruction set stand in one table; `text_kernel_table` gives the table of a level, so that
/// tests can run every level that the machine has. No kernel allocates, none keeps state, and none reads outside
/// `bytes[0 ..< count]`.
#ifndef CTEXTKERNELS_H
#define CTEXTKERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Instruction sets, from the plainest on.
enum text_kernel_level {
  text_kernel_level_plain = 0,
  text_kernel_level_avx2 = 1,
};

/// A segment of a text: its first byte, the byte after its last (the upper 56 bits) and its tag (the lower 8 bits).
struct text_span {
  int64_t start;
  int64_t end_and_tag;
};

/// What the word rules say about an ASCII character, one bit each in `ascii_word_classes.flags`.
enum ascii_word_class {
  ascii_word_letter = 0,      ///< ALetter
  ascii_word_digit = 1,       ///< Numeric
  ascii_word_extender = 2,    ///< ExtendNumLet: joins letters, digits and itself
  ascii_word_mid_letter = 3,  ///< joins two letters (MidLetter, MidNumLet, Single_Quote)
  ascii_word_mid_number = 4,  ///< joins two digits (MidNum, MidNumLet, Single_Quote)
  ascii_word_space = 5,       ///< WSegSpace: joins itself
  ascii_word_return = 6,      ///< CR: joins a following LF
  ascii_word_feed = 7,        ///< LF
};

/// Number of classes.
#define ASCII_WORD_CLASS_COUNT 8

/// The word rules of a locale for ASCII, and how segments are tagged.
struct ascii_word_classes {
  /// Bits of `ascii_word_class` for each byte.
  uint8_t flags[256];
  /// The same, one table a class, for vector look-up: bit h of entry l is set when the byte h·16 + l is of the class.
  uint8_t nibbles[ASCII_WORD_CLASS_COUNT][16];
  /// Tag of a segment by its last byte. The low four bits are its kind.
  uint8_t tags[256];
  /// Tags of a segment that ends in an extender after a letter or an extender, and after a digit.
  uint8_t extended_word_tag, extended_number_tag;
};

/// Segments that a scan writes.
struct text_span_buffer {
  struct text_span *spans;
  ptrdiff_t count;
  ptrdiff_t capacity;
};

/// The scan of words stops, and wants to be called again, when there is less room than this in its buffer.
#define ASCII_WORD_SCAN_ROOM 65

/// One function a scanner.
struct text_kernels {
  const char *name;

  /// Offset of the first byte of the first ill-formed sequence, or `count` when all is well-formed UTF-8.
  ptrdiff_t (*first_invalid_utf8)(const uint8_t *bytes, ptrdiff_t count);
  /// Offset of the first byte ≥ 0x80, or `count`.
  ptrdiff_t (*first_non_ascii)(const uint8_t *bytes, ptrdiff_t count);
  /// Offset of the first line feed, or `count`.
  ptrdiff_t (*find_newline)(const uint8_t *bytes, ptrdiff_t count);
  /// Copies, with A…Z made a…z; the other bytes stay. `from` and `to` may be the same.
  void (*lowercase_ascii)(const uint8_t *from, ptrdiff_t count, uint8_t *to);
  /// Segments the ASCII bytes `start ..< end` into words and appends those whose kind has its bit set in
  /// `kept_kinds`. Offsets count from `bytes`. Stops at a boundary: at `end`, or earlier when the buffer is full;
  /// returns where.
  ptrdiff_t (*ascii_words)(const struct ascii_word_classes *classes, const uint8_t *bytes, ptrdiff_t start,
                           ptrdiff_t end, uint32_t kept_kinds, struct text_span_buffer *buffer);
};

/// The most capable level of this machine.
enum text_kernel_level text_kernel_best_level(void);

/// The kernels of a level, or NULL when this machine does not have it.
const struct text_kernels *_Nullable text_kernel_table(enum text_kernel_level level);

/// The kernels of the best level. Never NULL.
const struct text_kernels *text_kernels_of_this_machine(void);

/// Asks for the cache line of an address, which need not be one of memory. Costs about an instruction.
static inline void text_prefetch(const void *address) { __builtin_prefetch(address); }

#pragma clang assume_nonnull end

#endif
