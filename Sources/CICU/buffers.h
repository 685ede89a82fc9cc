// A growable buffer, shared by the files of the shim.
#ifndef CICU_BUFFERS_H
#define CICU_BUFFERS_H

#include <stddef.h>
#include <stdlib.h>

/// Makes room for `count` elements, at least doubling what was there. False when there is no memory.
static inline int reserve(void **elements, size_t *capacity, size_t count, size_t element_size) {
  if (count <= *capacity) return 1;
  size_t wanted = *capacity * 2 > count ? *capacity * 2 : count;
  void *const grown = realloc(*elements, wanted * element_size);
  if (grown == NULL) return 0;
  *elements = grown;
  *capacity = wanted;
  return 1;
}

#endif
