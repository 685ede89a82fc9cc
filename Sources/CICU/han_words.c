// Words of runs of ideographs, as ICU's engine for Chinese and Japanese finds them: the words of its dictionary whose costs
// have the smallest sum. The dictionary is ICU's own, read where it lies in ICU's data; what is done here again is the search,
// without the copies and calls per character that the engine makes for texts of every kind.
//
// The dictionary's costs and words are a UCharsTrie (unicode/ucharstrie.h), whose nodes are units of 16 bits.
#include <string.h>
#include <unicode/udata.h>
#include <unicode/utypes.h>

#include "CICU.h"
#include "buffers.h"

enum {
  first_ideograph = 0x4E00,
  ideograph_count = 0xA000 - 0x4E00,
  // Characters of a word, at most, and the cost of a character that is no word (dictbe.cpp).
  longest_word = 20,
  unknown_cost = 255,
  // What the first unit of a node says.
  linear_match = 0x30,
  value_lead = 0x40,
  final_value = 0x8000,
};

/// Where one stands in the trie.
struct trie_state {
  /// Of the next unit; 0 where nothing follows.
  uint32_t place;
  /// Units of a linear match that are left.
  uint16_t left;
  /// The cost of what was read so far; -1 where it is no word.
  int32_t cost;
};

struct cicu_han_dictionary {
  UDataMemory *data;
  const uint16_t *units;
  /// After each ideograph that begins a word.
  struct trie_state first[ideograph_count];
};

/// Moves over a value with a lead of 15 bits.
static const uint16_t *skip_value(const uint16_t *unit) {
  const uint16_t lead = *unit++ & 0x7FFF;
  return lead >= 0x7FFF ? unit + 2 : lead >= 0x4000 ? unit + 1 : unit;
}

/// Moves to where a jump leads.
static const uint16_t *jump(const uint16_t *unit) {
  uint32_t delta = *unit++;
  if (delta >= 0xFC00) {
    if (delta == 0xFFFF) {
      delta = (uint32_t)unit[0] << 16 | unit[1];
      unit += 2;
    } else {
      delta = (delta - 0xFC00) << 16 | *unit++;
    }
  }
  return unit + delta;
}

static const uint16_t *skip_jump(const uint16_t *unit) {
  const uint16_t lead = *unit++;
  return lead >= 0xFC00 ? (lead == 0xFFFF ? unit + 2 : unit + 1) : unit;
}

/// The value that a final unit leads.
static int32_t read_final(const uint16_t *unit) {
  const uint16_t lead = *unit++ & 0x7FFF;
  if (lead < 0x4000) return lead;
  if (lead < 0x7FFF) return (lead - 0x4000) << 16 | *unit;
  return unit[0] << 16 | unit[1];
}

/// The state at a node.
static struct trie_state arrive(const struct cicu_han_dictionary *own, const uint16_t *unit) {
  struct trie_state state = {.place = (uint32_t)(unit - own->units), .left = 0, .cost = -1};
  const uint16_t node = *unit;
  if (node < value_lead) return state;
  if (node & final_value) {
    state.cost = read_final(unit);
    state.place = 0;
    return state;
  }
  // A value in the middle has the node's kind in its low bits.
  if (node < 0x4040) {
    state.cost = (node >> 6) - 1;
  } else if (node < 0x7FC0) {
    state.cost = ((node & 0x7FC0) - 0x4040) << 10 | unit[1];
  } else {
    state.cost = unit[1] << 16 | unit[2];
  }
  return state;
}

static const struct trie_state no_match = {0, 0, -1};

