#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include "CICU.h"

static uint8_t category(UChar32 scalar) {
  const uint32_t mask = U_GET_GC_MASK(scalar);
  if (mask & U_GC_L_MASK) return cicu_category_letter;
  if (mask & U_GC_M_MASK) return cicu_category_mark;
  if (mask & U_GC_N_MASK) return cicu_category_number;
  if (mask & U_GC_P_MASK) return cicu_category_punctuation;
  if (mask & U_GC_S_MASK) return cicu_category_symbol;
  if (mask & U_GC_Z_MASK) return cicu_category_separator;
  return cicu_category_other;
}

struct cicu_properties cicu_properties(uint32_t scalar) {
  const UChar32 c = (UChar32)scalar;
  UErrorCode error = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(c, &error);
  // The marks that Hiragana and Katakana share (the long vowel mark, voicing marks) are of the script Common.
  const bool kana = script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ||
                    (script == USCRIPT_COMMON && uscript_hasScript(c, USCRIPT_KATAKANA) &&
                     !uscript_hasScript(c, USCRIPT_HAN));
  return (struct cicu_properties){
      .category = category(c),
      .script = kana ? cicu_script_kana : cicu_script_any,
      .ideographic = u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC),
      .white_space = u_isUWhiteSpace(c),
      .extended_pictographic = u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC),
      .emoji_presentation = u_hasBinaryProperty(c, UCHAR_EMOJI_PRESENTATION),
  };
}
