/// What the kernels are given: sizes of blocks, and the structures that describe work. All strides and sizes count elements.
#ifndef CKERNELS_TYPES_H
#define CKERNELS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Instruction sets, from the plainest on.
enum kernel_level {
  kernel_level_plain = 0,
  kernel_level_avx2 = 1,
  kernel_level_avx512 = 2,
  kernel_level_avx512vnni = 3,
};

/// Columns of a panel of the packed right operand.
#define KERNEL_PANEL_WIDTH 16
/// Most rows that the micro-kernel computes at once.
#define KERNEL_ROW_BLOCK 6

/// Rows of the next block where so many are left: blocks of nearly equal height, since a last one of one or two rows would
/// leave most multipliers waiting for sums that wait for themselves.
static inline ptrdiff_t kernel_next_block(ptrdiff_t rows) {
  ptrdiff_t blocks = (rows + KERNEL_ROW_BLOCK - 1) / KERNEL_ROW_BLOCK;
  return blocks > 0 ? (rows + blocks - 1) / blocks : 0;
}

/// Rows of the inner dimension that stay in the first-level cache together.
#define KERNEL_DEPTH_BLOCK 256

/// Consecutive rows (at most KERNEL_ROW_BLOCK) of the left operand and of the result.
struct row_block {
  int32_t first;
  int32_t count;
};

/// What a matrix product starts from.
enum product_start {
  product_start_zero = 0,      ///< C = A·B
  product_start_accumulate = 1,  ///< C = C + A·B
  product_start_bias = 2,      ///< C = bias (one value a column) + A·B
};

/// Rows of numbers in steps of a byte: number i of a row is scale · (its step - zero). Steps are stored as the level of
/// kernels has them that wrote them, and so is their zero; no other level can read them.
struct byte_rows {
  uint8_t *bytes;
  ptrdiff_t stride;  ///< a multiple of 4, at least the length of a row
  float *scales;
  int32_t *zeros;
};

/// The most rows of a matrix of bytes, so that no sum of products overflows.
#define KERNEL_BYTE_DEPTH (1 << 16)

/// The right operand of a product of bytes, K × N with K up to KERNEL_BYTE_DEPTH, in panels of 16 columns.
struct byte_matrix {
  const int8_t *panels;
  ptrdiff_t k, n;
  const float *scales;  ///< of each column, to a multiple of 16
  const int32_t *sums;  ///< of the bytes of each column, to a multiple of 16
};

/// Images in steps of a byte with their padding written out, and the windows of a convolution over them: window (y, x) of an
/// image reads `runs` runs of run_length bytes (a multiple of 4), the first of which begins y · line_step + x ·
/// window_step bytes behind the image.
struct byte_windows {
  const uint8_t *bytes;
  float scale;   ///< of all steps
  int32_t zero;  ///< as in `byte_rows`
  ptrdiff_t image_stride, line_step, window_step;
  ptrdiff_t runs, run_stride, run_length;
  ptrdiff_t output_height, output_width;
};

/// Windows that one call of the convolution takes at most.
#define KERNEL_WINDOW_BLOCK 144

/// Numbers that Winograd's algorithm makes of a tile, and of a filter, of each channel.
#define KERNEL_WINOGRAD_POINTS 36

/// Panels of filters whose products are held at a time: of filters that are transformed before, and as they are needed.
#define KERNEL_WINOGRAD_PANELS 4
#define KERNEL_WINOGRAD_ONCE_PANELS 2

/// Tiles of windows that one call of Winograd's algorithm takes at most.
#define KERNEL_WINOGRAD_TILES 64

/// The same for gradients of filters, whose products are taken over tiles.
#define KERNEL_WINOGRAD_GRADIENT_TILES 1024

/// Channels of two panels of filters that are transformed at a time where they are used once: a core's own cache holds them.
#define KERNEL_WINOGRAD_DEPTH 64

/// A convolution of images whose channels lie together: what a window reads, and where its result goes. Distances count
/// floats.
struct convolution_geometry {
  ptrdiff_t image_stride, row_stride, pixel_stride;  ///< of the input
  ptrdiff_t run_length;                              ///< contiguous floats that an element of the filter covers
  int32_t height, width;                             ///< of the input; beyond it there are zeros
  int32_t kernel_height, kernel_width;               ///< runs of a window
  int32_t stride_height, stride_width;
  int32_t padding_top, padding_left;                 ///< may be negative
  int32_t dilation_height, dilation_width;
  int32_t output_height, output_width;               ///< windows of an image
  ptrdiff_t output_image_stride, output_row_stride, output_pixel_stride;
};

/// What sums of a convolution begin with and what becomes of them.
struct convolution_finish {
  const float *_Nullable bias;    ///< 16 for each panel
  const float *_Nullable addend;  ///< added at the end; laid out as the result
  float minimum;                  ///< what smaller results become: 0 for ReLU, else -∞
};

/// Windows that move over an image by one pixel, and what each of them has for the pixels that it sees.
struct column_fold {
  ptrdiff_t channels;
  int32_t width;  ///< of the image, in pixels
  int32_t kernel_height, kernel_width;
  int32_t padding_top, padding_left;
  int32_t dilation_height, dilation_width;
  int32_t output_height, output_width;  ///< windows
};

/// A row of pooling windows over an image whose channels lie together: each has the same rows, from the image's pointer
/// on, and of the columns column_firsts..<column_ends every column_step-th.
struct pooled_row {
  ptrdiff_t row_stride;  ///< from one row of a window to the next, in floats
  ptrdiff_t rows;
  ptrdiff_t window_count;
  ptrdiff_t column_step;  ///< from one column of a window to the next, in pixels
  bool is_squares_of_two;  ///< whether windows are squares of 2 × 2 pixels, from the first column on, with pixels of their own
  const int32_t *column_firsts, *column_ends;
};

