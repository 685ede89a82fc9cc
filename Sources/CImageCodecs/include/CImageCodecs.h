// PNG by libpng and JPEG by TurboJPEG, from memory to memory. No type of either library shows here, none of their jumps
// leaves a function, and whoever calls allocates the pixels: the header says how many there will be.
#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// What the first bytes of an image say. `channels` is 1 for shades of gray and 3 for colours, whatever the file stores:
/// palettes and CMYK become RGB, and alpha is dropped.
struct cimage_header {
  uint32_t width, height;
  int channels;
};

enum cimage_status {
  cimage_ok = 0,
  /// The bytes are cut short or damaged, or of a kind that the library does not read.
  cimage_damaged = 1,
  /// There is no memory.
  cimage_no_memory = 2,
};

/// What decoding needs and is worth keeping from one image to the next; for one thread at a time.
struct cimage_decoder;

/// NULL where there is no memory.
struct cimage_decoder *_Nullable cimage_open(void);

void cimage_close(struct cimage_decoder *_Nullable decoder);

/// Reads the size of a PNG without decoding it.
enum cimage_status cimage_png_header(const uint8_t *bytes, size_t size, struct cimage_header *header, char *message,
                                     size_t message_size);

/// Decodes a PNG into `pixels`, which has room for width · height · channels of `header`, row after row, without padding.
/// Samples of 16 bits keep their upper half; gamma and colour profiles are not applied.
enum cimage_status cimage_png_decode(const uint8_t *bytes, size_t size, const struct cimage_header *header, uint8_t *pixels,
                                     char *message, size_t message_size);

/// Encodes 1 or 3 channels of 8 bits as PNG. `encoded` is to be freed with `cimage_free`.
enum cimage_status cimage_png_encode(const uint8_t *pixels, const struct cimage_header *header,
                                     uint8_t *_Nullable *_Nonnull encoded, size_t *size, char *message, size_t message_size);

void cimage_free(uint8_t *_Nullable encoded);

/// Reads the size of a JPEG without decoding it.
enum cimage_status cimage_jpeg_header(struct cimage_decoder *decoder, const uint8_t *bytes, size_t size,
                                      struct cimage_header *header, char *message, size_t message_size);

/// Decodes a JPEG into `pixels`, as `cimage_png_decode` does: with the accurate transform and smooth upsampling. Whatever the
/// library warns of (data cut short, codes that mean nothing) is damage.
enum cimage_status cimage_jpeg_decode(struct cimage_decoder *decoder, const uint8_t *bytes, size_t size,
                                      const struct cimage_header *header, uint8_t *pixels, char *message, size_t message_size);

#pragma clang assume_nonnull end
#endif
