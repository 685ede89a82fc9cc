#include <string.h>
#include <unicode/uloc.h>
#include <unicode/utypes.h>

#include "CICU.h"

const char *cicu_status_name(cicu_status status) { return u_errorName((UErrorCode)status); }

bool cicu_knows_locale(const char *locale) {
  if (locale[0] == 0 || strcmp(locale, "root") == 0 || strcmp(locale, "und") == 0) return true;
  // ICU takes any string for a locale and falls back to the root; an ISO 639 code shows that it knows the language.
  return uloc_getISO3Language(locale)[0] != 0;
}
