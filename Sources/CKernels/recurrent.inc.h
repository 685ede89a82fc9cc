// Recurrent cells. A step multiplies the previous outputs with the recurrent weight and applies the gates while the
// products are still in the first-level cache: some units at a time where there are many rows, all units at once where
// there are few.

/// Units from `first` on that are computed together.
static ptrdiff_t unit_group(const struct recurrent_step *s, ptrdiff_t first, ptrdiff_t block) {
  ptrdiff_t left = s->end_unit - first;
  return s->rows < KERNEL_ROW_BLOCK ? left : left < block ? left : block;
}

/// Products of the previous outputs with some panels of the recurrent weight, into columns that stand side by side.
static void add_recurrent_product(const struct recurrent_step *s, ptrdiff_t first_panel, ptrdiff_t end_panel,
                                  float *columns, ptrdiff_t stride) {
  ptrdiff_t k = s->hidden, rows = s->rows;
  if (s->bytes) {
    multiply_bytes(s->past_bytes, 0, rows, s->bytes, first_panel, end_panel, columns, stride, product_start_accumulate,
                   NULL);
    return;
  }
  if (rows <= WIDE_TILE_ROWS) {
    const float *panels = s->weight + 16 * first_panel * k;
    ptrdiff_t count = end_panel - first_panel;
    multiply_few_rows(rows, k, s->past_output, s->past_output_stride, panels, 16 * count, 0, count, columns, stride,
                      product_start_accumulate, NULL);
    return;
  }
  for (ptrdiff_t p = first_panel, together; p < end_panel; p += together, columns += 16 * together) {
    together = panels_together(p, end_panel, 32);
    for (ptrdiff_t first = 0; first < k; first += KERNEL_DEPTH_BLOCK) {
      ptrdiff_t depth = k - first < KERNEL_DEPTH_BLOCK ? k - first : KERNEL_DEPTH_BLOCK;
      for (ptrdiff_t row = 0, height; row < rows; row += height) {
        height = kernel_next_block(rows - row);
        run_tile(together, s->past_output + row * s->past_output_stride + first, s->past_output_stride, 1, height,
                 s->weight + 16 * (p * k + first), 16 * k, depth, columns + row * stride, stride, 16,
                 product_start_accumulate, NULL);
      }
    }
  }
}

/// The previous outputs in bytes, where the weight is.
static void quantize_past(const struct recurrent_step *s) {
  if (!s->bytes || !s->past_output) return;
  const struct byte_rows *to = s->past_bytes;
  quantize_rows(s->past_output, s->past_output_stride, s->rows, s->hidden, to->bytes, to->stride, to->scales, to->zeros);
}

/// The input products of some columns (a multiple of 8), unless they stand there already.
static void copy_input_products(const struct recurrent_step *s, ptrdiff_t column, ptrdiff_t count, float *columns,
                                ptrdiff_t stride) {
  for (ptrdiff_t row = 0; row < s->rows; row++) {
    ptrdiff_t at = s->input_rows ? s->input_rows[row] : row;
    const float *from = s->inputs + at * s->input_stride + column;
    float *to = columns + row * stride;
    if (from == to) return;
    for (ptrdiff_t i = 0; i < count; i += 8) store(to + i, load(from + i));
  }
}

INLINE f8 load_units(const float *p, ptrdiff_t width) { return width >= 8 ? load(p) : load_some(p, width); }
INLINE void store_units(float *p, f8 v, ptrdiff_t width) {
  if (width >= 8) {
    store(p, v);
  } else {
    store_some(p, v, width);
  }
}

#include "lstm.inc.h"
#include "gru.inc.h"
#include "rnn.inc.h"
