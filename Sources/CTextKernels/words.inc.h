// Words of ASCII text after UAX #29, 64 characters at a time: each rule that forbids a boundary becomes a few operations
// on one bit a character.

/// The classes of a block, and what the shifts need of the block before it.
struct word_block {
  uint64_t bits[ASCII_WORD_CLASS_COUNT];
};

/// Bit i: whether byte i - 1 is of the class.
INLINE uint64_t one_before(const struct word_block *block, const struct word_block *previous, int class) {
  return block->bits[class] << 1 | previous->bits[class] >> 63;
}

/// Bit i: whether byte i - 2 is of the class.
INLINE uint64_t two_before(const struct word_block *block, const struct word_block *previous, int class) {
  return block->bits[class] << 2 | previous->bits[class] >> 62;
}

/// Bit i: whether there is a boundary before byte i. `next` has the flags of the byte after the block.
INLINE uint64_t word_boundaries(const struct word_block *block, const struct word_block *previous, uint8_t next) {
  const uint64_t letters = block->bits[ascii_word_letter], digits = block->bits[ascii_word_digit];
  const uint64_t letters_before = one_before(block, previous, ascii_word_letter);
  const uint64_t digits_before = one_before(block, previous, ascii_word_digit);
  const uint64_t letters_after = letters >> 1 | (uint64_t)(next >> ascii_word_letter & 1) << 63;
  const uint64_t digits_after = digits >> 1 | (uint64_t)(next >> ascii_word_digit & 1) << 63;

  // WB5, 8…10, 13a, 13b: letters, digits and extenders stay together.
  uint64_t joined = (letters | digits | block->bits[ascii_word_extender]) &
                    (letters_before | digits_before | one_before(block, previous, ascii_word_extender));
  // WB6, WB7: don't break letters across a mark between them.
  joined |= block->bits[ascii_word_mid_letter] & letters_before & letters_after;
  joined |= letters & one_before(block, previous, ascii_word_mid_letter) &
            two_before(block, previous, ascii_word_letter);
  // WB11, WB12: the same for digits.
  joined |= block->bits[ascii_word_mid_number] & digits_before & digits_after;
  joined |= digits & one_before(block, previous, ascii_word_mid_number) & two_before(block, previous, ascii_word_digit);
  // WB3, WB3d
  joined |= block->bits[ascii_word_feed] & one_before(block, previous, ascii_word_return);
  joined |= block->bits[ascii_word_space] & one_before(block, previous, ascii_word_space);
  return ~joined;
}

/// Tag of the segment `start ..< end`: that of its last byte, except after an extender.
INLINE uint8_t segment_tag(const struct ascii_word_classes *classes, const uint8_t *bytes, ptrdiff_t start,
                           ptrdiff_t end) {
  const uint8_t last = bytes[end - 1];
  if (__builtin_expect(classes->flags[last] >> ascii_word_extender & 1, 0) && end - start > 1)
    return classes->flags[bytes[end - 2]] >> ascii_word_digit & 1 ? classes->extended_number_tag
                                                                  : classes->extended_word_tag;
  return classes->tags[last];
}

/// Writes a segment, and moves on only when its kind is kept: cheaper than a branch, as every second one is a space.
INLINE void append_segment(const struct ascii_word_classes *classes, const uint8_t *bytes, ptrdiff_t start,
                           ptrdiff_t end, uint32_t kept_kinds, struct text_span *spans, ptrdiff_t *count) {
  const uint8_t tag = segment_tag(classes, bytes, start, end);
  spans[*count] = (struct text_span){start, (int64_t)((uint64_t)end << 8 | tag)};
  *count += kept_kinds >> (tag & 15) & 1;
}

static ptrdiff_t ascii_words(const struct ascii_word_classes *classes, const uint8_t *bytes, ptrdiff_t start,
                             ptrdiff_t end, uint32_t kept_kinds, struct text_span_buffer *buffer) {
  struct word_block previous = {{0}}, block;
  struct text_span *const spans = buffer->spans;
  ptrdiff_t count = buffer->count;
  ptrdiff_t segment = start;
  for (ptrdiff_t i = start; i < end; i += 64) {
    if (buffer->capacity - count < ASCII_WORD_SCAN_ROOM) {
      buffer->count = count;
      return segment;
    }
    uint64_t boundaries;
    if (end - i > 64) {
      class_bits(classes, bytes + i, block.bits);
      boundaries = word_boundaries(&block, &previous, classes->flags[bytes[i + 64]]);
    } else {
      uint8_t last[64] = {0};
      memcpy(last, bytes + i, (size_t)(end - i));
      class_bits(classes, last, block.bits);
      boundaries = word_boundaries(&block, &previous, 0) & (~(uint64_t)0 >> (64 - (end - i)));
    }
    if (i == start) boundaries &= ~(uint64_t)1;
    while (boundaries != 0) {
      const ptrdiff_t boundary = i + __builtin_ctzll(boundaries);
      boundaries &= boundaries - 1;
      append_segment(classes, bytes, segment, boundary, kept_kinds, spans, &count);
      segment = boundary;
    }
    previous = block;
  }
  if (segment < end && buffer->capacity > count) {
    append_segment(classes, bytes, segment, end, kept_kinds, spans, &count);
    segment = end;
  }
  buffer->count = count;
  return segment;
}
