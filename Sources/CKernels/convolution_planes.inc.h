// Convolution of images of one channel by up to 8 filters, such as LeNet's first layer. A vector over filters would be
// mostly empty and its runs short; here vectors lie along the rows of the images, and an element of a filter is what all
// lanes share.

#define PLANE_FILTERS 8

/// Whether a convolution is one of these: a window's row is one run within the image's row, no steps between windows.
INLINE bool is_of_planes(const struct convolution_geometry *g, ptrdiff_t n, ptrdiff_t least_width) {
  return g->pixel_stride == 1 && g->kernel_width == 1 && g->stride_width == 1 && g->padding_left == 0 &&
         n <= PLANE_FILTERS && g->output_width >= least_width &&
         g->output_width - 1 + (ptrdiff_t)g->run_length <= g->width;
}

/// Row i of a vector of columns: element i of each.
INLINE void transpose8(f8 v[8]) {
  f8 a[8], b[8];
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
    a[2 * i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    a[2 * i + 1] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i += 4) {
    b[i] = __builtin_shufflevector(a[i], a[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    b[i + 2] = __builtin_shufflevector(a[i + 1], a[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    b[i + 3] = __builtin_shufflevector(a[i + 1], a[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
    v[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    v[i + 4] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// 16 neighbouring windows under some filters: sums[c][0] and sums[c][1].
#define PLANE_TILE(FILTERS)                                                                                        \
  INLINE void plane_tile_##FILTERS(const struct convolution_geometry *g, const float *image, ptrdiff_t y,          \
                                   const float *panel, const float *bias, f8 (*sums)[2]) {                         \
    f8 s[FILTERS][2];                                                                                              \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < FILTERS; c++) s[c][0] = s[c][1] =                       \
        splat(bias ? bias[c] : 0);                                                                                 \
    for (ptrdiff_t i = 0; i < g->kernel_height; i++) {                                                             \
      ptrdiff_t row = y * g->stride_height - g->padding_top + i * g->dilation_height;                              \
      if (row < 0 || row >= g->height) continue;                                                                   \
      const float *x = image + row * g->row_stride, *w = panel + 16 * i * g->run_length;                           \
      for (ptrdiff_t j = 0; j < g->run_length; j++, w += 16) {                                                     \
        f8 x0 = load(x + j), x1 = load(x + j + 8);                                                                 \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < FILTERS; c++) {                                     \
          f8 b = splat(w[c]);                                                                                      \
          s[c][0] = x0 * b + s[c][0];                                                                              \
          s[c][1] = x1 * b + s[c][1];                                                                              \
        }                                                                                                          \
      }                                                                                                            \
    }                                                                                                              \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < FILTERS; c++) {                                         \
      sums[c][0] = s[c][0];                                                                                        \
      sums[c][1] = s[c][1];                                                                                        \
    }                                                                                                              \
  }
PLANE_TILE(1) PLANE_TILE(2) PLANE_TILE(3) PLANE_TILE(4) PLANE_TILE(5) PLANE_TILE(6)

/// As many filters at once as the registers hold.
INLINE void plane_sums(const struct convolution_geometry *g, const float *image, ptrdiff_t y, const float *panel,
                       const float *bias, ptrdiff_t n, f8 (*sums)[2]) {
  for (ptrdiff_t c = 0, some; c < n; c += some) {
    some = n - c <= 6 ? n - c : 4;
    const float *own = bias ? bias + c : NULL;
    switch (some) {
      case 1: plane_tile_1(g, image, y, panel + c, own, sums + c); break;
      case 2: plane_tile_2(g, image, y, panel + c, own, sums + c); break;
      case 3: plane_tile_3(g, image, y, panel + c, own, sums + c); break;
      case 4: plane_tile_4(g, image, y, panel + c, own, sums + c); break;
      case 5: plane_tile_5(g, image, y, panel + c, own, sums + c); break;
      default: plane_tile_6(g, image, y, panel + c, own, sums + c);
    }
  }
}

/// Windows first..<first + count, as `convolve` does it, for one panel without an addend.
static void convolve_planes(const struct convolution_geometry *g, const float *input, ptrdiff_t first, ptrdiff_t count,
                            const float *panel, ptrdiff_t n, float *output, const struct convolution_finish *finish) {
  const f8 minimum = splat(finish->minimum);
  ptrdiff_t area = (ptrdiff_t)g->output_height * g->output_width;
  for (ptrdiff_t window = first, end = first + count, length; window < end; window += length) {
    ptrdiff_t image = window / area, y = window % area / g->output_width, x = window % g->output_width;
    length = g->output_width - x < end - window ? g->output_width - x : end - window;
    float *to = output + image * g->output_image_stride + y * g->output_row_stride;
    for (ptrdiff_t done = 0; done < length; done += 16) {
      // The last vectors lie within the row; what they share with those before is not stored again.
      ptrdiff_t start = x + done <= g->output_width - 16 ? x + done : g->output_width - 16;
      ptrdiff_t from = x + done - start, until = x + length - start < 16 ? x + length - start : 16;
      f8 sums[PLANE_FILTERS][2] = {};
      plane_sums(g, input + image * g->image_stride + start, y, panel, finish->bias, n, sums);
      for (int half = 0; half < 2; half++) {
        f8 pixels[8];
        _Pragma("clang loop unroll(full)") for (int c = 0; c < 8; c++) pixels[c] = max8(minimum, sums[c][half]);
        transpose8(pixels);
        for (ptrdiff_t p = 8 * half < from ? from : 8 * half; p < until && p < 8 * half + 8; p++) {
          float *at = to + (start + p) * g->output_pixel_stride;
          // What is too much lies where the next pixel is stored afterwards.
          if (g->output_pixel_stride == n && (until - p) * n >= 8) {
            store(at, pixels[p - 8 * half]);
          } else {
            store_some(at, pixels[p - 8 * half], n);
          }
        }
      }
    }
  }
}

/// 8 neighbouring windows of a row.
struct plane_chunk {
  const float *image;  ///< where the first of them begins in row 0
  ptrdiff_t row;       ///< that their first row is
};

/// Adds the sums over windows of COLUMNS elements of a filter's row times FILTERS gradients.
#define PLANE_GRADIENT(COLUMNS, FILTERS)                                                                           \
  INLINE void plane_gradient_##COLUMNS##_##FILTERS(const struct convolution_geometry *g,                           \
                                                   const struct plane_chunk *chunks, ptrdiff_t count,              \
                                                   const f8 (*gradients)[8], ptrdiff_t i, ptrdiff_t j,             \
                                                   ptrdiff_t c, f8 (*sums)[8]) {                                   \
    f8 s[COLUMNS][FILTERS] = {};                                                                                   \
    for (ptrdiff_t k = 0; k < count; k++) {                                                                        \
      ptrdiff_t row = chunks[k].row + i * g->dilation_height;                                                      \
      if (row < 0 || row >= g->height) continue;                                                                   \
      const float *x = chunks[k].image + row * g->row_stride + j;                                                  \
      f8 columns[COLUMNS];                                                                                         \
      _Pragma("clang loop unroll(full)") for (int v = 0; v < COLUMNS; v++) columns[v] = load(x + v);               \
      _Pragma("clang loop unroll(full)") for (int f = 0; f < FILTERS; f++) {                                       \
        f8 gradient = gradients[k][c + f];                                                                         \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < COLUMNS; v++) s[v][f] =                             \
            columns[v] * gradient + s[v][f];                                                                       \
      }                                                                                                            \
    }                                                                                                              \
    _Pragma("clang loop unroll(full)") for (int v = 0; v < COLUMNS; v++)                                           \
        _Pragma("clang loop unroll(full)") for (int f = 0; f < FILTERS; f++) sums[v][c + f] = s[v][f];             \
  }
PLANE_GRADIENT(1, 6) PLANE_GRADIENT(2, 6) PLANE_GRADIENT(1, 2) PLANE_GRADIENT(2, 2)

/// The gradient of the filters, as `convolution_filter_gradient` sums it.
static void plane_filter_gradient(const struct convolution_geometry *g, const float *input, ptrdiff_t first,
                                  ptrdiff_t count, const float *gradient, ptrdiff_t gradient_stride, ptrdiff_t n,
                                  float *sums) {
  // A row gives a chunk for each 8 windows and one for what is left over; rows have 8 at least.
  struct plane_chunk chunks[KERNEL_WINDOW_BLOCK / 4 + 4];
  f8 gradients[KERNEL_WINDOW_BLOCK / 4 + 4][8];
  ptrdiff_t area = (ptrdiff_t)g->output_height * g->output_width, chunk = 0;
  for (ptrdiff_t window = first, end = first + count, length; window < end; window += length) {
    ptrdiff_t image = window / area, y = window % area / g->output_width, x = window % g->output_width;
    length = g->output_width - x < end - window ? g->output_width - x : end - window;
    for (ptrdiff_t done = 0; done < length; done += 8, chunk++) {
      ptrdiff_t start = x + done <= g->output_width - 8 ? x + done : g->output_width - 8;
      chunks[chunk] = (struct plane_chunk){input + image * g->image_stride + start,
                                           y * g->stride_height - g->padding_top};
      // Windows of other chunks and calls count nothing here.
      const float *own = gradient + (window - first - x + start) * gradient_stride;
      for (ptrdiff_t p = 0; p < 8; p++) {
        bool counts = start + p >= x + done && start + p < x + length;
        gradients[chunk][p] = !counts ? splat(0)
                              : n == 8 ? load(own + p * gradient_stride)
                                       : load_some(own + p * gradient_stride, n);
      }
      transpose8(gradients[chunk]);
    }
  }
  for (ptrdiff_t i = 0; i < g->kernel_height; i++) {
    for (ptrdiff_t j = 0, columns; j < g->run_length; j += columns) {
      columns = g->run_length - j >= 2 ? 2 : 1;
      f8 own[2][8];
      if (columns == 2) {
        plane_gradient_2_6(g, chunks, chunk, (const f8(*)[8])gradients, i, j, 0, own);
        if (n > 6) plane_gradient_2_2(g, chunks, chunk, (const f8(*)[8])gradients, i, j, 6, own);
      } else {
        plane_gradient_1_6(g, chunks, chunk, (const f8(*)[8])gradients, i, j, 0, own);
        if (n > 6) plane_gradient_1_2(g, chunks, chunk, (const f8(*)[8])gradients, i, j, 6, own);
      }
      for (ptrdiff_t v = 0; v < columns; v++) {
        if (n <= 6) own[v][6] = own[v][7] = splat(0);
        transpose8(own[v]);
        f8 sum = ((own[v][0] + own[v][4]) + (own[v][2] + own[v][6])) + ((own[v][1] + own[v][5]) + (own[v][3] + own[v][7]));
        float *to = sums + 16 * (i * g->run_length + j + v);
        store(to, load(to) + sum);
      }
    }
  }
}
