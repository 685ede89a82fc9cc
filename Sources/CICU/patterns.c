// Regular expressions over UTF-8.
#include <unicode/uregex.h>
#include <unicode/utext.h>

#include "CICU.h"
#include "buffers.h"

/// Bytes of the stack that a match may take, so that a hostile pattern fails in place of taking all memory.
#define STACK_LIMIT (64 << 20)
/// Steps that a match may take, in ICU's unit of some thousand.
#define STEP_LIMIT 100000

struct cicu_pattern {
  URegularExpression *expression;
  UText text;
};

static struct cicu_pattern *wrap(URegularExpression *expression, cicu_status *status) {
  if (expression == NULL) return NULL;
  struct cicu_pattern *pattern = calloc(1, sizeof *pattern);
  if (pattern == NULL) {
    uregex_close(expression);
    *status = U_MEMORY_ALLOCATION_ERROR;
    return NULL;
  }
  UErrorCode error = U_ZERO_ERROR;
  uregex_setStackLimit(expression, STACK_LIMIT, &error);
  uregex_setTimeLimit(expression, STEP_LIMIT, &error);
  pattern->expression = expression;
  pattern->text = (UText)UTEXT_INITIALIZER;
  return pattern;
}

struct cicu_pattern *cicu_pattern_open(const uint8_t *text, ptrdiff_t count, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  UText source = UTEXT_INITIALIZER;
  utext_openUTF8(&source, (const char *)text, count, &error);
  UParseError place;
  URegularExpression *const expression = uregex_openUText(&source, 0, &place, &error);
  utext_close(&source);
  *status = error;
  if (U_FAILURE(error)) return NULL;
  return wrap(expression, status);
}

struct cicu_pattern *cicu_pattern_clone(const struct cicu_pattern *pattern, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  URegularExpression *const expression = uregex_clone(pattern->expression, &error);
  *status = error;
  if (U_FAILURE(error)) return NULL;
  return wrap(expression, status);
}

void cicu_pattern_close(struct cicu_pattern *pattern) {
  uregex_close(pattern->expression);
  utext_close(&pattern->text);
  free(pattern);
}

void cicu_pattern_set_text(struct cicu_pattern *pattern, const uint8_t *text, ptrdiff_t count, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  utext_openUTF8(&pattern->text, (const char *)text, count, &error);
  if (U_SUCCESS(error)) uregex_setUText(pattern->expression, &pattern->text, &error);
  *status = error;
}

bool cicu_pattern_next(struct cicu_pattern *pattern, ptrdiff_t *start, ptrdiff_t *end, cicu_status *status) {
  UErrorCode error = U_ZERO_ERROR;
  const bool found = uregex_findNext(pattern->expression, &error);
  if (found) {
    *start = (ptrdiff_t)uregex_start64(pattern->expression, 0, &error);
    *end = (ptrdiff_t)uregex_end64(pattern->expression, 0, &error);
  }
  *status = error;
  return found && U_SUCCESS(error);
}
