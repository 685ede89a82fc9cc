// Validation of UTF-8: blocks by `block_may_be_invalid`, and the exact place byte by byte.

/// Length of the well-formed sequence at `bytes` (Unicode, table 3-7), or 0 when there is none.
static ptrdiff_t sequence_length(const uint8_t *bytes, ptrdiff_t count) {
  const uint8_t lead = bytes[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const ptrdiff_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (count < length) return 0;
  // The second byte has a narrower range after these leads: no overlong forms, surrogates or values past U+10FFFF.
  const uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (bytes[1] < least || bytes[1] > most) return 0;
  for (ptrdiff_t i = 2; i < length; i++)
    if ((bytes[i] & 0xC0) != 0x80) return 0;
  return length;
}

/// The first ill-formed sequence in `start ..< count`, or the first boundary of scalars at or after `stop`.
static ptrdiff_t validate_bytewise(const uint8_t *bytes, ptrdiff_t start, ptrdiff_t stop, ptrdiff_t count, int *valid) {
  ptrdiff_t i = start;
  while (i < stop) {
    const ptrdiff_t length = sequence_length(bytes + i, count - i);
    if (length == 0) {
      *valid = 0;
      return i;
    }
    i += length;
  }
  *valid = 1;
  return i;
}

/// Where the sequence begins that reaches over `position`, or `position` when it is a boundary of scalars. All before it
/// is well-formed but for that sequence.
static ptrdiff_t sequence_start(const uint8_t *bytes, ptrdiff_t position) {
  for (ptrdiff_t back = 1; back <= 3 && back <= position; back++) {
    const uint8_t byte = bytes[position - back];
    if (byte < 0x80) break;
    if (byte < 0xC0) continue;
    const ptrdiff_t length = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return length > back ? position - back : position;
  }
  return position;
}

static ptrdiff_t first_invalid_utf8(const uint8_t *bytes, ptrdiff_t count) {
  struct utf8_carry carry;
  memset(&carry, 0, sizeof carry);
  int valid = 1;
  ptrdiff_t i = 0;
  while (count - i >= 64) {
    if (!block_may_be_invalid(bytes + i, &carry)) {
      i += 64;
      continue;
    }
    i = validate_bytewise(bytes, sequence_start(bytes, i), i + 64, count, &valid);
    if (!valid) return i;
    // What follows begins at a boundary of scalars.
    memset(&carry, 0, sizeof carry);
  }
  return validate_bytewise(bytes, sequence_start(bytes, i), count, count, &valid);
}
