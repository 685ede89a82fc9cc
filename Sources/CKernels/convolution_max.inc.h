// Text convolution with max over time: a filter that covers the whole embedding and moves along the rows only, so that
// its window is one contiguous run of floats and the convolution is a matrix product without any copy. The products
// live in a scratch block just long enough to find their maxima.

/// Some rows of one sequence.
struct window_segment {
  int32_t sequence, first_row, first_position, rows, scratch_row;
};

static void convolve_segments(const float *x, ptrdiff_t x_stride, const struct window_segment *segments,
                              ptrdiff_t count, ptrdiff_t k, const float *panels, ptrdiff_t n, float *maxima,
                              int32_t *arguments, float *scratch) {
  ptrdiff_t padded = (n + 15) / 16 * 16;
  for (ptrdiff_t p = 0; 16 * p < n; p++) {
    ptrdiff_t half = n - 16 * p > 8;
    for (ptrdiff_t first = 0; first < k; first += KERNEL_DEPTH_BLOCK) {
      ptrdiff_t depth = k - first < KERNEL_DEPTH_BLOCK ? k - first : KERNEL_DEPTH_BLOCK;
      const float *panel = panels + 16 * (p * k + first);
      enum product_start start = first == 0 ? product_start_zero : product_start_accumulate;
      for (ptrdiff_t i = 0; i < count; i++) {
        for (ptrdiff_t row = 0, height; row < segments[i].rows; row += height) {
          height = kernel_next_block(segments[i].rows - row);
          tiles[half][height - 1](x + (segments[i].first_row + row) * x_stride + first, x_stride, 1, panel, depth,
                                  scratch + 16 * (segments[i].scratch_row + row), 16, 8 + 8 * half, start, NULL);
        }
      }
    }
    for (ptrdiff_t i = 0; i < count; i++) {
      float *maximum = maxima + segments[i].sequence * padded + 16 * p;
      int32_t *argument = arguments + segments[i].sequence * padded + 16 * p;
      for (ptrdiff_t v = 0; v <= half; v++) {
        f8 best = load(maximum + 8 * v);
        i8 where = *(const i8_unaligned *)(argument + 8 * v);
        for (int32_t row = 0; row < segments[i].rows; row++) {
          f8 value = load(scratch + 16 * (segments[i].scratch_row + row) + 8 * v);
          i8 larger = value > best;
          i8 here = (i8){} + (segments[i].first_position + row);
          where = (larger & here) | (~larger & where);
          best = max8(value, best);
        }
        store(maximum + 8 * v, best);
        *(i8_unaligned *)(argument + 8 * v) = where;
      }
    }
  }
}

static void convolve_max(const float *x, ptrdiff_t x_stride, const struct window_sequence *sequences, ptrdiff_t count,
                         ptrdiff_t k, const float *panels, ptrdiff_t n, float *maxima, int32_t *arguments,
                         float *scratch) {
  ptrdiff_t padded = (n + 15) / 16 * 16;
  for (ptrdiff_t i = 0; i < count * padded; i++) {
    maxima[i] = -INFINITY;
    arguments[i] = 0;
  }
  struct window_segment segments[KERNEL_CONVOLUTION_ROWS];
  ptrdiff_t used = 0, rows = 0;
  for (int32_t s = 0; s < count; s++) {
    for (int32_t position = 0; position < sequences[s].positions;) {
      int32_t room = (int32_t)(KERNEL_CONVOLUTION_ROWS - rows), left = sequences[s].positions - position;
      int32_t take = left < room ? left : room;
      segments[used++] = (struct window_segment){s, sequences[s].first_row + position, position, take, (int32_t)rows};
      position += take;
      rows += take;
      if (rows == KERNEL_CONVOLUTION_ROWS) {
        convolve_segments(x, x_stride, segments, used, k, panels, n, maxima, arguments, scratch);
        used = rows = 0;
      }
    }
  }
  if (used > 0) convolve_segments(x, x_stride, segments, used, k, panels, n, maxima, arguments, scratch);
}

/// The sums of some units over the rows of each window, and their maxima: VECTORS · 8 units from `unit` on.
#define INDEXED_WINDOWS(VECTORS)                                                                                      \
  static void indexed_windows_##VECTORS(const float *products, ptrdiff_t stride, const int32_t *indices,              \
                                        ptrdiff_t positions, ptrdiff_t width, ptrdiff_t n, ptrdiff_t unit,            \
                                        float *maxima, int32_t *arguments) {                                          \
    f8 best[VECTORS];                                                                                                 \
    i8 where[VECTORS];                                                                                                \
    for (int v = 0; v < VECTORS; v++) {                                                                               \
      best[v] = splat(-INFINITY);                                                                                     \
      where[v] = (i8){};                                                                                              \
    }                                                                                                                 \
    for (ptrdiff_t position = 0; position < positions; position++) {                                                  \
      const float *at = products + indices[position] * stride + unit;                                                 \
      f8 sum[VECTORS];                                                                                                \
      for (int v = 0; v < VECTORS; v++) sum[v] = load(at + 8 * v);                                                    \
      for (ptrdiff_t w = 1; w < width; w++) {                                                                         \
        at = products + indices[position + w] * stride + w * n + unit;                                                \
        for (int v = 0; v < VECTORS; v++) sum[v] += load(at + 8 * v);                                                 \
      }                                                                                                               \
      i8 here = (i8){} + (int32_t)position;                                                                           \
      for (int v = 0; v < VECTORS; v++) {                                                                             \
        i8 larger = sum[v] > best[v];                                                                                 \
        where[v] = (larger & here) | (~larger & where[v]);                                                            \
        best[v] = max8(sum[v], best[v]);                                                                              \
      }                                                                                                               \
    }                                                                                                                 \
    for (int v = 0; v < VECTORS; v++) {                                                                               \
      store(maxima + unit + 8 * v, best[v]);                                                                          \
      *(i8_unaligned *)(arguments + unit + 8 * v) = where[v];                                                         \
    }                                                                                                                 \
  }
INDEXED_WINDOWS(1)
INDEXED_WINDOWS(4)

static void convolve_max_indexed(const float *products, ptrdiff_t stride, const int32_t *indices, ptrdiff_t positions,
                                 ptrdiff_t width, ptrdiff_t n, float *maxima, int32_t *arguments) {
  ptrdiff_t unit = 0;
  for (; unit + 32 <= n; unit += 32)
    indexed_windows_4(products, stride, indices, positions, width, n, unit, maxima, arguments);
  for (; unit < n; unit += 8)
    indexed_windows_1(products, stride, indices, positions, width, n, unit, maxima, arguments);
}
