#include "CCompression.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

// What of the libraries' interfaces is used. All three promise not to change them under these names of the files; zlib
// checks the size of its structure at run time.

// zlib.h of zlib 1.2 and later, libz.so.1.
struct zlib_stream {
  const uint8_t *next_in;
  unsigned avail_in;
  unsigned long total_in;
  uint8_t *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *msg;
  void *state;
  void *zalloc, *zfree, *opaque;
  int data_type;
  unsigned long adler, reserved;
};
enum { zlib_ok = 0, zlib_stream_end = 1, zlib_buffer_error = -5, zlib_gzip_window = 15 + 16 };

// lzma/base.h of liblzma 5, liblzma.so.5.
struct lzma_stream {
  const uint8_t *next_in;
  size_t avail_in;
  uint64_t total_in;
  uint8_t *next_out;
  size_t avail_out;
  uint64_t total_out;
  const void *allocator;
  void *internal;
  void *reserved_pointers[4];
  uint64_t seek_position, reserved_integer;
  size_t reserved_sizes[2];
  unsigned reserved_enums[2];
};
enum { lzma_ok = 0, lzma_stream_end = 1, lzma_memory_error = 5, lzma_limit_error = 6, lzma_buffer_error = 10, lzma_run = 0 };

// zstd.h and zstd_errors.h of Zstandard 1, libzstd.so.1.
enum { zstd_window_too_large = 16, zstd_memory_allocation = 64 };
struct zstd_input {
  const void *source;
  size_t size, position;
};
struct zstd_output {
  void *destination;
  size_t size, position;
};

struct libraries {
  int (*inflateInit2_)(struct zlib_stream *, int, const char *, int);
  int (*inflate)(struct zlib_stream *, int);
  int (*inflateReset)(struct zlib_stream *);
  int (*inflateEnd)(struct zlib_stream *);
  int (*lzma_stream_decoder)(struct lzma_stream *, uint64_t, uint32_t);
  int (*lzma_code)(struct lzma_stream *, int);
  void (*lzma_end)(struct lzma_stream *);
  void *(*ZSTD_createDStream)(void);
  size_t (*ZSTD_decompressStream)(void *, struct zstd_output *, struct zstd_input *);
  unsigned (*ZSTD_isError)(size_t);
  int (*ZSTD_getErrorCode)(size_t);
  size_t (*ZSTD_freeDStream)(void *);
};

struct ccompression_decoder {
  enum ccompression_format format;
  void *library;
  struct libraries calls;
  /// Whether a member has ended and none has begun since.
  bool ended;
  struct zlib_stream zlib;
  struct lzma_stream lzma;
  void *zstd;
};

static void *find(void *library, const char *name, bool *complete) {
  void *const address = dlsym(library, name);
  if (address == NULL) *complete = false;
  return address;
}

#define FIND(name) decoder->calls.name = find(decoder->library, #name, &complete)

static bool load(struct ccompression_decoder *decoder) {
  static const char *const names[] = {"libz.so.1", "liblzma.so.5", "libzstd.so.1"};
  decoder->library = dlopen(names[decoder->format], RTLD_NOW | RTLD_LOCAL);
  if (decoder->library == NULL) return false;
  bool complete = true;
  switch (decoder->format) {
    case ccompression_gzip:
      FIND(inflateInit2_);
      FIND(inflate);
      FIND(inflateReset);
      FIND(inflateEnd);
      break;
    case ccompression_xz:
      FIND(lzma_stream_decoder);
      FIND(lzma_code);
      FIND(lzma_end);
      break;
    case ccompression_zstd:
      FIND(ZSTD_createDStream);
      FIND(ZSTD_decompressStream);
      FIND(ZSTD_isError);
      FIND(ZSTD_getErrorCode);
      FIND(ZSTD_freeDStream);
      break;
  }
  return complete;
}

static bool begin(struct ccompression_decoder *decoder) {
  switch (decoder->format) {
    case ccompression_gzip:
      return decoder->calls.inflateInit2_(&decoder->zlib, zlib_gzip_window, "1.2.0", (int)sizeof decoder->zlib) == zlib_ok;
    case ccompression_xz:
      // Half a gigabyte is more than any preset of xz needs.
      return decoder->calls.lzma_stream_decoder(&decoder->lzma, (uint64_t)512 << 20, 0) == lzma_ok;
    case ccompression_zstd:
      decoder->zstd = decoder->calls.ZSTD_createDStream();
      return decoder->zstd != NULL;
  }
  return false;
}

