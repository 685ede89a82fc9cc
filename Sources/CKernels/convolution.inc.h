// Convolution of images whose channels lie together ([B, H, W, C]). What a filter sees of one row of a window is a run of
// contiguous floats, so that nothing is gathered: the micro-kernel follows a pointer for each run and each window, and
// runs beyond the image's edge are read from a row of zeros. Windows are rows of the result; filters are packed into
// panels of 16 columns. Each element of the result is one chain of multiply-adds in the order of the runs, whatever
// windows are computed beside it.

#include "convolution_planes.inc.h"

/// Sums of ROWS windows × 8·VECTORS filters over some runs: all of each, or some floats of one. The pointers of a window
/// lie `distance` behind those of the one before it.
#define CONVOLUTION_SUMS(ROWS, VECTORS, VECTOR, LANES, SPLAT)                                                      \
  for (ptrdiff_t r = 0; r < runs; r++) {                                                                           \
    const float *a[ROWS];                                                                                          \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) a[i] = rows[i * distance + r] + first;       \
    for (ptrdiff_t k = 0; k < count; k++, panel += 16) {                                                           \
      VECTOR b[VECTORS];                                                                                           \
      _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++)                                         \
          b[v] = *(const VECTOR##_unaligned *)(panel + LANES * v);                                                 \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                          \
        VECTOR x = SPLAT(a[i][k]);                                                                                 \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) s[i][v] = x * b[v] + s[i][v];         \
      }                                                                                                            \
    }                                                                                                              \
  }

/// Where the sums of a tile begin and what becomes of them.
struct convolution_step {
  enum product_start start;
  const float *bias;    ///< 16 for each panel
  bool is_last;         ///< whether nothing is added any more
  const float *addend;  ///< laid out as the result; perhaps NULL
  float *output;        ///< the first float of the result
  float minimum;        ///< what smaller results become
};

#define CONVOLUTION_TILE(ROWS, VECTORS)                                                                             \
  static void convolution_tile_##ROWS##_##VECTORS(                                                                  \
      const float *const *rows, ptrdiff_t distance, ptrdiff_t runs, ptrdiff_t first, ptrdiff_t count,               \
      const float *panel, float *const *results, ptrdiff_t column, ptrdiff_t width, const struct convolution_step *step) {              \
    f8 s[ROWS][VECTORS];                                                                                            \
    const bool whole = width == 8 * VECTORS;                                                                        \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) {                                      \
      if (step->start == product_start_zero)                                                                        \
        s[i][v] = splat(0);                                                                                         \
      else if (step->start == product_start_bias)                                                                   \
        s[i][v] = load(step->bias + column + 8 * v);                                                                \
      else                                                                                                          \
        s[i][v] = whole || width >= 8 * (v + 1) ? load(results[i] + column + 8 * v)                                 \
                                                : load_some(results[i] + column + 8 * v, width - 8 * v);            \
    }                                                                                                               \
    CONVOLUTION_SUMS(ROWS, VECTORS, f8, 8, splat)                                                                   \
    if (step->is_last) {                                                                                            \
      if (step->addend) {                                                                                           \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                           \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) {                                  \
          const float *from = step->addend + (results[i] - step->output) + column + 8 * v;                          \
          s[i][v] += whole || width >= 8 * (v + 1) ? load(from) : load_some(from, width - 8 * v);                   \
        }                                                                                                           \
      }                                                                                                             \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
          _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++)                                      \
              s[i][v] = max8(splat(step->minimum), s[i][v]);                                                        \
    }                                                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) {                                      \
      if (whole || width >= 8 * (v + 1))                                                                            \
        store(results[i] + column + 8 * v, s[i][v]);                                                                \
      else                                                                                                          \
        store_some(results[i] + column + 8 * v, s[i][v], width - 8 * v);                                            \
    }                                                                                                               \
  }

