#include <unicode/ucasemap.h>

#include "CICU.h"

// ICU's case map is immutable after its opening; the struct only hides its type.
struct cicu_case_map *cicu_case_map_open(const char *locale, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  UCaseMap *const map = ucasemap_open(locale, U_FOLD_CASE_DEFAULT, &error);
  *status = error;
  return U_FAILURE(error) ? NULL : (struct cicu_case_map *)map;
}

void cicu_case_map_close(struct cicu_case_map *map) { ucasemap_close((UCaseMap *)map); }

typedef int32_t (*mapping)(const UCaseMap *, char *, int32_t, const char *, int32_t, UErrorCode *);

static ptrdiff_t apply(mapping function, const struct cicu_case_map *map, const uint8_t *text, ptrdiff_t count,
                       uint8_t *result, ptrdiff_t capacity, cicu_status *status) {
  if (count > CICU_BREAK_LIMIT) {
    *status = U_INDEX_OUTOFBOUNDS_ERROR;
    return 0;
  }
  const int32_t room = capacity > INT32_MAX ? INT32_MAX : (int32_t)capacity;
  UErrorCode error = U_ZERO_ERROR;
  const int32_t size =
      function((const UCaseMap *)map, (char *)result, room, (const char *)text, (int32_t)count, &error);
  // Too little room is no failure of the mapping: the size tells the caller.
  *status = error == U_BUFFER_OVERFLOW_ERROR ? U_ZERO_ERROR : error;
  return size;
}

ptrdiff_t cicu_lowercase(const struct cicu_case_map *map, const uint8_t *text, ptrdiff_t count, uint8_t *result,
                         ptrdiff_t capacity, cicu_status *status) {
  return apply(ucasemap_utf8ToLower, map, text, count, result, capacity, status);
}

ptrdiff_t cicu_fold_case(const struct cicu_case_map *map, const uint8_t *text, ptrdiff_t count, uint8_t *result,
                         ptrdiff_t capacity, cicu_status *status) {
  return apply(ucasemap_utf8FoldCase, map, text, count, result, capacity, status);
}
