// Transliteration that remembers where each unit of the result comes from: ICU edits a text through callbacks, and each edit
// gives what it puts in the source of what it takes away.
#include <string.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>
#include <unicode/utrans.h>

#include "CICU.h"
#include "buffers.h"

struct cicu_transliterator {
  UTransliterator *handle;
  // The text, and for each unit the bytes of the source that it comes from.
  UChar *units;
  struct cicu_source *sources;
  size_t unit_capacity, source_capacity;
  int32_t count;
  bool failed;
  // The result in UTF-8, and the sources of its bytes.
  uint8_t *result;
  struct cicu_source *result_sources;
  size_t result_capacity, result_source_capacity;
  ptrdiff_t result_count;
};

struct cicu_transliterator *cicu_transliterator_open(const uint8_t *id, ptrdiff_t count, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  UChar *const units = calloc((size_t)count + 1, sizeof(UChar));
  struct cicu_transliterator *const own = calloc(1, sizeof *own);
  if (units == NULL || own == NULL || count > 1 << 20) {
    free(units);
    free(own);
    *status = U_MEMORY_ALLOCATION_ERROR;
    return NULL;
  }
  int32_t size = 0;
  u_strFromUTF8(units, (int32_t)count + 1, &size, (const char *)id, (int32_t)count, &error);
  UParseError parse;
  if (U_SUCCESS(error)) own->handle = utrans_openU(units, size, UTRANS_FORWARD, NULL, 0, &parse, &error);
  free(units);
  *status = error;
  if (U_SUCCESS(error)) return own;
  cicu_transliterator_close(own);
  return NULL;
}

struct cicu_transliterator *cicu_transliterator_clone(const struct cicu_transliterator *other, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  struct cicu_transliterator *const own = calloc(1, sizeof *own);
  if (own == NULL) {
    *status = U_MEMORY_ALLOCATION_ERROR;
    return NULL;
  }
  own->handle = utrans_clone(other->handle, &error);
  *status = error;
  if (U_SUCCESS(error)) return own;
  cicu_transliterator_close(own);
  return NULL;
}

void cicu_transliterator_close(struct cicu_transliterator *own) {
  if (own == NULL) return;
  if (own->handle != NULL) utrans_close(own->handle);
  free(own->units);
  free(own->sources);
  free(own->result);
  free(own->result_sources);
  free(own);
}

static int32_t text_length(const UReplaceable *text) { return ((const struct cicu_transliterator *)text)->count; }

static UChar text_unit(const UReplaceable *text, int32_t offset) {
  const struct cicu_transliterator *const own = (const struct cicu_transliterator *)text;
  return offset >= 0 && offset < own->count ? own->units[offset] : 0xFFFF;
}

static UChar32 text_scalar(const UReplaceable *text, int32_t offset) {
  const struct cicu_transliterator *const own = (const struct cicu_transliterator *)text;
  if (offset < 0 || offset >= own->count) return 0xFFFF;
  UChar32 scalar;
  U16_GET(own->units, 0, offset, own->count, scalar);
  return scalar;
}

/// Makes the range start..<limit one of `size` units, whatever they are. Returns false without memory.
static bool resize_range(struct cicu_transliterator *own, int32_t start, int32_t limit, int32_t size) {
  // Most edits keep the length, and must not move what follows.
  if (size == limit - start) return true;
  const int32_t rest = own->count - limit;
  const size_t count = (size_t)start + (size_t)size + (size_t)rest;
  if (count > INT32_MAX / 2 || !reserve((void **)&own->units, &own->unit_capacity, count + 1, sizeof(UChar)) ||
      !reserve((void **)&own->sources, &own->source_capacity, count + 1, sizeof *own->sources)) {
    own->failed = true;
    return false;
  }
  memmove(own->units + start + size, own->units + limit, (size_t)rest * sizeof(UChar));
  memmove(own->sources + start + size, own->sources + limit, (size_t)rest * sizeof *own->sources);
  own->count = (int32_t)count;
  return true;
}

/// What has no source yet.
static const struct cicu_source unknown = {-1, -1};

/// All of what some units come from.
static struct cicu_source union_of(const struct cicu_transliterator *own, int32_t start, int32_t limit) {
  struct cicu_source all = unknown;
  for (int32_t i = start; i < limit; i++) {
    const struct cicu_source source = own->sources[i];
    if (source.start < 0) continue;
    if (all.start < 0 || source.start < all.start) all.start = source.start;
    if (source.end > all.end) all.end = source.end;
  }
  return all;
}