#if KERNEL_VECTOR_FLOATS == 16
/// The same for a panel of one vector of 16.
#define WIDE_CONVOLUTION_TILE(ROWS)                                                                                 \
  static void convolution_tile_##ROWS##_2(                                                                          \
      const float *const *rows, ptrdiff_t distance, ptrdiff_t runs, ptrdiff_t first, ptrdiff_t count,               \
      const float *panel, float *const *results, ptrdiff_t column, ptrdiff_t width, const struct convolution_step *step) {              \
    f16 s[ROWS][1];                                                                                                 \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        s[i][0] = step->start == product_start_zero   ? splat16(0)                                                  \
                  : step->start == product_start_bias ? load16(step->bias + column)                                 \
                                                      : load16_up_to(results[i] + column, width);                   \
    CONVOLUTION_SUMS(ROWS, 1, f16, 16, splat16)                                                                     \
    if (step->is_last) {                                                                                            \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                           \
        if (step->addend)                                                                                           \
          s[i][0] += load16_up_to(step->addend + (results[i] - step->output) + column, width);                      \
        f16 minimum = splat16(step->minimum);                                                                       \
        s[i][0] = minimum > s[i][0] ? minimum : s[i][0];                                                            \
      }                                                                                                             \
    }                                                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        store16_up_to(results[i] + column, s[i][0], width);                                                         \
  }

/// The same for two whole panels, panel_stride floats apart.
#define CONVOLUTION_PAIR_TILE(ROWS)                                                                                 \
  static void convolution_pair_tile_##ROWS(                                                                         \
      const float *const *rows, ptrdiff_t distance, ptrdiff_t runs, ptrdiff_t first, ptrdiff_t count,               \
      const float *panel, ptrdiff_t panel_stride, float *const *results, ptrdiff_t column,                          \
      const struct convolution_step *step) {                                                                        \
    f16 s[ROWS][2];                                                                                                 \
    const float *second = panel + panel_stride;                                                                     \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 2; v++)                                              \
            s[i][v] = step->start == product_start_zero   ? splat16(0)                                              \
                      : step->start == product_start_bias ? load16(step->bias + column + 16 * v)                    \
                                                          : load16(results[i] + column + 16 * v);                   \
    for (ptrdiff_t r = 0; r < runs; r++) {                                                                          \
      const float *a[ROWS];                                                                                         \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) a[i] = rows[i * distance + r] + first;      \
      for (ptrdiff_t k = 0; k < count; k++, panel += 16, second += 16) {                                            \
        f16 b[2] = {load16(panel), load16(second)};                                                                 \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                         \
          f16 x = splat16(a[i][k]);                                                                                 \
          s[i][0] = x * b[0] + s[i][0];                                                                             \
          s[i][1] = x * b[1] + s[i][1];                                                                             \
        }                                                                                                           \
      }                                                                                                             \
    }                                                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 2; v++) {                                            \
      float *to = results[i] + column + 16 * v;                                                                     \
      if (step->is_last) {                                                                                          \
        if (step->addend) s[i][v] += load16(step->addend + (to - step->output));                                    \
        f16 minimum = splat16(step->minimum);                                                                       \
        s[i][v] = minimum > s[i][v] ? minimum : s[i][v];                                                            \
      }                                                                                                             \
      *(f16_unaligned *)to = s[i][v];                                                                               \
    }                                                                                                               \
  }
#endif

FOR_ROWS(CONVOLUTION_TILE, 1)
#if KERNEL_VECTOR_FLOATS == 16
WIDE_CONVOLUTION_TILE(1) WIDE_CONVOLUTION_TILE(2) WIDE_CONVOLUTION_TILE(3)
WIDE_CONVOLUTION_TILE(4) WIDE_CONVOLUTION_TILE(5) WIDE_CONVOLUTION_TILE(6)
CONVOLUTION_PAIR_TILE(1) CONVOLUTION_PAIR_TILE(2) CONVOLUTION_PAIR_TILE(3)
CONVOLUTION_PAIR_TILE(4) CONVOLUTION_PAIR_TILE(5) CONVOLUTION_PAIR_TILE(6)
typedef void convolution_pair_tile_function(const float *const *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                                            const float *, ptrdiff_t, float *const *, ptrdiff_t,
                                            const struct convolution_step *);
static convolution_pair_tile_function *const convolution_pair_tiles[6] = {
    convolution_pair_tile_1, convolution_pair_tile_2, convolution_pair_tile_3,
    convolution_pair_tile_4, convolution_pair_tile_5, convolution_pair_tile_6};
#else
FOR_ROWS(CONVOLUTION_TILE, 2)
#endif

typedef void convolution_tile_function(const float *const *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, const float *,
                                       float *const *, ptrdiff_t, ptrdiff_t, const struct convolution_step *);