/// The state after another unit.
static struct trie_state next(const struct cicu_han_dictionary *own, struct trie_state state, uint16_t c) {
  if (state.place == 0) return no_match;
  const uint16_t *unit = own->units + state.place;
  if (state.left > 0) {
    if (*unit++ != c) return no_match;
    if (--state.left > 0) return (struct trie_state){state.place + 1, state.left, -1};
    return arrive(own, unit);
  }
  uint32_t node = *unit++;
  if (node >= value_lead) {
    unit += node >= 0x7FC0 ? 2 : node >= 0x4040 ? 1 : 0;
    node &= value_lead - 1;
  }
  if (node >= linear_match) {
    if (*unit++ != c) return no_match;
    const uint32_t left = node - linear_match;
    if (left > 0) return (struct trie_state){(uint32_t)(unit - own->units), (uint16_t)left, -1};
    return arrive(own, unit);
  }
  // A branch: halves until few units are left, and then those one by one, each with a value or a jump but for the last.
  uint32_t length = node;
  if (length == 0) length = *unit++;
  length++;
  while (length > 5) {
    if (c < *unit++) {
      length >>= 1;
      unit = jump(unit);
    } else {
      length -= length >> 1;
      unit = skip_jump(unit);
    }
  }
  for (; length > 1; length--) {
    if (*unit++ == c) {
      if (*unit & final_value) return (struct trie_state){0, 0, read_final(unit)};
      uint32_t delta = *unit++;
      if (delta >= 0x4000) {
        if (delta < 0x7FFF) {
          delta = (delta - 0x4000) << 16 | *unit++;
        } else {
          delta = (uint32_t)unit[0] << 16 | unit[1];
          unit += 2;
        }
      }
      return arrive(own, unit + delta);
    }
    unit = skip_value(unit);
  }
  return *unit == c ? arrive(own, unit + 1) : no_match;
}

struct cicu_han_dictionary *cicu_han_dictionary_open(void) {
  UErrorCode error = U_ZERO_ERROR;
  struct cicu_han_dictionary *const own = calloc(1, sizeof *own);
  if (own == NULL) return NULL;
  own->data = udata_open(U_ICUDATA_NAME U_TREE_SEPARATOR_STRING "brkitr", "dict", "cjdict", &error);
  const int32_t *const indexes = U_SUCCESS(error) ? udata_getMemory(own->data) : NULL;
  // Where the trie begins, and its kind: 1 for one of units.
  if (indexes == NULL || (indexes[4] & 7) != 1 || indexes[0] <= 0) {
    cicu_han_dictionary_close(own);
    return NULL;
  }
  own->units = (const uint16_t *)((const char *)indexes + indexes[0]);
  // Place 0 stands for nothing, so that the root is asked for by hand.
  own->units -= 1;
  const struct trie_state root = {1, 0, -1};
  for (uint32_t i = 0; i < ideograph_count; i++) own->first[i] = next(own, root, (uint16_t)(first_ideograph + i));
  return own;
}

void cicu_han_dictionary_close(struct cicu_han_dictionary *own) {
  if (own == NULL) return;
  if (own->data != NULL) udata_close(own->data);
  free(own);
}

ptrdiff_t cicu_han_words(const struct cicu_han_dictionary *own, const uint8_t *text, ptrdiff_t count, int64_t *costs,
                         int32_t *starts, uint16_t *units) {
  for (ptrdiff_t i = 0; i < count; i++)
    units[i] = (uint16_t)((text[3 * i] & 0x0F) << 12 | (text[3 * i + 1] & 0x3F) << 6 | (text[3 * i + 2] & 0x3F));
  for (ptrdiff_t i = 1; i <= count; i++) costs[i] = INT64_MAX;
  costs[0] = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    struct trie_state state = own->first[units[i] - first_ideograph];
    const int64_t here = costs[i];
    const ptrdiff_t limit = count - i < longest_word ? count - i : longest_word;
    const int64_t alone = here + (state.cost < 0 ? unknown_cost : state.cost);
    // Of equal sums the one that begins further left stays.
    if (alone < costs[i + 1]) {
      costs[i + 1] = alone;
      starts[i + 1] = (int32_t)i;
    }
    for (ptrdiff_t size = 2; size <= limit && state.place != 0; size++) {
      state = next(own, state, units[i + size - 1]);
      if (state.cost >= 0 && here + state.cost < costs[i + size]) {
        costs[i + size] = here + state.cost;
        starts[i + size] = (int32_t)i;
      }
    }
  }
  // The ends of the words, from left to right, in place of the costs.
  ptrdiff_t words = 0;
  for (ptrdiff_t end = count; end > 0; end = starts[end]) costs[words++] = end;
  for (ptrdiff_t i = 0; i < words / 2; i++) {
    const int64_t end = costs[i];
    costs[i] = costs[words - 1 - i];
    costs[words - 1 - i] = end;
  }
  return words;
}
