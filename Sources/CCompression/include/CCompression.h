// Decompression of gzip, xz and Zstandard by the system's libraries, which are loaded when a compressed file is read first:
// who reads none needs none of them.
#ifndef CCOMPRESSION_H
#define CCOMPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

enum ccompression_format { ccompression_gzip, ccompression_xz, ccompression_zstd };

struct ccompression_decoder;

/// A decoder of a format; NULL where its library is not installed or there is no memory.
struct ccompression_decoder *_Nullable ccompression_open(enum ccompression_format format);

void ccompression_close(struct ccompression_decoder *_Nullable decoder);

/// Takes bytes from `input` and puts bytes into `output`; moves both ranges on. Members that follow each other are one text.
/// Returns 1 where a member is complete, 0 in the middle of one, -1 for damaged bytes, and -2 for what needs more memory than
/// there is or is allowed: half a gigabyte for xz, a window of 128 MB for Zstandard.
int ccompression_run(struct ccompression_decoder *decoder, const uint8_t *_Nullable *_Nonnull input, size_t *input_size,
                     uint8_t *_Nonnull *_Nonnull output, size_t *output_size);

#pragma clang assume_nonnull end
#endif