struct ccompression_decoder *ccompression_open(enum ccompression_format format) {
  struct ccompression_decoder *const decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) return NULL;
  decoder->format = format;
  if (!load(decoder) || !begin(decoder)) {
    ccompression_close(decoder);
    return NULL;
  }
  return decoder;
}

void ccompression_close(struct ccompression_decoder *decoder) {
  if (decoder == NULL) return;
  if (decoder->zlib.state != NULL) decoder->calls.inflateEnd(&decoder->zlib);
  if (decoder->lzma.internal != NULL) decoder->calls.lzma_end(&decoder->lzma);
  if (decoder->zstd != NULL) decoder->calls.ZSTD_freeDStream(decoder->zstd);
  if (decoder->library != NULL) dlclose(decoder->library);
  free(decoder);
}

static int run_gzip(struct ccompression_decoder *decoder, const uint8_t **input, size_t *input_size, uint8_t **output,
                    size_t *output_size) {
  struct zlib_stream *const stream = &decoder->zlib;
  if (decoder->ended && decoder->calls.inflateReset(stream) != zlib_ok) return -1;
  stream->next_in = *input;
  stream->avail_in = *input_size > UINT_MAX ? UINT_MAX : (unsigned)*input_size;
  stream->next_out = *output;
  stream->avail_out = *output_size > UINT_MAX ? UINT_MAX : (unsigned)*output_size;
  const int status = decoder->calls.inflate(stream, 0);
  if (status != zlib_ok && status != zlib_stream_end && status != zlib_buffer_error) return -1;
  *input_size -= (size_t)(stream->next_in - *input);
  *output_size -= (size_t)(stream->next_out - *output);
  *input = stream->next_in;
  *output = stream->next_out;
  return status == zlib_stream_end;
}

static int run_xz(struct ccompression_decoder *decoder, const uint8_t **input, size_t *input_size, uint8_t **output,
                  size_t *output_size) {
  struct lzma_stream *const stream = &decoder->lzma;
  if (decoder->ended) {
    decoder->calls.lzma_end(stream);
    memset(stream, 0, sizeof *stream);
    if (!begin(decoder)) return -1;
  }
  stream->next_in = *input;
  stream->avail_in = *input_size;
  stream->next_out = *output;
  stream->avail_out = *output_size;
  const int status = decoder->calls.lzma_code(stream, lzma_run);
  if (status == lzma_memory_error || status == lzma_limit_error) return -2;
  if (status != lzma_ok && status != lzma_stream_end && status != lzma_buffer_error) return -1;
  *input = stream->next_in;
  *input_size = stream->avail_in;
  *output = stream->next_out;
  *output_size = stream->avail_out;
  return status == lzma_stream_end;
}

static int run_zstd(struct ccompression_decoder *decoder, const uint8_t **input, size_t *input_size, uint8_t **output,
                    size_t *output_size) {
  struct zstd_input from = {.source = *input, .size = *input_size};
  struct zstd_output to = {.destination = *output, .size = *output_size};
  const size_t hint = decoder->calls.ZSTD_decompressStream(decoder->zstd, &to, &from);
  if (decoder->calls.ZSTD_isError(hint)) {
    const int code = decoder->calls.ZSTD_getErrorCode(hint);
    return code == zstd_window_too_large || code == zstd_memory_allocation ? -2 : -1;
  }
  *input += from.position;
  *input_size -= from.position;
  *output += to.position;
  *output_size -= to.position;
  return hint == 0;
}

int ccompression_run(struct ccompression_decoder *decoder, const uint8_t **input, size_t *input_size, uint8_t **output,
                     size_t *output_size) {
  int result = -1;
  switch (decoder->format) {
    case ccompression_gzip: result = run_gzip(decoder, input, input_size, output, output_size); break;
    case ccompression_xz: result = run_xz(decoder, input, input_size, output, output_size); break;
    case ccompression_zstd: result = run_zstd(decoder, input, input_size, output, output_size); break;
  }
  decoder->ended = result == 1;
  return result;
}
