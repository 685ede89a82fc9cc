#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "CImageCodecs.h"
#include "messages.h"

struct cimage_decoder {
  tjhandle jpeg;
  /// Four bytes a pixel, for images in CMYK only.
  uint8_t *inks;
  size_t inks_size;
};

struct cimage_decoder *cimage_open(void) {
  struct cimage_decoder *const decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) return NULL;
  decoder->jpeg = tjInitDecompress();
  if (decoder->jpeg == NULL) {
    free(decoder);
    return NULL;
  }
  return decoder;
}

void cimage_close(struct cimage_decoder *decoder) {
  if (decoder == NULL) return;
  tjDestroy(decoder->jpeg);
  free(decoder->inks);
  free(decoder);
}

/// What the library says, without the name of the function that says it.
static enum cimage_status failure(const struct cimage_decoder *decoder, char *message, size_t message_size) {
  const char *text = tjGetErrorStr2(decoder->jpeg);
  const char *const colon = strstr(text, "(): ");
  if (colon != NULL) text = colon + 4;
  put_message(message, message_size, text);
  return cimage_damaged;
}

static bool is_cmyk(int colour_space) { return colour_space == TJCS_CMYK || colour_space == TJCS_YCCK; }

enum cimage_status cimage_jpeg_header(struct cimage_decoder *decoder, const uint8_t *bytes, size_t size,
                                      struct cimage_header *header, char *message, size_t message_size) {
  int width = 0, height = 0, subsampling = 0, colour_space = 0;
  if (tjDecompressHeader3(decoder->jpeg, bytes, size, &width, &height, &subsampling, &colour_space) != 0)
    return failure(decoder, message, message_size);
  header->width = (uint32_t)width;
  header->height = (uint32_t)height;
  header->channels = colour_space == TJCS_GRAY ? 1 : 3;
  return cimage_ok;
}

/// a · b / 255, rounded.
static inline unsigned scaled(unsigned a, unsigned b) {
  const unsigned product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/// Inks as Adobe's programs write them, inverted: 255 is no ink.
static void rgb_from_inks(const uint8_t *inks, uint8_t *pixels, size_t count) {
  for (size_t i = 0; i < count; i++, inks += 4, pixels += 3) {
    const unsigned white = inks[3];
    for (int channel = 0; channel < 3; channel++)
      pixels[channel] = (uint8_t)(white - scaled(255u - inks[channel], white));
  }
}

enum cimage_status cimage_jpeg_decode(struct cimage_decoder *decoder, const uint8_t *bytes, size_t size,
                                      const struct cimage_header *header, uint8_t *pixels, char *message,
                                      size_t message_size) {
  int width = 0, height = 0, subsampling = 0, colour_space = 0;
  if (tjDecompressHeader3(decoder->jpeg, bytes, size, &width, &height, &subsampling, &colour_space) != 0)
    return failure(decoder, message, message_size);
  if ((uint32_t)width != header->width || (uint32_t)height != header->height ||
      (header->channels == 1) != (colour_space == TJCS_GRAY)) {
    put_message(message, message_size, "its header is contradictory");
    return cimage_damaged;
  }
  // Warnings end decoding at once: what follows would be thrown away. Progressive files may not have scans without end.
  const int flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
  if (!is_cmyk(colour_space)) {
    const int format = header->channels == 1 ? TJPF_GRAY : TJPF_RGB;
    if (tjDecompress2(decoder->jpeg, bytes, size, pixels, width, 0, height, format, flags) != 0)
      return failure(decoder, message, message_size);
    return cimage_ok;
  }
  const size_t count = (size_t)width * (size_t)height;
  if (decoder->inks_size < 4 * count) {
    free(decoder->inks);
    decoder->inks_size = 0;
    decoder->inks = malloc(4 * count);
    if (decoder->inks == NULL) {
      put_message(message, message_size, "no memory");
      return cimage_no_memory;
    }
    decoder->inks_size = 4 * count;
  }
  if (tjDecompress2(decoder->jpeg, bytes, size, decoder->inks, width, 0, height, TJPF_CMYK, flags) != 0)
    return failure(decoder, message, message_size);
  rgb_from_inks(decoder->inks, pixels, count);
  return cimage_ok;
}
