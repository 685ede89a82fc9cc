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

void cicu_scalar_classes(uint32_t first, ptrdiff_t count, uint8_t *classes) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const UChar32 c = (UChar32)(first + (uint32_t)i);
    const uint32_t mask = U_GET_GC_MASK(c);
    UVersionInfo age;
    u_charAge(c, age);
    uint8_t bits = 0;
    if (mask & U_GC_L_MASK) bits |= cicu_class_letter;
    if (mask & U_GC_N_MASK) bits |= cicu_class_number;
    if (u_isUWhiteSpace(c)) bits |= cicu_class_white_space;
    // U+166D became a symbol in Unicode 12.
    if (age[0] <= 8 && ((mask & U_GC_P_MASK) || c == 0x166D)) bits |= cicu_class_punctuation;
    if (age[0] <= 8 && (mask & U_GC_MN_MASK)) bits |= cicu_class_nonspacing_mark;
    if (age[0] <= 9 && (mask & U_GC_M_MASK)) bits |= cicu_class_mark;
    if (age[0] <= 8 && (mask & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK))) bits |= cicu_class_other;
    if ((mask & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) || u_isUAlphabetic(c) || c == 0x200C || c == 0x200D)
      bits |= cicu_class_word;
    classes[i] = bits;
  }
}

const uint8_t cicu_script_unknown = USCRIPT_UNKNOWN, cicu_script_han = USCRIPT_HAN,
              cicu_script_hiragana = USCRIPT_HIRAGANA, cicu_script_katakana = USCRIPT_KATAKANA;

void cicu_scripts(uint32_t first, ptrdiff_t count, uint8_t *scripts) {
  for (ptrdiff_t i = 0; i < count; i++) {
    UErrorCode error = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript((UChar32)(first + (uint32_t)i), &error);
    UVersionInfo age;
    u_charAge((UChar32)(first + (uint32_t)i), age);
    scripts[i] = U_SUCCESS(error) && age[0] <= 9 && script >= 0 && script < 256 ? (uint8_t)script : USCRIPT_UNKNOWN;
    // Four had another script then.
    switch (first + (uint32_t)i) {
      case 0x589: case 0x61C: scripts[i] = USCRIPT_COMMON; break;
      case 0x953: case 0x954: scripts[i] = USCRIPT_DEVANAGARI; break;
      default: break;
    }
  }
}

ptrdiff_t cicu_scalar_lowercase(uint32_t scalar, uint32_t *result) {
  // The one scalar whose lower case is two, everywhere.
  if (scalar == 0x130) {
    result[0] = 'i';
    result[1] = 0x307;
    return 2;
  }
  result[0] = (uint32_t)u_tolower((UChar32)scalar);
  return 1;
}

int32_t cicu_display_width(uint32_t scalar) {
  const UChar32 c = (UChar32)scalar;
  if (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_ME_MASK | U_GC_CF_MASK | U_GC_CC_MASK)) return 0;
  const int32_t width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}
