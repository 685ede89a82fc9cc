#ifndef CIMAGECODECS_MESSAGES_H
#define CIMAGECODECS_MESSAGES_H

#include <stddef.h>

/// Copies a text as far as there is room for it.
static inline void put_message(char *message, size_t size, const char *text) {
  if (size == 0) return;
  size_t length = 0;
  for (; text[length] != 0 && length + 1 < size; length++) message[length] = text[length] == '\n' ? ' ' : text[length];
  message[length] = 0;
}

#endif
