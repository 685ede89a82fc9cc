/// What the text layer needs of ICU, behind a header that names no ICU type: ICU's own headers cannot be imported beside
/// Foundation (both define the same enumerations), and its functions carry the version in their names.
///
/// Text goes in as UTF-8, and offsets come out as offsets in that UTF-8. It must be well-formed: the callers validate it.
/// A status of zero or below is success; `cicu_status_name` names any other.
#ifndef CICU_H
#define CICU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// A UErrorCode: above zero it is a failure.
typedef int32_t cicu_status;

/// Name of a status, as ICU spells it ("U_ILLEGAL_ARGUMENT_ERROR").
const char *cicu_status_name(cicu_status status);

// Locales

/// Whether ICU knows the language of a locale ("en", "pt-BR", "en_US_POSIX", "" and "root" for the root).
bool cicu_knows_locale(const char *locale);

// Boundaries (breaks.c)

/// What a break iterator looks for.
enum cicu_break_kind {
  cicu_break_word = 0,
  cicu_break_sentence = 1,
  cicu_break_character = 2,
  cicu_break_line = 3,
};

/// How the text is handed to ICU. UTF-16 is the faster for Chinese, no slower for others, and what ICU's dictionaries are
/// made for: over UTF-8 they split some short runs of Thai, Lao, Khmer and Burmese that are one word over UTF-16, because
/// they compare lengths in bytes with lengths in characters.
enum cicu_text_form {
  cicu_text_utf16 = 0,
  cicu_text_utf8 = 1,
};

/// The most bytes of a text that an iterator takes (its positions are 32 bits wide).
#define CICU_BREAK_LIMIT ((ptrdiff_t)1 << 29)

/// A break iterator with the buffers that it needs; reused from text to text.
struct cicu_breaks;

/// A piece of a text between two boundaries.
struct cicu_segment {
  /// Byte offset of its end.
  ptrdiff_t end;
  /// ICU's rule status of the boundary at its end.
  int32_t status;
  /// Whether it holds a scalar that is not ASCII.
  bool has_non_ascii;
};

struct cicu_breaks *_Nullable cicu_breaks_open(enum cicu_break_kind kind, const char *locale,
                                               enum cicu_text_form form, cicu_status *status);
/// An iterator of the same kind without a text. May be called from several threads at once.
struct cicu_breaks *_Nullable cicu_breaks_clone(const struct cicu_breaks *breaks, cicu_status *status);
void cicu_breaks_close(struct cicu_breaks *breaks);
/// Begins a text of at most CICU_BREAK_LIMIT bytes, which has to stay in place until the iteration ends.
void cicu_breaks_set_text(struct cicu_breaks *breaks, const uint8_t *text, ptrdiff_t count, cicu_status *status);
/// The next segment; false at the end of the text.
bool cicu_breaks_next(struct cicu_breaks *breaks, struct cicu_segment *segment);

// Normalisation (normalization.c)

enum cicu_normal_form {
  cicu_nfc = 0,
  cicu_nfd = 1,
  cicu_nfkc = 2,
  cicu_nfkd = 3,
};

/// A piece of the text that normalisation changed, in bytes of the source and of the result. What stands between two
/// changes is the same in both.
struct cicu_change {
  ptrdiff_t source_start, source_end;
  ptrdiff_t result_start, result_end;
};

/// A normaliser with its buffers and the result of its latest run.
struct cicu_normalizer;

struct cicu_normalizer *_Nullable cicu_normalizer_open(enum cicu_normal_form form, cicu_status *status);
void cicu_normalizer_close(struct cicu_normalizer *normalizer);
/// Normalises a text of at most CICU_BREAK_LIMIT bytes.
void cicu_normalizer_run(struct cicu_normalizer *normalizer, const uint8_t *text, ptrdiff_t count, cicu_status *status);
/// The result, valid until the next run.
const uint8_t *_Nullable cicu_normalizer_result(const struct cicu_normalizer *normalizer, ptrdiff_t *count);
/// The changes, in order, valid until the next run.
const struct cicu_change *_Nullable cicu_normalizer_changes(const struct cicu_normalizer *normalizer, ptrdiff_t *count);

// Case (letter_case.c)

