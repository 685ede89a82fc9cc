// Break iterators. ICU counts in its own units; the offsets in UTF-8 are found by walking over each segment once.
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>
#include <unicode/utext.h>

#include "CICU.h"
#include "buffers.h"

struct cicu_breaks {
  UBreakIterator *iterator;
  enum cicu_text_form form;
  // What it is opened anew with where a clone would not be the same; NULL for others.
  char *locale;
  enum cicu_break_kind kind;
  UText text;
  const uint8_t *utf8;
  ptrdiff_t count;
  // The text in UTF-16, in its own memory.
  UChar *units;
  size_t capacity;
  int32_t unit_count;
  // The boundary before the next segment: in ICU's units and in bytes.
  int32_t position;
  ptrdiff_t offset;
};

static struct cicu_breaks *wrap(UBreakIterator *iterator, enum cicu_text_form form, cicu_status *status) {
  if (iterator == NULL) return NULL;
  struct cicu_breaks *breaks = calloc(1, sizeof *breaks);
  if (breaks == NULL) {
    ubrk_close(iterator);
    *status = U_MEMORY_ALLOCATION_ERROR;
    return NULL;
  }
  breaks->iterator = iterator;
  breaks->form = form;
  breaks->text = (UText)UTEXT_INITIALIZER;
  return breaks;
}

struct cicu_breaks *cicu_breaks_open(enum cicu_break_kind kind, const char *locale, enum cicu_text_form form,
                                     cicu_status *status) {
  static const UBreakIteratorType types[] = {UBRK_WORD, UBRK_SENTENCE, UBRK_CHARACTER, UBRK_LINE};
  UErrorCode error = U_ZERO_ERROR;
  UBreakIterator *const iterator = ubrk_open(types[kind], locale, NULL, 0, &error);
  *status = error;
  if (U_FAILURE(error)) return NULL;
  struct cicu_breaks *const breaks = wrap(iterator, form, status);
  // ubrk_clone forgets that a locale such as ja@lw=phrase breaks between phrases.
  char value[64];
  UErrorCode ignored = U_ZERO_ERROR;
  if (breaks == NULL || uloc_getKeywordValue(locale, "lw", value, sizeof value, &ignored) <= 0) return breaks;
  breaks->kind = kind;
  const size_t size = strlen(locale) + 1;
  breaks->locale = malloc(size);
  if (breaks->locale == NULL) {
    cicu_breaks_close(breaks);
    *status = U_MEMORY_ALLOCATION_ERROR;
    return NULL;
  }
  memcpy(breaks->locale, locale, size);
  return breaks;
}

struct cicu_breaks *cicu_breaks_clone(const struct cicu_breaks *breaks, cicu_status *status) {
  if (breaks->locale != NULL) return cicu_breaks_open(breaks->kind, breaks->locale, breaks->form, status);
  UErrorCode error = U_ZERO_ERROR;
  UBreakIterator *const iterator = ubrk_clone(breaks->iterator, &error);
  *status = error;
  if (U_FAILURE(error)) return NULL;
  return wrap(iterator, breaks->form, status);
}

void cicu_breaks_close(struct cicu_breaks *breaks) {
  ubrk_close(breaks->iterator);
  utext_close(&breaks->text);
  free(breaks->locale);
  free(breaks->units);
  free(breaks);
}

void cicu_breaks_set_text(struct cicu_breaks *breaks, const uint8_t *text, ptrdiff_t count, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  breaks->utf8 = text;
  breaks->count = 0;
  breaks->position = 0;
  breaks->offset = 0;
  if (count > CICU_BREAK_LIMIT) {
    *status = U_INDEX_OUTOFBOUNDS_ERROR;
    return;
  }
  if (breaks->form == cicu_text_utf8) {
    utext_openUTF8(&breaks->text, (const char *)text, count, &error);
    ubrk_setUText(breaks->iterator, &breaks->text, &error);
  } else {
    // UTF-16 never takes more units than UTF-8 takes bytes.
    if (!reserve((void **)&breaks->units, &breaks->capacity, (size_t)count + 1, sizeof(UChar))) {
      *status = U_MEMORY_ALLOCATION_ERROR;
      return;
    }
    u_strFromUTF8(breaks->units, (int32_t)breaks->capacity, &breaks->unit_count, (const char *)text, (int32_t)count,
                  &error);
    if (U_SUCCESS(error)) ubrk_setText(breaks->iterator, breaks->units, breaks->unit_count, &error);
  }
  // Setting the text also moves the iterator to its start.
  if (U_SUCCESS(error)) breaks->count = count;
  *status = error;
}

/// Moves over the units up to `end` and counts the bytes that they take in UTF-8.
static ptrdiff_t utf8_size(const UChar *units, int32_t start, int32_t end, bool *has_non_ascii) {
  ptrdiff_t size = 0;
  UChar all = 0;
  for (int32_t i = start; i < end; i++) {
    const UChar unit = units[i];
    all |= unit;
    // Each half of a surrogate pair stands for two of its four bytes.
    size += unit < 0x80 ? 1 : unit < 0x800 ? 2 : U16_IS_SURROGATE(unit) ? 2 : 3;
  }
  *has_non_ascii = all >= 0x80;
  return size;
}

bool cicu_breaks_next(struct cicu_breaks *breaks, struct cicu_segment *segment) {
  if (breaks->offset >= breaks->count) return false;
  const int32_t end = ubrk_next(breaks->iterator);
  if (end == UBRK_DONE) return false;
  if (breaks->form == cicu_text_utf8) {
    segment->has_non_ascii = false;
    for (ptrdiff_t i = breaks->offset; i < end; i++) segment->has_non_ascii |= breaks->utf8[i] >= 0x80;
    breaks->offset = end;
  } else {
    breaks->offset += utf8_size(breaks->units, breaks->position, end, &segment->has_non_ascii);
  }
  breaks->position = end;
  segment->end = breaks->offset;
  segment->status = ubrk_getRuleStatus(breaks->iterator);
  return true;
}
