// Normalisation of UTF-8 with its alignment to the source. ICU skips over what is normalised already; what is not is
// normalised in pieces between normalisation boundaries, so that each change knows the bytes that it comes from.
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "CICU.h"
#include "buffers.h"

/// Units of a piece whose changes are found scalar by scalar; those of a longer one count as one.
#define TRACE_LIMIT 256

/// A scalar of a normalised piece, and the bytes of the source that it comes from.
struct traced_scalar {
  UChar32 scalar;
  uint8_t combining_class;
  ptrdiff_t start, end;
};

struct cicu_normalizer {
  const UNormalizer2 *rules;
  UChar *units;  // the source in UTF-16
  size_t unit_capacity;
  UChar *piece;  // a normalised piece in UTF-16
  size_t piece_capacity;
  uint8_t *result;
  size_t result_count, result_capacity;
  struct cicu_change *changes;
  size_t change_count, change_capacity;
  const UNormalizer2 *composition;  // NULL where the form is a decomposed one
  struct traced_scalar *traced;     // a piece scalar by scalar
  size_t traced_capacity;
};

struct cicu_normalizer *cicu_normalizer_open(enum cicu_normal_form form, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2 *rules = NULL;
  switch (form) {
    case cicu_nfc: rules = unorm2_getNFCInstance(&error); break;
    case cicu_nfd: rules = unorm2_getNFDInstance(&error); break;
    case cicu_nfkc: rules = unorm2_getNFKCInstance(&error); break;
    case cicu_nfkd: rules = unorm2_getNFKDInstance(&error); break;
  }
  *status = error;
  if (U_FAILURE(error)) return NULL;
  struct cicu_normalizer *const normalizer = calloc(1, sizeof *normalizer);
  if (normalizer == NULL) {
    *status = U_MEMORY_ALLOCATION_ERROR;
    return NULL;
  }
  normalizer->rules = rules;
  if (form == cicu_nfc || form == cicu_nfkc) normalizer->composition = unorm2_getNFCInstance(&error);
  return normalizer;
}

void cicu_normalizer_close(struct cicu_normalizer *normalizer) {
  free(normalizer->units);
  free(normalizer->piece);
  free(normalizer->result);
  free(normalizer->changes);
  free(normalizer->traced);
  free(normalizer);
}

static ptrdiff_t utf8_size(const UChar *units, int32_t count) {
  ptrdiff_t size = 0;
  for (int32_t i = 0; i < count; i++) {
    const UChar unit = units[i];
    size += unit < 0x80 ? 1 : unit < 0x800 ? 2 : U16_IS_SURROGATE(unit) ? 2 : 3;
  }
  return size;
}

static bool append_bytes(struct cicu_normalizer *normalizer, const uint8_t *bytes, size_t count) {
  if (!reserve((void **)&normalizer->result, &normalizer->result_capacity, normalizer->result_count + count, 1))
    return false;
  if (count > 0) memcpy(normalizer->result + normalizer->result_count, bytes, count);
  normalizer->result_count += count;
  return true;
}

/// Decomposes units, keeping for each scalar where it comes from. Returns how many there are, -1 without memory.
static ptrdiff_t trace_decomposition(struct cicu_normalizer *normalizer, const UChar *units, int32_t count,
                                     ptrdiff_t offset) {
  ptrdiff_t traced = 0;
  int32_t position = 0;
  while (position < count) {
    UChar32 scalar;
    const int32_t begin = position;
    U16_NEXT(units, position, count, scalar);
    const ptrdiff_t end = offset + utf8_size(units + begin, position - begin);
    UChar parts[64];
    UErrorCode error = U_ZERO_ERROR;
    int32_t length = unorm2_getDecomposition(normalizer->rules, scalar, parts, 64, &error);
    if (U_FAILURE(error)) return -1;
    const UChar *from = parts;
    if (length < 0) {
      from = units + begin;
      length = position - begin;
    }
    if (!reserve((void **)&normalizer->traced, &normalizer->traced_capacity, (size_t)(traced + length),
                 sizeof(struct traced_scalar)))
      return -1;
    for (int32_t part = 0; part < length;) {
      UChar32 own;
      U16_NEXT(from, part, length, own);
      const uint8_t class = unorm2_getCombiningClass(normalizer->rules, own);
      // Canonical order: marks of a higher class move behind.
      ptrdiff_t place = traced++;
      while (class > 0 && place > 0 && normalizer->traced[place - 1].combining_class > class) {
        normalizer->traced[place] = normalizer->traced[place - 1];
        place--;
      }
      normalizer->traced[place] = (struct traced_scalar){own, class, offset, end};
    }
    offset = end;
  }
  return traced;
}

