#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include "CICU.h"

ptrdiff_t cicu_detect_charsets(const uint8_t *text, ptrdiff_t count, struct cicu_charset_match *matches,
                               ptrdiff_t capacity, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  ptrdiff_t written = 0;
  UCharsetDetector *const detector = ucsdet_open(&error);
  // More than a few kilobytes make the guess slower and no better.
  const int32_t examined = count > 1 << 16 ? 1 << 16 : (int32_t)count;
  ucsdet_setText(detector, (const char *)text, examined, &error);
  int32_t found = 0;
  const UCharsetMatch **const all = ucsdet_detectAll(detector, &found, &error);
  for (int32_t i = 0; U_SUCCESS(error) && i < found && written < capacity; i++) {
    struct cicu_charset_match match = {.confidence = ucsdet_getConfidence(all[i], &error)};
    const char *const name = ucsdet_getName(all[i], &error);
    if (U_FAILURE(error) || name == NULL) break;
    // Some that it knows by their letters, such as IBM420_ltr, are none that it converts from.
    UErrorCode opening = U_ZERO_ERROR;
    ucnv_close(ucnv_open(name, &opening));
    if (U_FAILURE(opening)) continue;
    strncpy(match.name, name, sizeof match.name - 1);
    matches[written++] = match;
  }
  ucsdet_close(detector);
  *status = error;
  return written;
}

ptrdiff_t cicu_convert_to_utf8(const char *charset, const uint8_t *text, ptrdiff_t count, uint8_t *result,
                               ptrdiff_t capacity, cicu_status *status) {
  if (count > CICU_BREAK_LIMIT) {
    *status = U_INDEX_OUTOFBOUNDS_ERROR;
    return 0;
  }
  UErrorCode error = U_ZERO_ERROR;
  UConverter *const converter = ucnv_open(charset, &error);
  const int32_t room = capacity > INT32_MAX ? INT32_MAX : (int32_t)capacity;
  const int32_t size = U_FAILURE(error) ? 0
                                        : ucnv_toAlgorithmic(UCNV_UTF8, converter, (char *)result, room,
                                                             (const char *)text, (int32_t)count, &error);
  ucnv_close(converter);
  *status = error == U_BUFFER_OVERFLOW_ERROR ? U_ZERO_ERROR : error;
  return size;
}

struct cicu_converter {
  UConverter *source, *target;
  /// Between the two: UTF-16.
  UChar pivot[4096];
  UChar *pivot_source, *pivot_target;
};

struct cicu_converter *cicu_converter_open(const char *charset, enum cicu_invalid invalid, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  struct cicu_converter *const converter = calloc(1, sizeof *converter);
  if (converter == NULL) {
    *status = U_MEMORY_ALLOCATION_ERROR;
    return NULL;
  }
  converter->source = ucnv_open(charset, &error);
  converter->target = ucnv_open("UTF-8", &error);
  converter->pivot_source = converter->pivot_target = converter->pivot;
  const UConverterToUCallback callback = invalid == cicu_invalid_stop   ? UCNV_TO_U_CALLBACK_STOP
                                         : invalid == cicu_invalid_skip ? UCNV_TO_U_CALLBACK_SKIP
                                                                        : UCNV_TO_U_CALLBACK_SUBSTITUTE;
  if (U_SUCCESS(error)) ucnv_setToUCallBack(converter->source, callback, NULL, NULL, NULL, &error);
  *status = error;
  if (U_SUCCESS(error)) return converter;
  cicu_converter_close(converter);
  return NULL;
}

void cicu_converter_close(struct cicu_converter *converter) {
  if (converter == NULL) return;
  ucnv_close(converter->source);
  ucnv_close(converter->target);
  free(converter);
}

ptrdiff_t cicu_converter_run(struct cicu_converter *converter, const uint8_t **source, const uint8_t *source_end,
                             uint8_t *result, ptrdiff_t capacity, bool is_last, ptrdiff_t *invalid_size,
                             cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  char *target = (char *)result;
  const char *from = (const char *)*source;
  ucnv_convertEx(converter->target, converter->source, &target, target + capacity, &from, (const char *)source_end,
                 converter->pivot, &converter->pivot_source, &converter->pivot_target,
                 converter->pivot + sizeof converter->pivot / sizeof *converter->pivot, false, is_last, &error);
  *source = (const uint8_t *)from;
  *invalid_size = 0;
  if (error == U_ILLEGAL_CHAR_FOUND || error == U_INVALID_CHAR_FOUND || error == U_TRUNCATED_CHAR_FOUND) {
    char bytes[32];
    int8_t size = sizeof bytes;
    UErrorCode ignored = U_ZERO_ERROR;
    ucnv_getInvalidChars(converter->source, bytes, &size, &ignored);
    *invalid_size = U_SUCCESS(ignored) && size > 0 ? size : 1;
  }
  *status = error == U_BUFFER_OVERFLOW_ERROR ? U_ZERO_ERROR : error;
  return target - (char *)result;
}