/// The case rules of a locale. May be used from several threads at once.
struct cicu_case_map;

struct cicu_case_map *_Nullable cicu_case_map_open(const char *locale, cicu_status *status);
void cicu_case_map_close(struct cicu_case_map *map);
/// Full lower-casing by the locale. Returns the size of the result, which may be more than `capacity`: then nothing of
/// use was written, and the call is to be made again with room.
ptrdiff_t cicu_lowercase(const struct cicu_case_map *map, const uint8_t *text, ptrdiff_t count, uint8_t *result,
                         ptrdiff_t capacity, cicu_status *status);
/// Full case folding, the same way.
ptrdiff_t cicu_fold_case(const struct cicu_case_map *map, const uint8_t *text, ptrdiff_t count, uint8_t *result,
                         ptrdiff_t capacity, cicu_status *status);

// Words of ideographs (han_words.c)

/// ICU's dictionary of Chinese and Japanese, as it lies in ICU's data.
struct cicu_han_dictionary;

/// NULL where ICU's data do not have it in a form that is known.
struct cicu_han_dictionary *_Nullable cicu_han_dictionary_open(void);
void cicu_han_dictionary_close(struct cicu_han_dictionary *_Nullable dictionary);
/// Finds the words of a run of `count` ideographs of U+4E00…U+9FFF in UTF-8, as ICU finds them where nothing that joins
/// ideographs stands around. Returns how many there are; their ends, in characters, are in `costs` then. `costs` and `starts`
/// have room for count + 1 numbers, `units` for count.
ptrdiff_t cicu_han_words(const struct cicu_han_dictionary *dictionary, const uint8_t *text, ptrdiff_t count,
                         int64_t *costs, int32_t *starts, uint16_t *units);

// Transliteration (transliteration.c)

/// The bytes of a source that something comes from.
struct cicu_source {
  int32_t start, end;
};

/// A transliterator with its buffers and the result of its latest run.
struct cicu_transliterator;

/// A transliterator by its id in ICU's grammar, such as `Traditional-Simplified` or `NFD; [:Mn:] Remove; NFC`.
struct cicu_transliterator *_Nullable cicu_transliterator_open(const uint8_t *id, ptrdiff_t count, cicu_status *status);
/// The same for another thread. May be called from several threads at once.
struct cicu_transliterator *_Nullable cicu_transliterator_clone(const struct cicu_transliterator *other,
                                                                cicu_status *status);
void cicu_transliterator_close(struct cicu_transliterator *_Nullable transliterator);
/// Transliterates well-formed UTF-8 of at most CICU_BREAK_LIMIT bytes.
void cicu_transliterator_run(struct cicu_transliterator *transliterator, const uint8_t *text, ptrdiff_t count,
                             cicu_status *status);
/// The result, valid until the next run.
const uint8_t *_Nullable cicu_transliterator_result(const struct cicu_transliterator *transliterator, ptrdiff_t *count);
/// For each byte of the result where it comes from, valid until the next run.
const struct cicu_source *_Nullable cicu_transliterator_sources(const struct cicu_transliterator *transliterator);

// Character sets (charsets.c)

/// A guess of the character set of a text: ICU's name of it, and how sure it is, from 0 to 100.
struct cicu_charset_match {
  char name[60];
  int32_t confidence;
};

/// The best guesses, best first. Returns how many were written.
ptrdiff_t cicu_detect_charsets(const uint8_t *text, ptrdiff_t count, struct cicu_charset_match *matches,
                               ptrdiff_t capacity, cicu_status *status);

/// Converts from a character set to UTF-8. Ill-formed sequences of the source become U+FFFD. Returns the size of the
/// result, which may be more than `capacity`, as above.
ptrdiff_t cicu_convert_to_utf8(const char *charset, const uint8_t *text, ptrdiff_t count, uint8_t *result,
                               ptrdiff_t capacity, cicu_status *status);

/// What becomes of bytes that mean nothing in a character set.
enum cicu_invalid { cicu_invalid_stop, cicu_invalid_skip, cicu_invalid_replace };

struct cicu_converter;

/// Converts from a character set to UTF-8, piece by piece; NULL where ICU has no such set.
struct cicu_converter *_Nullable cicu_converter_open(const char *charset, enum cicu_invalid invalid,
                                                     cicu_status *status);