/// Composes traced scalars (the canonical composition algorithm). Returns how many are left.
static ptrdiff_t trace_composition(const struct cicu_normalizer *normalizer, ptrdiff_t count) {
  struct traced_scalar *const traced = normalizer->traced;
  ptrdiff_t kept = 0, starter = -1;
  int last = -1;  // class of the scalar before, -1 just behind the starter
  for (ptrdiff_t i = 0; i < count; i++) {
    const struct traced_scalar own = traced[i];
    if (starter >= 0 && last < own.combining_class) {
      const UChar32 composite = unorm2_composePair(normalizer->composition, traced[starter].scalar, own.scalar);
      if (composite >= 0) {
        traced[starter].scalar = composite;
        if (own.start < traced[starter].start) traced[starter].start = own.start;
        if (own.end > traced[starter].end) traced[starter].end = own.end;
        continue;
      }
    }
    if (own.combining_class == 0) {
      starter = kept;
      last = -1;
    } else {
      last = own.combining_class;
    }
    traced[kept++] = own;
  }
  return kept;
}

static bool append_change(struct cicu_normalizer *normalizer, struct cicu_change change) {
  if (!reserve((void **)&normalizer->changes, &normalizer->change_capacity, normalizer->change_count + 1,
               sizeof(struct cicu_change)))
    return false;
  normalizer->changes[normalizer->change_count++] = change;
  return true;
}

/// Appends the changes of a piece scalar by scalar, those that were put in another order together. False, and nothing is
/// appended, where the traced scalars are not the piece.
static bool append_traced_changes(struct cicu_normalizer *normalizer, const uint8_t *source, int32_t start,
                                  int32_t end, ptrdiff_t source_start, int32_t length, ptrdiff_t result_start) {
  ptrdiff_t count = trace_decomposition(normalizer, normalizer->units + start, end - start, source_start);
  if (count < 0) return false;
  if (normalizer->composition != NULL) count = trace_composition(normalizer, count);
  const struct traced_scalar *const traced = normalizer->traced;
  int32_t position = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    UChar32 scalar;
    if (position >= length) return false;
    U16_NEXT(normalizer->piece, position, length, scalar);
    if (scalar != traced[i].scalar) return false;
  }
  if (position != length) return false;

  ptrdiff_t first = 0, group_start = source_start, group_result = result_start, result = result_start;
  ptrdiff_t group_end = source_start;
  for (ptrdiff_t i = 0; i < count; i++) {
    if (traced[i].end > group_end) group_end = traced[i].end;
    result += U8_LENGTH(traced[i].scalar);
    // A group ends where all that follows comes from behind it.
    bool ends = true;
    for (ptrdiff_t j = i + 1; ends && j < count; j++) ends = traced[j].start >= group_end;
    if (!ends) continue;
    if (i + 1 == count) group_end = source_start + utf8_size(normalizer->units + start, end - start);
    const ptrdiff_t size = result - group_result;
    if (size != group_end - group_start ||
        memcmp(source + group_start, normalizer->result + group_result, (size_t)size) != 0)
      if (!append_change(normalizer, (struct cicu_change){group_start, group_end, group_result, result})) return false;
    first = i + 1;
    group_start = group_end;
    group_result = result;
  }
  return first == count;
}

