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