void cicu_converter_close(struct cicu_converter *_Nullable converter);

/// Takes bytes from `source`, which moves on, and returns how many were written. Where bytes are ill-formed and the converter
/// is to stop there, `invalid_size` is how many of them stand before `source`.
ptrdiff_t cicu_converter_run(struct cicu_converter *converter, const uint8_t *_Nonnull *_Nonnull source,
                             const uint8_t *source_end, uint8_t *result, ptrdiff_t capacity, bool is_last,
                             ptrdiff_t *invalid_size, cicu_status *status);

// Properties of a scalar (properties.c)

/// Columns of a terminal that a scalar takes: 0 for marks, 2 for what is wide in East Asia (UAX #11), 1 for others.
int32_t cicu_display_width(uint32_t scalar);

/// General categories, grouped as the kinds of tokens need them.
enum cicu_category {
  cicu_category_other = 0,  ///< controls, formats, surrogates, private use, unassigned
  cicu_category_letter = 1,
  cicu_category_mark = 2,
  cicu_category_number = 3,
  cicu_category_punctuation = 4,
  cicu_category_symbol = 5,
  cicu_category_separator = 6,
};

enum cicu_script {
  cicu_script_any = 0,
  cicu_script_kana = 1,  ///< Hiragana, Katakana, and marks that belong to them only
};

struct cicu_properties {
  uint8_t category;
  uint8_t script;
  bool ideographic;
  bool white_space;
  bool extended_pictographic;
  bool emoji_presentation;
};

struct cicu_properties cicu_properties(uint32_t scalar);

/// Classes of scalars that patterns and normalisers of subword tokenizers ask for, as bits. Punctuation, nonspacing marks and
/// others are those of Unicode 8.0, marks those of 9.0: the tables of the package `tokenizers`, whose ids are wanted.
enum cicu_scalar_class {
  cicu_class_letter = 1,            ///< L
  cicu_class_number = 2,            ///< N
  cicu_class_white_space = 4,       ///< White_Space
  cicu_class_punctuation = 8,       ///< P
  cicu_class_nonspacing_mark = 16,  ///< Mn
  cicu_class_mark = 32,             ///< M
  cicu_class_other = 64,            ///< Cc, Cf, Co
  cicu_class_word = 128,            ///< what \w matches: Alphabetic, M, Nd, Pc and the joiners
};

/// Writes the classes of the scalars `first ..< first + count`.
void cicu_scalar_classes(uint32_t first, ptrdiff_t count, uint8_t *classes);

/// ICU's numbers of some scripts.
extern const uint8_t cicu_script_unknown, cicu_script_han, cicu_script_hiragana, cicu_script_katakana;

/// Writes the numbers of the scripts (UAX #24) of the scalars `first ..< first + count`: "unknown" for what Unicode 9 does not
/// have, whose scripts the package `tokenizers` knows.
void cicu_scripts(uint32_t first, ptrdiff_t count, uint8_t *scripts);

/// Lower-cases a scalar by itself, whatever stands around it. Returns how many scalars it becomes: one or two.
ptrdiff_t cicu_scalar_lowercase(uint32_t scalar, uint32_t *result);

// Regular expressions (patterns.c)

/// A regular expression with the state of a search. Belongs to one thread.
struct cicu_pattern;

/// Compiles a pattern of UTF-8.
struct cicu_pattern *_Nullable cicu_pattern_open(const uint8_t *pattern, ptrdiff_t count, cicu_status *status);
/// The same pattern without a text. May be called from several threads at once.
struct cicu_pattern *_Nullable cicu_pattern_clone(const struct cicu_pattern *pattern, cicu_status *status);
void cicu_pattern_close(struct cicu_pattern *pattern);
/// Begins a text of at most CICU_BREAK_LIMIT bytes, which has to stay in place until the search ends.
void cicu_pattern_set_text(struct cicu_pattern *pattern, const uint8_t *text, ptrdiff_t count, cicu_status *status);
/// The next match, in bytes; false at the end of the text and on failure.
bool cicu_pattern_next(struct cicu_pattern *pattern, ptrdiff_t *start, ptrdiff_t *end, cicu_status *status);

#pragma clang assume_nonnull end

#endif