static convolution_tile_function *const convolution_tiles[2][6] = {
    {convolution_tile_1_1, convolution_tile_2_1, convolution_tile_3_1, convolution_tile_4_1, convolution_tile_5_1,
     convolution_tile_6_1},
    {convolution_tile_1_2, convolution_tile_2_2, convolution_tile_3_2, convolution_tile_4_2, convolution_tile_5_2,
     convolution_tile_6_2},
};

/// Where the runs of a window begin, in the order of the filter's elements.
static void find_runs(const struct convolution_geometry *g, const float *image, ptrdiff_t y, ptrdiff_t x,
                      const float *zeros, const float **runs) {
  for (ptrdiff_t i = 0; i < g->kernel_height; i++) {
    ptrdiff_t row = y * g->stride_height - g->padding_top + i * g->dilation_height;
    bool inside = row >= 0 && row < g->height;
    for (ptrdiff_t j = 0; j < g->kernel_width; j++, runs++) {
      ptrdiff_t column = x * g->stride_width - g->padding_left + j * g->dilation_width;
      *runs = inside && column >= 0 && column < g->width ? image + row * g->row_stride + column * g->pixel_stride
                                                         : zeros;
    }
  }
}

/// Goes over the windows of all images in their order and finds their runs.
struct window_walk {
  const struct convolution_geometry *geometry;
  const float *input, *zeros;
  ptrdiff_t image, y, x;
  ptrdiff_t first_inner, last_inner;  ///< windows of a row that reach over no side
};

static struct window_walk walk_from(const struct convolution_geometry *g, const float *input, const float *zeros,
                                    ptrdiff_t window) {
  ptrdiff_t area = (ptrdiff_t)g->output_height * g->output_width;
  ptrdiff_t reach = g->width - 1 - (ptrdiff_t)(g->kernel_width - 1) * g->dilation_width + g->padding_left;
  return (struct window_walk){
      .geometry = g,
      .input = input,
      .zeros = zeros,
      .image = window / area,
      .y = window % area / g->output_width,
      .x = window % area % g->output_width,
      .first_inner = g->padding_left <= 0 ? 0 : (g->padding_left + g->stride_width - 1) / g->stride_width,
      .last_inner = reach < 0 ? -1 : reach / g->stride_width,
  };
}

/// The runs of the next window; `previous` are those of the window before it, or NULL.
INLINE void next_runs(struct window_walk *walk, const float *const *previous, const float **runs) {
  const struct convolution_geometry *g = walk->geometry;
  if (previous && walk->x > walk->first_inner && walk->x <= walk->last_inner) {
    // Each run moves on, but for the zeros.
    ptrdiff_t count = (ptrdiff_t)g->kernel_height * g->kernel_width, step = g->stride_width * g->pixel_stride;
    for (ptrdiff_t r = 0; r < count; r++) runs[r] = previous[r] + (previous[r] == walk->zeros ? 0 : step);
  } else {
    find_runs(g, walk->input + walk->image * g->image_stride, walk->y, walk->x, walk->zeros, runs);
  }
}

INLINE void move_on(struct window_walk *walk) {
  if (++walk->x < walk->geometry->output_width) return;
  walk->x = 0;
  if (++walk->y < walk->geometry->output_height) return;
  walk->y = 0;
  walk->image++;
}