/// Normalises the units `start ..< end` by themselves and appends them with their change, if there is one.
static void append_piece(struct cicu_normalizer *normalizer, const uint8_t *source, ptrdiff_t source_size,
                         ptrdiff_t source_start, int32_t start, int32_t end, UErrorCode *error) {
  const UChar *const units = normalizer->units + start;
  int32_t length = unorm2_normalize(normalizer->rules, units, end - start, normalizer->piece,
                                    (int32_t)normalizer->piece_capacity, error);
  if (*error == U_BUFFER_OVERFLOW_ERROR) {
    *error = U_ZERO_ERROR;
    if (!reserve((void **)&normalizer->piece, &normalizer->piece_capacity, (size_t)length, sizeof(UChar))) {
      *error = U_MEMORY_ALLOCATION_ERROR;
      return;
    }
    length = unorm2_normalize(normalizer->rules, units, end - start, normalizer->piece,
                              (int32_t)normalizer->piece_capacity, error);
  }
  if (U_FAILURE(*error)) return;
  if (length == end - start && u_memcmp(units, normalizer->piece, length) == 0) {
    if (!append_bytes(normalizer, source + source_start, (size_t)source_size)) *error = U_MEMORY_ALLOCATION_ERROR;
    return;
  }
  const ptrdiff_t size = utf8_size(normalizer->piece, length);
  const size_t result_start = normalizer->result_count;
  if (!reserve((void **)&normalizer->result, &normalizer->result_capacity, result_start + (size_t)size, 1)) {
    *error = U_MEMORY_ALLOCATION_ERROR;
    return;
  }
  // Without a terminator ICU warns when the result fills its room exactly, as it does here.
  u_strToUTF8((char *)normalizer->result + result_start, (int32_t)size, NULL, normalizer->piece, length, error);
  normalizer->result_count += (size_t)size;
  const size_t changes = normalizer->change_count;
  // Tracing looks ahead within a piece, which only a hostile one makes long.
  if (end - start <= TRACE_LIMIT && append_traced_changes(normalizer, source, start, end, source_start, length,
                                                          (ptrdiff_t)result_start))
    return;
  normalizer->change_count = changes;
  if (!append_change(normalizer, (struct cicu_change){source_start, source_start + source_size, (ptrdiff_t)result_start,
                                                      (ptrdiff_t)normalizer->result_count}))
    *error = U_MEMORY_ALLOCATION_ERROR;
}

static bool boundary_before(const struct cicu_normalizer *normalizer, int32_t position, int32_t count) {
  UChar32 scalar;
  U16_GET(normalizer->units, 0, position, count, scalar);
  return unorm2_hasBoundaryBefore(normalizer->rules, scalar);
}

void cicu_normalizer_run(struct cicu_normalizer *normalizer, const uint8_t *text, ptrdiff_t count,
                         cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  normalizer->result_count = 0;
  normalizer->change_count = 0;
  if (count > CICU_BREAK_LIMIT) {
    *status = U_INDEX_OUTOFBOUNDS_ERROR;
    return;
  }
  if (!reserve((void **)&normalizer->units, &normalizer->unit_capacity, (size_t)count + 1, sizeof(UChar)) ||
      !reserve((void **)&normalizer->piece, &normalizer->piece_capacity, 256, sizeof(UChar)) ||
      !reserve((void **)&normalizer->result, &normalizer->result_capacity, (size_t)count + 1, 1)) {
    *status = U_MEMORY_ALLOCATION_ERROR;
    return;
  }
  int32_t units = 0;
  u_strFromUTF8(normalizer->units, (int32_t)normalizer->unit_capacity, &units, (const char *)text, (int32_t)count,
                &error);
  int32_t position = 0;
  ptrdiff_t offset = 0;  // of `position`, in bytes
  while (U_SUCCESS(error) && position < units) {
    // What passes the quick check stays, up to the last boundary in it.
    int32_t unchanged =
        position + unorm2_spanQuickCheckYes(normalizer->rules, normalizer->units + position, units - position, &error);
    if (U_FAILURE(error)) break;
    while (unchanged > position && unchanged < units && !boundary_before(normalizer, unchanged, units))
      U16_BACK_1(normalizer->units, position, unchanged);
    const ptrdiff_t unchanged_size = utf8_size(normalizer->units + position, unchanged - position);
    if (!append_bytes(normalizer, text + offset, (size_t)unchanged_size)) error = U_MEMORY_ALLOCATION_ERROR;
    offset += unchanged_size;
    if (unchanged >= units) break;

    int32_t end = unchanged;
    do U16_FWD_1(normalizer->units, end, units);
    while (end < units && !boundary_before(normalizer, end, units));
    const ptrdiff_t size = utf8_size(normalizer->units + unchanged, end - unchanged);
    append_piece(normalizer, text, size, offset, unchanged, end, &error);
    offset += size;
    position = end;
  }
  *status = error;
}

const uint8_t *cicu_normalizer_result(const struct cicu_normalizer *normalizer, ptrdiff_t *count) {
  *count = (ptrdiff_t)normalizer->result_count;
  return normalizer->result;
}

const struct cicu_change *cicu_normalizer_changes(const struct cicu_normalizer *normalizer, ptrdiff_t *count) {
  *count = (ptrdiff_t)normalizer->change_count;
  return normalizer->changes;
}