static void text_replace(UReplaceable *text, int32_t start, int32_t limit, const UChar *units, int32_t size) {
  struct cicu_transliterator *const own = (struct cicu_transliterator *)text;
  if (start < 0 || limit < start || limit > own->count || own->failed) return;
  const struct cicu_source source = union_of(own, start, limit);
  if (size == 0) {
    // Rules make what they put in at the end of the text, copy it to its place, and then delete what was there.
    for (int32_t i = start; i > 0 && own->sources[i - 1].start < 0; i--) own->sources[i - 1] = source;
  }
  // Where the length stays, as in most tables of characters, each unit keeps its own source.
  const bool keeps = size == limit - start;
  if (!resize_range(own, start, limit, size)) return;
  memcpy(own->units + start, units, (size_t)size * sizeof(UChar));
  if (!keeps)
    for (int32_t i = start; i < start + size; i++) own->sources[i] = source;
}

static void text_extract(UReplaceable *text, int32_t start, int32_t limit, UChar *target) {
  const struct cicu_transliterator *const own = (const struct cicu_transliterator *)text;
  memcpy(target, own->units + start, (size_t)(limit - start) * sizeof(UChar));
}

static void text_copy(UReplaceable *text, int32_t start, int32_t limit, int32_t destination) {
  struct cicu_transliterator *const own = (struct cicu_transliterator *)text;
  const int32_t size = limit - start;
  if (size <= 0 || own->failed) return;
  UChar *const units = malloc((size_t)size * sizeof(UChar));
  struct cicu_source *const sources = malloc((size_t)size * sizeof *sources);
  if (units == NULL || sources == NULL) {
    own->failed = true;
  } else {
    memcpy(units, own->units + start, (size_t)size * sizeof(UChar));
    memcpy(sources, own->sources + start, (size_t)size * sizeof *sources);
    if (resize_range(own, destination, destination, size)) {
      memcpy(own->units + destination, units, (size_t)size * sizeof(UChar));
      memcpy(own->sources + destination, sources, (size_t)size * sizeof *sources);
    }
  }
  free(units);
  free(sources);
}

/// Writes the result in UTF-8 with the sources of its bytes.
static bool write_result(struct cicu_transliterator *own) {
  const size_t most = 3 * (size_t)own->count + 1;
  if (!reserve((void **)&own->result, &own->result_capacity, most, 1) ||
      !reserve((void **)&own->result_sources, &own->result_source_capacity, most, sizeof *own->result_sources))
    return false;
  // What was only put in comes from between its neighbours.
  int32_t before = 0;
  for (int32_t i = 0; i < own->count; i++) {
    if (own->sources[i].start < 0) own->sources[i] = (struct cicu_source){before, before};
    before = own->sources[i].end;
  }
  int32_t place = 0;
  ptrdiff_t end = 0;
  while (place < own->count) {
    const int32_t first = place;
    UChar32 scalar;
    U16_NEXT(own->units, place, own->count, scalar);
    if (U_IS_SURROGATE(scalar)) scalar = 0xFFFD;
    struct cicu_source source = own->sources[first];
    if (own->sources[place - 1].end > source.end) source.end = own->sources[place - 1].end;
    const ptrdiff_t start = end;
    U8_APPEND_UNSAFE(own->result, end, scalar);
    for (ptrdiff_t i = start; i < end; i++) own->result_sources[i] = source;
  }
  own->result_count = end;
  return true;
}

void cicu_transliterator_run(struct cicu_transliterator *own, const uint8_t *text, ptrdiff_t count,
                             cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  own->count = 0;
  own->result_count = 0;
  own->failed = count > CICU_BREAK_LIMIT ||
                !reserve((void **)&own->units, &own->unit_capacity, (size_t)count + 1, sizeof(UChar)) ||
                !reserve((void **)&own->sources, &own->source_capacity, (size_t)count + 1, sizeof *own->sources);
  ptrdiff_t place = 0;
  while (!own->failed && place < count) {
    const ptrdiff_t start = place;
    UChar32 scalar;
    U8_NEXT_UNSAFE(text, place, scalar);
    const int32_t first = own->count;
    U16_APPEND_UNSAFE(own->units, own->count, scalar);
    for (int32_t i = first; i < own->count; i++) own->sources[i] = (struct cicu_source){(int32_t)start, (int32_t)place};
  }
  if (!own->failed) {
    const UReplaceableCallbacks callbacks = {text_length, text_unit, text_scalar, text_replace, text_extract, text_copy};
    int32_t limit = own->count;
    utrans_trans(own->handle, (UReplaceable *)own, &callbacks, 0, &limit, &error);
  }
  if (U_SUCCESS(error) && (own->failed || !write_result(own))) error = U_MEMORY_ALLOCATION_ERROR;
  *status = error;
}

const uint8_t *cicu_transliterator_result(const struct cicu_transliterator *own, ptrdiff_t *count) {
  *count = own->result_count;
  return own->result;
}

const struct cicu_source *cicu_transliterator_sources(const struct cicu_transliterator *own) {
  return own->result_sources;
}