static void convolve(const struct convolution_geometry *g, const float *input, ptrdiff_t first, ptrdiff_t count,
                     const float *panels, ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel, float *output,
                     const struct convolution_finish *finish, const float *zeros) {
  if (is_of_planes(g, n, 16) && !finish->addend && end_panel > first_panel)
    return convolve_planes(g, input, first, count, panels, n, output, finish);
  ptrdiff_t runs = (ptrdiff_t)g->kernel_height * g->kernel_width, depth = runs * g->run_length;
  const float *rows[runs > 0 && count > 0 ? count * runs : 1];
  float *results[KERNEL_WINDOW_BLOCK];
  struct window_walk walk = walk_from(g, input, zeros, first);
  for (ptrdiff_t window = 0; window < count; window++, move_on(&walk)) {
    next_runs(&walk, window > 0 ? rows + (window - 1) * runs : NULL, rows + window * runs);
    results[window] = output + walk.image * g->output_image_stride + walk.y * g->output_row_stride +
                      walk.x * g->output_pixel_stride;
  }
  struct convolution_step step = {finish->bias ? product_start_bias : product_start_zero, finish->bias, false,
                                  finish->addend, output, finish->minimum};
  // Some whole runs at a time, or parts of a long one, so that what a panel has of them stays in the first-level cache.
  ptrdiff_t length = g->run_length;
  ptrdiff_t parts = (length + KERNEL_DEPTH_BLOCK - 1) / KERNEL_DEPTH_BLOCK;
  ptrdiff_t part = parts > 1 ? (length + parts - 1) / parts : length;
  ptrdiff_t group = parts > 1 || length == 0 ? 1 : KERNEL_DEPTH_BLOCK / length;
  if (group > 0 && runs > group) {
    ptrdiff_t groups = (runs + group - 1) / group;
    group = (runs + groups - 1) / groups;
  }
  ptrdiff_t run = 0, offset = 0;
  do {
    ptrdiff_t some = runs - run < group ? runs - run : group;
    ptrdiff_t floats = parts > 1 ? (length - offset < part ? length - offset : part) : length;
    bool ends_run = offset + floats == length;
    step.is_last = run + some >= runs && ends_run;
    for (ptrdiff_t p = first_panel, together; p < end_panel; p += together) {
      together = panels_together(p, end_panel, n - 16 * p);
      ptrdiff_t width = n - 16 * p < 16 ? n - 16 * p : 16;
      const float *panel = panels + 16 * (p * depth + run * length + offset);
      // Under few windows the filters are what has to come from memory: the next ones are asked for meanwhile.
      const float *next = count <= 72 && p + together < end_panel ? panel + 16 * together * depth : NULL;
      ptrdiff_t lines = some * floats, asked = 0;
      for (ptrdiff_t window = 0, height; window < count; window += height) {
        height = kernel_next_block(count - window);
        for (ptrdiff_t until = next ? lines * (window + height) / count : 0; asked < until; asked++) {
          __builtin_prefetch(next + 16 * asked);
          if (together == 2) __builtin_prefetch(next + 16 * (depth + asked));
        }
#if KERNEL_VECTOR_FLOATS == 16
        if (together == 2) {
          convolution_pair_tiles[height - 1](rows + window * runs + run, runs, some, offset, floats, panel, 16 * depth,
                                             results + window, 16 * p, &step);
          continue;
        }
#endif
        convolution_tiles[width > 8][height - 1](rows + window * runs + run, runs, some, offset, floats, panel,
                                                 results + window, 16 * p, width, &step);
      }
    }
    step.start = product_start_accumulate;
    if (ends_run) {
      run += some;
      offset = 0;
    } else {
      offset += floats;
    }
  } while (run < runs);
}

/// Where rows of 16 columns have their runs beside each other, each column is one contiguous row of runs · rows elements:
/// of these, so many first elements are transposed by squares of 8.
INLINE ptrdiff_t transposed_elements(ptrdiff_t run_stride, ptrdiff_t runs, ptrdiff_t row_stride, ptrdiff_t rows,
                                    ptrdiff_t width) {
  return run_stride == 1 && row_stride == runs && width == 16 ? runs * rows / 8 * 8 : 0;
}

static void pack_filters(const float *filters, ptrdiff_t run_stride, ptrdiff_t runs, ptrdiff_t row_stride,
                         ptrdiff_t rows, ptrdiff_t column_stride, ptrdiff_t n, float *panels) {
  for (ptrdiff_t p = 0; 16 * p < n; p++, panels += 16 * runs * rows, filters += 16 * column_stride) {
    ptrdiff_t width = n - 16 * p < 16 ? n - 16 * p : 16;
    ptrdiff_t transposed = transposed_elements(run_stride, runs, row_stride, rows, width);
    for (ptrdiff_t m = 0; m < transposed; m += 8)
      for (ptrdiff_t half = 0; half < 16; half += 8) {
        f8 v[8];
        for (int j = 0; j < 8; j++) v[j] = load(filters + (half + j) * column_stride + m);
        transpose8(v);
        for (int i = 0; i < 8; i++) store(panels + 16 * ((m + i) % runs * rows + (m + i) / runs) + half, v[i]);
      }
    for (ptrdiff_t k = transposed / (runs > 0 ? runs : 1); k < rows; k++)
      for (ptrdiff_t run = 0; run < runs; run++) {
        const float *from = filters + run * run_stride + k * row_stride;
        float *to = panels + 16 * (run * rows + k);
        ptrdiff_t j = 0;
        for (; j < width; j++) to[j] = from[j * column_stride];
        for (; j < 16; j++) to[j] = 0;
      }
  }
}