/// Rows of a matrix over which a filter moves.
struct window_sequence {
  int32_t first_row;
  int32_t positions;  ///< at least 1
};

/// Rows of windows that one pass over the packed filters serves.
#define KERNEL_CONVOLUTION_ROWS 240
#define KERNEL_CONVOLUTION_SCRATCH (KERNEL_CONVOLUTION_ROWS * KERNEL_PANEL_WIDTH)

/// Constants of one step of an optimiser. First clamp the gradient to ± gradient_limit, then g = gradient_scale · gradient
/// + l2 · p + l1 · sign(p), p the parameter; then p *= parameter_scale. Which of the others are read, the kernels say.
struct optimizer_step {
  float gradient_limit, gradient_scale, l2, l1, parameter_scale;
  float rate;             ///< the step's size, bias correction folded in
  float gradient_rate;    ///< the same for the part of the step that is the gradient itself
  float velocity_share;   ///< what a velocity takes of the gradient
  float first_decay, second_decay;  ///< decay rates of the averages of g and of g²
  float second_scale;     ///< multiplies the root of the average of g² (bias correction)
  float epsilon;
  float direction_decay;  ///< what a direction takes of the parameter
};

/// n elements of a parameter and of its state change in place. Where the state may be null, the optimiser goes without.
typedef void (*optimizer_kernel)(float *parameter, float *_Nullable first, float *_Nullable second,
                                 float *_Nullable third, const float *gradient, ptrdiff_t n,
                                 const struct optimizer_step *step);

/// One time step of a recurrent layer for some rows, of which either all have a previous state or none has. How the gates
/// of a row lie is said where the cell is (lstm.inc.h, gru.inc.h, rnn.inc.h); H' is H rounded up to its block of units.
struct recurrent_step {
  int32_t rows;
  int32_t hidden;                      ///< H
  int32_t first_unit, end_unit;        ///< units to compute, from a multiple of the block up to another or to H
  const float *_Nullable weight;       ///< packed recurrent weight, K = H; without it `bytes`
  const struct byte_matrix *_Nullable bytes;  ///< the same in bytes
  const struct byte_rows *_Nullable past_bytes;  ///< memory for the previous outputs in bytes, where the weight is
  const float *_Nullable recurrent_bias;  ///< H' values that join the hidden product of the candidates (GRU)
  const float *inputs;                 ///< input products with bias; may be `gates` itself
  ptrdiff_t input_stride;
  const int32_t *_Nullable input_rows; ///< which row of `inputs` each row reads; without it all in order
  const float *_Nullable past_output;  ///< h of the previous step
  ptrdiff_t past_output_stride;
  const float *_Nullable past_cell;    ///< c of the previous step (LSTM)
  ptrdiff_t past_cell_stride;
  bool keeps_gates;                    ///< whether activated gates are stored for the backward pass
  float *gates;                        ///< rows of gates, or scratch memory
  ptrdiff_t gate_stride;
  float *_Nullable cell;
  ptrdiff_t cell_stride;               ///< at least H'
  float *output;
  ptrdiff_t output_stride;
};

struct recurrent_step_gradient {
  int32_t rows;
  int32_t hidden;
  const float *output_gradient;        ///< of this step's h, from above
  ptrdiff_t output_gradient_stride;
  float *state_gradient;               ///< in: of this step's h, from the following step; out: that part of the previous
                                       ///< step's which does not go through the recurrent weight
  float *cell_gradient;                ///< in: of this step's c; out: of the previous step's (LSTM)
  ptrdiff_t state_stride;              ///< of both; at least H'
  const float *_Nullable past_output;
  ptrdiff_t past_output_stride;
  const float *output;
  ptrdiff_t output_stride;
  const float *_Nullable past_cell;
  ptrdiff_t past_cell_stride;
  const float *_Nullable cell;
  ptrdiff_t cell_stride;
  float *gates;                        ///< in: activated gates; out: gradients of what was activated
  ptrdiff_t gate_stride;
};

/// One addition to a row of a table: row += factor · source.
struct row_update {
  int32_t row;
  int32_t source;
  float factor;
};

/// Some of them.
struct row_update_list {
  const struct row_update *_Nullable updates;
  ptrdiff_t count;
};

/// Product-quantised rows: row r is norms[norm_codes[r]] · (centroid codes[r · parts], centroid codes[r · parts + 1], …).
struct quantized_rows {
  const uint8_t *codes;
  ptrdiff_t parts;
  ptrdiff_t part_width; ///< elements of a part; of the last one what is left of the width
  ptrdiff_t width;
  const float *centroids; ///< 256 of each part, one part behind the other
  const uint8_t *_Nullable norm_codes;
  const float *_Nullable norms; ///< 256; without them all are 1
};

typedef void recurrent_forward(const struct recurrent_step *step);
typedef void recurrent_backward(const struct recurrent_step_gradient *step);

/// A stretch of memory that is normalised with one mean and one scale: x̂ = (x - mean) · scale. Its elements have weights
/// and biases of their own, or share `weight` and `bias` where the pointers are null.
struct normalized_run {
  float mean, scale;
  const float *_Nullable weights;
  const float *_Nullable biases;
  float weight, bias;
};

/// An activation with two settings, and g times its derivative at x.
struct activation_kernels {
  void (*forward)(const float *x, float *out, ptrdiff_t n, float a, float b);
  void (*gradient)(const float *x, const float *g, float *out, ptrdiff_t n, float a, float b);
};

#pragma clang assume_nonnull end
#endif
