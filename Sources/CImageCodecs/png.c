#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"
#include "messages.h"

// Not libpng's simplified interface: it blends alpha with a background and converts by the gamma that a file states, where
// the programs that models are trained with drop the one and ignore the other.

struct source {
  const uint8_t *next;
  size_t left;
  char *message;
  size_t message_size;
};

static void take_bytes(png_structp png, png_bytep destination, size_t count) {
  struct source *const source = png_get_io_ptr(png);
  if (count > source->left) png_error(png, "the data end too early");
  memcpy(destination, source->next, count);
  source->next += count;
  source->left -= count;
}

static void fail(png_structp png, png_const_charp text) {
  const struct source *const source = png_get_error_ptr(png);
  put_message(source->message, source->message_size, text);
  png_longjmp(png, 1);
}

/// What libpng warns of (odd ancillary chunks) does not touch the pixels.
static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

enum cimage_status cimage_png_header(const uint8_t *bytes, size_t size, struct cimage_header *header, char *message,
                                     size_t message_size) {
  // The signature, then IHDR: its length, its name, width, height, depth and colour type.
  if (size < 33) {
    put_message(message, message_size, "the data end too early");
    return cimage_damaged;
  }
  const int colour_type = bytes[25];
  if (png_sig_cmp(bytes, 0, 8) != 0 || big_endian(bytes + 8) != 13 || memcmp(bytes + 12, "IHDR", 4) != 0) {
    put_message(message, message_size, "it does not begin with a header");
    return cimage_damaged;
  }
  header->width = big_endian(bytes + 16);
  header->height = big_endian(bytes + 20);
  header->channels = (colour_type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
  if (header->width == 0 || header->height == 0 || header->width > INT32_MAX || header->height > INT32_MAX) {
    put_message(message, message_size, "its size is impossible");
    return cimage_damaged;
  }
  return cimage_ok;
}

enum cimage_status cimage_png_decode(const uint8_t *bytes, size_t size, const struct cimage_header *header, uint8_t *pixels,
                                     char *message, size_t message_size) {
  struct source source = {.next = bytes, .left = size, .message = message, .message_size = message_size};
  put_message(message, message_size, "no memory");
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, ignore_warning);
  if (png == NULL) return cimage_no_memory;
  png_infop info = png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_read_struct(&png, NULL, NULL);
    return cimage_no_memory;
  }
  // Nothing that is declared before this line changes after it.
  if (setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_read_struct(&png, &info, NULL);
    return cimage_damaged;
  }
  png_set_read_fn(png, &source, take_bytes);
  // The caller has a limit of its own.
  png_set_user_limits(png, INT32_MAX, INT32_MAX);
  png_read_info(png, info);
  if (png_get_image_width(png, info) != header->width || png_get_image_height(png, info) != header->height)
    png_error(png, "its size is contradictory");
  png_set_strip_16(png);
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  png_set_strip_alpha(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t row_size = (size_t)header->width * (size_t)header->channels;
  if (png_get_rowbytes(png, info) != row_size) png_error(png, "its colour type is contradictory");
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t row = 0; row < header->height; row++) png_read_row(png, pixels + row * row_size, NULL);
  }
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return cimage_ok;
}

enum cimage_status cimage_png_encode(const uint8_t *pixels, const struct cimage_header *header,
                                     uint8_t *_Nullable *_Nonnull encoded, size_t *size, char *message, size_t message_size) {
  png_image image = {.version = PNG_IMAGE_VERSION,
                     .width = header->width,
                     .height = header->height,
                     .format = header->channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
  png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image);
  uint8_t *const bytes = malloc(room);
  if (bytes == NULL) {
    put_message(message, message_size, "no memory");
    return cimage_no_memory;
  }
  if (!png_image_write_to_memory(&image, bytes, &room, 0, pixels, 0, NULL)) {
    put_message(message, message_size, image.message);
    png_image_free(&image);
    free(bytes);
    return cimage_damaged;
  }
  *encoded = bytes;
  *size = room;
  return cimage_ok;
}

void cimage_free(uint8_t *encoded) { free(encoded); }
