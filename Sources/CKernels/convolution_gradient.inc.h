// The gradient of a convolution's filters: what a window saw times its gradient, summed over windows.

/// Sums of ROWS floats of a run × 8·VECTORS filters over some windows, added to those that there are: one chain of additions
/// over all windows would lose digits.
#define FILTER_GRADIENT_TILE(ROWS, VECTORS)                                                                         \
  static void filter_gradient_tile_##ROWS##_##VECTORS(const float *const *windows, ptrdiff_t count, ptrdiff_t first, \
                                                      const float *panel, float *sums) {                            \
    f8 s[ROWS][VECTORS];                                                                                            \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) s[i][v] = splat(0);                    \
    for (ptrdiff_t w = 0; w < count; w++, panel += 16) {                                                            \
      const float *a = windows[w] + first;                                                                          \
      f8 b[VECTORS];                                                                                                \
      _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) b[v] = load(panel + 8 * v);              \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                           \
        f8 x = splat(a[i]);                                                                                         \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) s[i][v] = x * b[v] + s[i][v];          \
      }                                                                                                             \
    }                                                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++)                                        \
            store(sums + 16 * i + 8 * v, load(sums + 16 * i + 8 * v) + s[i][v]);                                    \
  }
FOR_ROWS(FILTER_GRADIENT_TILE, 1)
#if KERNEL_VECTOR_FLOATS == 16
/// The same for PANELS whole panels with vectors of 16: those of the gradient lie panel_stride floats apart, the sums
/// sums_stride.
#define WIDE_FILTER_GRADIENT(ROWS, PANELS)                                                                          \
  INLINE void wide_filter_gradient_##ROWS##_##PANELS(const float *const *windows, ptrdiff_t count, ptrdiff_t first, \
                                                     const float *panel, ptrdiff_t panel_stride, float *sums,       \
                                                     ptrdiff_t sums_stride) {                                       \
    f16 s[ROWS][PANELS];                                                                                            \
    const float *last = panel + (PANELS - 1) * panel_stride;                                                        \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++)                                         \
            s[i][p] = splat16(0);                                                                                   \
    for (ptrdiff_t w = 0; w < count; w++, panel += 16, last += 16) {                                                \
      const float *a = windows[w] + first;                                                                          \
      f16 b[PANELS];                                                                                                \
      b[0] = load16(panel);                                                                                         \
      b[PANELS - 1] = load16(last);                                                                                 \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                           \
        f16 x = splat16(a[i]);                                                                                      \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++) s[i][p] = x * b[p] + s[i][p];           \
      }                                                                                                             \
    }                                                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                               \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++)                                         \
            *(f16_unaligned *)(sums + 16 * i + p * sums_stride) = load16(sums + 16 * i + p * sums_stride) + s[i][p]; \
  }
#define WIDE_FILTER_GRADIENT_TILES(ROWS)                                                                            \
  WIDE_FILTER_GRADIENT(ROWS, 1)                                                                                     \
  WIDE_FILTER_GRADIENT(ROWS, 2)                                                                                     \
  static void filter_gradient_tile_##ROWS##_2(const float *const *windows, ptrdiff_t count, ptrdiff_t first,        \
                                              const float *panel, float *sums) {                                    \
    wide_filter_gradient_##ROWS##_1(windows, count, first, panel, 0, sums, 0);                                      \
  }                                                                                                                 \
  static void filter_gradient_pair_tile_##ROWS(const float *const *windows, ptrdiff_t count, ptrdiff_t first,       \
                                               const float *panel, ptrdiff_t panel_stride, float *sums,             \
                                               ptrdiff_t sums_stride) {                                             \
    wide_filter_gradient_##ROWS##_2(windows, count, first, panel, panel_stride, sums, sums_stride);                 \
  }
WIDE_FILTER_GRADIENT_TILES(1) WIDE_FILTER_GRADIENT_TILES(2) WIDE_FILTER_GRADIENT_TILES(3)
WIDE_FILTER_GRADIENT_TILES(4) WIDE_FILTER_GRADIENT_TILES(5) WIDE_FILTER_GRADIENT_TILES(6)
typedef void filter_gradient_pair_tile_function(const float *const *, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t,
                                                float *, ptrdiff_t);
static filter_gradient_pair_tile_function *const filter_gradient_pair_tiles[6] = {
    filter_gradient_pair_tile_1, filter_gradient_pair_tile_2, filter_gradient_pair_tile_3,
    filter_gradient_pair_tile_4, filter_gradient_pair_tile_5, filter_gradient_pair_tile_6};
#else
FOR_ROWS(FILTER_GRADIENT_TILE, 2)
#endif

typedef void filter_gradient_tile_function(const float *const *, ptrdiff_t, ptrdiff_t, const float *, float *);
static filter_gradient_tile_function *const filter_gradient_tiles[2][6] = {
    {filter_gradient_tile_1_1, filter_gradient_tile_2_1, filter_gradient_tile_3_1, filter_gradient_tile_4_1,
     filter_gradient_tile_5_1, filter_gradient_tile_6_1},
    {filter_gradient_tile_1_2, filter_gradient_tile_2_2, filter_gradient_tile_3_2, filter_gradient_tile_4_2,
     filter_gradient_tile_5_2, filter_gradient_tile_6_2},
};

static void convolution_filter_gradient(const struct convolution_geometry *g, const float *input, ptrdiff_t first,
                                        ptrdiff_t count, const float *gradient, ptrdiff_t gradient_stride, ptrdiff_t n,
                                        float *sums, const float *zeros) {
  if (is_of_planes(g, n, 8)) return plane_filter_gradient(g, input, first, count, gradient, gradient_stride, n, sums);
  ptrdiff_t runs = (ptrdiff_t)g->kernel_height * g->kernel_width, length = g->run_length;
  const float *windows[count * runs], *own[2 * runs];
  float panel[2 * 16 * KERNEL_WINDOW_BLOCK];
  struct window_walk walk = walk_from(g, input, zeros, first);
  for (ptrdiff_t w = 0; w < count; w++, move_on(&walk)) {
    const float **now = own + w % 2 * runs;
    next_runs(&walk, w > 0 ? own + (w + 1) % 2 * runs : NULL, now);
    for (ptrdiff_t r = 0; r < runs; r++) windows[r * count + w] = now[r];
  }
  for (ptrdiff_t p = 0, together; 16 * p < n; p += together) {
    together = panels_together(p, p + 2, n - 16 * p);
    ptrdiff_t width = n - 16 * p < 16 * together ? n - 16 * p : 16 * together;
    gather_panels(gradient + 16 * p, gradient_stride, NULL, count, width, panel);
    for (ptrdiff_t run = 0; run < runs; run++) {
      for (ptrdiff_t k = 0, height; k < length; k += height) {
        height = kernel_next_block(length - k);
#if KERNEL_VECTOR_FLOATS == 16
        if (together == 2) {
          filter_gradient_pair_tiles[height - 1](windows + run * count, count, k, panel, 16 * count,
                                                 sums + 16 * ((p * runs + run) * length + k), 16 * runs * length);
          continue;
        }
#endif
        filter_gradient_tiles[width > 8][height - 1](windows + run * count, count, k, panel,
                                                     sums + 16 * ((p * runs + run) * length + k));
      }
    }
  }
}