static void unpack_filters(const float *panels, ptrdiff_t run_stride, ptrdiff_t runs, ptrdiff_t row_stride,
                           ptrdiff_t rows, ptrdiff_t column_stride, ptrdiff_t n, float *filters) {
  for (ptrdiff_t p = 0; 16 * p < n; p++, panels += 16 * runs * rows, filters += 16 * column_stride) {
    ptrdiff_t width = n - 16 * p < 16 ? n - 16 * p : 16;
    ptrdiff_t transposed = transposed_elements(run_stride, runs, row_stride, rows, width);
    for (ptrdiff_t m = 0; m < transposed; m += 8)
      for (ptrdiff_t half = 0; half < 16; half += 8) {
        f8 v[8];
        for (int i = 0; i < 8; i++) v[i] = load(panels + 16 * ((m + i) % runs * rows + (m + i) / runs) + half);
        transpose8(v);
        for (int j = 0; j < 8; j++) store(filters + (half + j) * column_stride + m, v[j]);
      }
    for (ptrdiff_t k = transposed / (runs > 0 ? runs : 1); k < rows; k++)
      for (ptrdiff_t run = 0; run < runs; run++) {
        float *to = filters + run * run_stride + k * row_stride;
        const float *from = panels + 16 * (run * rows + k);
        for (ptrdiff_t j = 0; j < width; j++) to[j * column_stride] = from[j];
      }
  }
}

/// Channels c..<c + 8 of a depthwise convolution's window.
INLINE f8 depthwise_sum(const float *const *runs, ptrdiff_t count, const float *filters, ptrdiff_t channels,
                        ptrdiff_t c, f8 sum) {
  for (ptrdiff_t r = 0; r < count; r++) sum = load(runs[r] + c) * load(filters + r * channels + c) + sum;
  return sum;
}

static void convolve_depthwise(const struct convolution_geometry *g, const float *input, ptrdiff_t first,
                               ptrdiff_t count, const float *filters, ptrdiff_t channels, float *output,
                               const struct convolution_finish *finish, const float *zeros) {
  ptrdiff_t run_count = (ptrdiff_t)g->kernel_height * g->kernel_width;
  const float *runs[run_count > 0 ? run_count : 1];
  struct window_walk walk = walk_from(g, input, zeros, first);
  for (ptrdiff_t w = 0; w < count; w++, move_on(&walk)) {
    next_runs(&walk, w > 0 ? runs : NULL, runs);
    ptrdiff_t c = 0, at = walk.image * g->output_image_stride + walk.y * g->output_row_stride +
                          walk.x * g->output_pixel_stride;
    for (; c + 8 <= channels; c += 8) {
      f8 sum = depthwise_sum(runs, run_count, filters, channels, c, finish->bias ? load(finish->bias + c) : splat(0));
      if (finish->addend) sum += load(finish->addend + at + c);
      store(output + at + c, max8(splat(finish->minimum), sum));
    }
    for (; c < channels; c++) {
      float sum = finish->bias ? finish->bias[c] : 0;
      for (ptrdiff_t r = 0; r < run_count; r++) sum += runs[r][c] * filters[r * channels + c];
      if (finish->addend) sum += finish->addend[at + c];
      output[at + c] = sum < finish->minimum ? finish->minimum : sum;
    }
  }
}

static void depthwise_filter_gradient(const struct convolution_geometry *g, const float *input, ptrdiff_t first,
                                      ptrdiff_t count, const float *gradient, ptrdiff_t channels, float *sums,
                                      const float *zeros) {
  ptrdiff_t run_count = (ptrdiff_t)g->kernel_height * g->kernel_width;
  const float *runs[run_count];
  struct window_walk walk = walk_from(g, input, zeros, first);
  for (ptrdiff_t w = 0; w < count; w++, move_on(&walk), gradient += channels) {
    next_runs(&walk, w > 0 ? runs : NULL, runs);
    for (ptrdiff_t r = 0; r < run_count; r++) {
      float *own = sums + r * channels;
      ptrdiff_t c = 0;
      for (; c + 8 <= channels; c += 8) store(own + c, load(runs[r] + c) * load(gradient + c) + load(own + c));
      for (; c < channels; c++) own[c] += runs[r][c] * gradient[c];
    }
  }
}
