// The packed matrix product. The right operand is packed once into panels of 16 columns; a micro-kernel keeps up to
// 6 × 16 sums in registers. Each element of the result is one chain of multiply-adds in the order of k, whatever the
// rows around it are, so that results do not depend on how rows are cut into blocks or shared among threads.

static void pack_panels(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, ptrdiff_t k, ptrdiff_t n,
                        float *panels) {
  for (ptrdiff_t first = 0; first < n; first += 16, panels += 16 * k) {
    ptrdiff_t width = n - first < 16 ? n - first : 16;
    const float *source = b + first * column_stride;
    if (width == 16 && column_stride == 1) {
      for (ptrdiff_t i = 0; i < k; i++) memcpy(panels + 16 * i, source + i * row_stride, 16 * sizeof(float));
    } else if (row_stride == 1) {
      // Columns are contiguous: read along them, eight rows of the panel at a time.
      if (width < 16) memset(panels, 0, (size_t)(16 * k) * sizeof(float));
      for (ptrdiff_t i = 0; i < k; i += 8) {
        ptrdiff_t height = k - i < 8 ? k - i : 8;
        for (ptrdiff_t j = 0; j < width; j++)
          for (ptrdiff_t r = 0; r < height; r++) panels[16 * (i + r) + j] = source[j * column_stride + i + r];
      }
    } else {
      for (ptrdiff_t i = 0; i < k; i++) {
        for (ptrdiff_t j = 0; j < width; j++) panels[16 * i + j] = source[i * row_stride + j * column_stride];
        for (ptrdiff_t j = width; j < 16; j++) panels[16 * i + j] = 0;
      }
    }
  }
}

/// Keeps the compiler from computing one pointer from another in each round, a chain of additions as long as the
/// multiply-adds take.
#define HIDE_ORIGIN(pointer) __asm__("" : "+r"(pointer))

/// Sums of ROWS × 8·VECTORS in registers: A's element (i, k) is a[i·a_row + k·a_depth].
#define MICRO_KERNEL(ROWS, VECTORS)                                                                               \
  INLINE void micro_##ROWS##_##VECTORS(const float *a, ptrdiff_t a_row, ptrdiff_t a_depth, const float *panel,    \
                                       ptrdiff_t depth, f8 sums[ROWS][VECTORS]) {                                 \
    f8 s[ROWS][VECTORS];                                                                                          \
    const float *upper = a + 3 * a_row;                                                                           \
    HIDE_ORIGIN(upper);                                                                                           \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) s[i][v] = sums[i][v];                \
    for (ptrdiff_t k = 0; k < depth; k++, panel += 16, a += a_depth, upper += a_depth) {                          \
      f8 b[VECTORS];                                                                                              \
      _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) b[v] = load(panel + 8 * v);            \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                         \
        f8 x = splat(i < 3 ? a[i * a_row] : upper[(i - 3) * a_row]);                                              \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) s[i][v] = x * b[v] + s[i][v];        \
      }                                                                                                           \
    }                                                                                                             \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) sums[i][v] = s[i][v];                \
  }

/// A whole tile: loads or sets the sums, runs the micro-kernel, stores `width` columns.
#define TILE(ROWS, VECTORS)                                                                                       \
  static void tile_##ROWS##_##VECTORS(const float *a, ptrdiff_t a_row, ptrdiff_t a_depth, const float *panel,     \
                                      ptrdiff_t depth, float *c, ptrdiff_t c_stride, ptrdiff_t width,             \
                                      enum product_start start, const float *bias) {                              \
    f8 sums[ROWS][VECTORS];                                                                                       \
    const bool whole = width == 8 * VECTORS;                                                                      \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) {                                    \
      const float *from = start == product_start_accumulate ? c + i * c_stride : bias;                            \
      if (start == product_start_zero) {                                                                          \
        sums[i][v] = splat(0);                                                                                    \
      } else if (whole || width >= 8 * (v + 1)) {                                                                 \
        sums[i][v] = load(from + 8 * v);                                                                          \
      } else {                                                                                                    \
        sums[i][v] = load_some(from + 8 * v, width - 8 * v);                                                      \
      }                                                                                                           \
    }                                                                                                             \
    micro_##ROWS##_##VECTORS(a, a_row, a_depth, panel, depth, sums);                                              \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) {                                    \
      if (whole || width >= 8 * (v + 1)) {                                                                        \
        store(c + i * c_stride + 8 * v, sums[i][v]);                                                              \
      } else {                                                                                                    \
        store_some(c + i * c_stride + 8 * v, sums[i][v], width - 8 * v);                                          \
      }                                                                                                           \
    }                                                                                                             \
  }

#if KERNEL_VECTOR_FLOATS == 16
/// With vectors of 16 floats a panel is one of them: half the instructions of two vectors of 8, and the same sums.
#define WIDE_VECTOR_TILE(ROWS)                                                                                    \
  static void tile_##ROWS##_2(const float *a, ptrdiff_t a_row, ptrdiff_t a_depth, const float *panel,             \
                              ptrdiff_t depth, float *c, ptrdiff_t c_stride, ptrdiff_t width,                     \
                              enum product_start start, const float *bias) {                                      \
    f16 s[ROWS];                                                                                                  \
    const float *upper = a + 3 * a_row;                                                                           \
    HIDE_ORIGIN(upper);                                                                                           \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                           \
      const float *from = start == product_start_accumulate ? c + i * c_stride : bias;                            \
      s[i] = start == product_start_zero ? splat16(0) : load16_up_to(from, width);                                \
    }                                                                                                             \
    for (ptrdiff_t k = 0; k < depth; k++, panel += 16, a += a_depth, upper += a_depth) {                          \
      f16 b = load16(panel);                                                                                      \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                           \
          s[i] = splat16(i < 3 ? a[i * a_row] : upper[(i - 3) * a_row]) * b + s[i];                               \
    }                                                                                                             \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        store16_up_to(c + i * c_stride, s[i], width);                                                             \
  }

/// The same for two whole panels, panel_stride floats apart: six sums would wait for themselves, twelve do not, and each
/// element of A is read for both.
#define PAIR_TILE(ROWS)                                                                                           \
  static void pair_tile_##ROWS(const float *a, ptrdiff_t a_row, ptrdiff_t a_depth, const float *panel,            \
                               ptrdiff_t panel_stride, ptrdiff_t depth, float *c, ptrdiff_t c_stride,             \
                               enum product_start start, const float *bias) {                                     \
    f16 s[ROWS][2];                                                                                               \
    const float *upper = a + 3 * a_row, *second = panel + panel_stride;                                           \
    HIDE_ORIGIN(upper);                                                                                           \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 2; v++) {                                          \
      const float *from = start == product_start_accumulate ? c + i * c_stride : bias;                            \
      s[i][v] = start == product_start_zero ? splat16(0) : load16(from + 16 * v);                                 \
    }                                                                                                             \
    for (ptrdiff_t k = 0; k < depth; k++, panel += 16, second += 16, a += a_depth, upper += a_depth) {            \
      f16 b[2] = {load16(panel), load16(second)};                                                                 \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                         \
        f16 x = splat16(i < 3 ? a[i * a_row] : upper[(i - 3) * a_row]);                                           \
        s[i][0] = x * b[0] + s[i][0];                                                                             \
        s[i][1] = x * b[1] + s[i][1];                                                                             \
      }                                                                                                           \
    }                                                                                                             \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 2; v++)                                            \
            *(f16_unaligned *)(c + i * c_stride + 16 * v) = s[i][v];                                              \
  }
#endif

/// Panels from p on that are computed together where `left` columns are left: whole ones only.
INLINE ptrdiff_t panels_together(ptrdiff_t p, ptrdiff_t end_panel, ptrdiff_t left) {
  return KERNEL_VECTOR_FLOATS == 16 && p + 2 <= end_panel && left >= 32 ? 2 : 1;
}

#define FOR_ROWS(MACRO, VECTORS) \
  MACRO(1, VECTORS) MACRO(2, VECTORS) MACRO(3, VECTORS) MACRO(4, VECTORS) MACRO(5, VECTORS) MACRO(6, VECTORS)
FOR_ROWS(MICRO_KERNEL, 1)
FOR_ROWS(TILE, 1)
#if KERNEL_VECTOR_FLOATS == 16
WIDE_VECTOR_TILE(1) WIDE_VECTOR_TILE(2) WIDE_VECTOR_TILE(3)
WIDE_VECTOR_TILE(4) WIDE_VECTOR_TILE(5) WIDE_VECTOR_TILE(6)
PAIR_TILE(1) PAIR_TILE(2) PAIR_TILE(3) PAIR_TILE(4) PAIR_TILE(5) PAIR_TILE(6)
typedef void pair_tile_function(const float *, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, ptrdiff_t, float *,
                                ptrdiff_t, enum product_start, const float *);
static pair_tile_function *const pair_tiles[6] = {pair_tile_1, pair_tile_2, pair_tile_3,
                                                  pair_tile_4, pair_tile_5, pair_tile_6};
#else
FOR_ROWS(MICRO_KERNEL, 2)
FOR_ROWS(TILE, 2)
#endif

typedef void tile_function(const float *, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, float *, ptrdiff_t,
                           ptrdiff_t, enum product_start, const float *);
static tile_function *const tiles[2][6] = {
    {tile_1_1, tile_2_1, tile_3_1, tile_4_1, tile_5_1, tile_6_1},
    {tile_1_2, tile_2_2, tile_3_2, tile_4_2, tile_5_2, tile_6_2},
};

/// A tile of one panel, or of two whole ones panel_stride floats apart.
INLINE void run_tile(ptrdiff_t together, const float *a, ptrdiff_t a_row, ptrdiff_t a_depth, ptrdiff_t rows,
                     const float *panel, ptrdiff_t panel_stride, ptrdiff_t depth, float *c, ptrdiff_t c_stride,
                     ptrdiff_t width, enum product_start start, const float *bias) {
#if KERNEL_VECTOR_FLOATS == 16
  if (together == 2) return pair_tiles[rows - 1](a, a_row, a_depth, panel, panel_stride, depth, c, c_stride, start, bias);
#endif
  tiles[width > 8][rows - 1](a, a_row, a_depth, panel, depth, c, c_stride, width < 16 ? width : 16, start, bias);
}

/// Few rows leave most sums of a tile unused, and a sum that waits for itself takes four cycles a step: several panels at
/// once keep the multipliers busy. PANELS panels lie panel_stride floats apart.
#define WIDE_TILE(ROWS, PANELS)                                                                                   \
  static void wide_tile_##ROWS(const float *a, ptrdiff_t a_row, const float *panel, ptrdiff_t panel_stride,       \
                               ptrdiff_t depth, float *c, ptrdiff_t c_stride, enum product_start start,           \
                               const float *bias) {                                                               \
    enum { SHARE = sizeof(widest) / sizeof(float), SHARES = 16 / SHARE, VECTORS = SHARES * PANELS };              \
    widest s[ROWS][VECTORS];                                                                                      \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++) {                                    \
      const float *from = start == product_start_accumulate ? c + i * c_stride : bias;                            \
      s[i][v] = start == product_start_zero ? (widest)(0.0f) : *(const widest_unaligned *)(from + SHARE * v);     \
    }                                                                                                             \
    for (ptrdiff_t k = 0; k < depth; k++, panel += 16) {                                                          \
      widest x[ROWS];                                                                                             \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) x[i] = (widest)(a[i * a_row + k]);        \
      _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++)                                         \
          _Pragma("clang loop unroll(full)") for (int share = 0; share < SHARES; share++) {                       \
        widest b = *(const widest_unaligned *)(panel + p * panel_stride + SHARE * share);                         \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                         \
            s[i][SHARES * p + share] = x[i] * b + s[i][SHARES * p + share];                                       \
      }                                                                                                           \
    }                                                                                                             \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                             \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < VECTORS; v++)                                      \
            *(widest_unaligned *)(c + i * c_stride + SHARE * v) = s[i][v];                                        \
  }
WIDE_TILE(1, 4)
WIDE_TILE(2, 2)
WIDE_TILE(3, 2)

#define WIDE_TILE_ROWS 3
typedef void wide_tile_function(const float *, ptrdiff_t, const float *, ptrdiff_t, ptrdiff_t, float *, ptrdiff_t,
                                enum product_start, const float *);
static wide_tile_function *const wide_tiles[WIDE_TILE_ROWS] = {wide_tile_1, wide_tile_2, wide_tile_3};
static const ptrdiff_t wide_tile_panels[WIDE_TILE_ROWS] = {4, 2, 2};

/// C = start + A·B for at most WIDE_TILE_ROWS consecutive rows.
static void multiply_few_rows(ptrdiff_t rows, ptrdiff_t k, const float *a, ptrdiff_t a_stride, const float *panels,
                              ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel, float *c, ptrdiff_t c_stride,
                              enum product_start start, const float *bias) {
  ptrdiff_t wide = wide_tile_panels[rows - 1], p = first_panel;
  for (; p + wide <= end_panel && 16 * (p + wide) <= n; p += wide)
    wide_tiles[rows - 1](a, a_stride, panels + 16 * p * k, 16 * k, k, c + 16 * p, c_stride, start,
                         bias ? bias + 16 * p : NULL);
  for (; p < end_panel; p++) {
    ptrdiff_t width = n - 16 * p < 16 ? n - 16 * p : 16;
    tiles[width > 8][rows - 1](a, a_stride, 1, panels + 16 * p * k, k, c + 16 * p, c_stride, width, start,
                               bias ? bias + 16 * p : NULL);
  }
}

static void multiply_panels(const struct row_block *blocks, ptrdiff_t block_count, ptrdiff_t k, const float *a,
                            ptrdiff_t a_stride, const float *panels, ptrdiff_t n, ptrdiff_t first_panel,
                            ptrdiff_t end_panel, float *c, ptrdiff_t c_stride, enum product_start start,
                            const float *bias) {
  if (block_count == 1 && blocks[0].count <= WIDE_TILE_ROWS) {
    ptrdiff_t row = blocks[0].first;
    multiply_few_rows(blocks[0].count, k, a + row * a_stride, a_stride, panels, n, first_panel, end_panel,
                      c + row * c_stride, c_stride, start, bias);
    return;
  }
  ptrdiff_t depth_first = 0;
  do {
    ptrdiff_t depth = k - depth_first;
    if (depth > KERNEL_DEPTH_BLOCK) depth = depth < 2 * KERNEL_DEPTH_BLOCK ? (depth + 1) / 2 : KERNEL_DEPTH_BLOCK;
    for (ptrdiff_t p = first_panel, together; p < end_panel; p += together) {
      together = panels_together(p, end_panel, n - 16 * p);
      const float *panel = panels + 16 * (p * k + depth_first);
      const float *panel_bias = bias ? bias + 16 * p : NULL;
      for (ptrdiff_t i = 0; i < block_count; i++) {
        ptrdiff_t row = blocks[i].first;
        run_tile(together, a + row * a_stride + depth_first, a_stride, 1, blocks[i].count, panel, 16 * k, depth,
                 c + row * c_stride + 16 * p, c_stride, n - 16 * p, start, panel_bias);
      }
    }
    depth_first += depth;
    start = product_start_accumulate;
  } while (depth_first < k);
}

static void gather_panels(const float *b, ptrdiff_t stride, const int32_t *rows, ptrdiff_t count, ptrdiff_t n,
                          float *panels) {
  ptrdiff_t whole = n / 16, left = n % 16;
  for (ptrdiff_t i = 0; i < count; i++) {
    ptrdiff_t row = rows ? rows[i] : i;
    float *to = panels + 16 * i;
    if (row < 0) {
      for (ptrdiff_t p = 0; 16 * p < n; p++) memset(to + 16 * count * p, 0, 16 * sizeof(float));
      continue;
    }
    const float *from = b + row * stride;
    for (ptrdiff_t p = 0; p < whole; p++) memcpy(to + 16 * count * p, from + 16 * p, 16 * sizeof(float));
    if (left) {
      float *last = to + 16 * count * whole;
      for (ptrdiff_t j = 0; j < 16; j++) last[j] = j < left ? from[16 * whole + j] : 0;
    }
  }
}

/// Floats between two packed blocks of 6 columns: a cache line more than they take, since blocks at a distance of a
/// power of two would share cache sets.
#define TRANSPOSED_BLOCK (KERNEL_ROW_BLOCK * KERNEL_DEPTH_BLOCK + 16)

/// Columns of A (rows × m) in blocks of 6, row by row. The sums of the columns grow.
static void pack_transposed(const float *a, ptrdiff_t stride, ptrdiff_t m, ptrdiff_t rows, float *packed,
                            float *column_sums) {
  ptrdiff_t whole = m / 6, left = m % 6;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *from = a + i * stride;
    float *to = packed + 6 * i;
    for (ptrdiff_t b = 0; b < whole; b++) memcpy(to + TRANSPOSED_BLOCK * b, from + 6 * b, 6 * sizeof(float));
    for (ptrdiff_t j = 0; j < left; j++) to[TRANSPOSED_BLOCK * whole + j] = from[6 * whole + j];
    if (column_sums) add(column_sums, from, column_sums, m);
  }
}

static void multiply_transposed(const float *a, ptrdiff_t a_stride, ptrdiff_t m, const float *panels,
                                ptrdiff_t panel_count, ptrdiff_t first_panel, ptrdiff_t end_panel, ptrdiff_t rows,
                                float *c, ptrdiff_t c_stride, float *column_sums, float *scratch) {
  for (ptrdiff_t first = 0; first < rows; first += KERNEL_DEPTH_BLOCK) {
    ptrdiff_t depth = rows - first < KERNEL_DEPTH_BLOCK ? rows - first : KERNEL_DEPTH_BLOCK;
    pack_transposed(a + first * a_stride, a_stride, m, depth, scratch, column_sums);
    for (ptrdiff_t p = first_panel, together; p < end_panel; p += together) {
      together = panels_together(p, end_panel, 32);
      const float *panel = panels + 16 * (first * panel_count + depth * p);
      for (ptrdiff_t i = 0; i < m; i += 6) {
        ptrdiff_t height = m - i < 6 ? m - i : 6;
        run_tile(together, scratch + i / 6 * TRANSPOSED_BLOCK, 1, 6, height, panel, 16 * depth, depth,
                 c + i * c_stride + 16 * (p - first_panel), c_stride, 16, product_start_accumulate, NULL);
      }
    }
  }
}

/// ROWS rows of A by COLUMNS rows of B: vectors along the inner dimension, so that B is read as it lies.
#define DOT_TILE(ROWS, COLUMNS)                                                                                     \
  static void dot_tile_##ROWS##_##COLUMNS(const float *a, ptrdiff_t a_stride, const float *b, ptrdiff_t b_stride,   \
                                          ptrdiff_t k, const float *bias, float *c, ptrdiff_t c_stride) {           \
    f8 s[ROWS][COLUMNS] = {};                                                                                       \
    for (ptrdiff_t i = 0; i < k; i += 8) {                                                                          \
      f8 y[COLUMNS];                                                                                                \
      bool whole = i + 8 <= k;                                                                                      \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < COLUMNS; j++)                                          \
          y[j] = whole ? load(b + j * b_stride + i) : load_some(b + j * b_stride + i, k - i);                       \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) {                                           \
        f8 x = whole ? load(a + r * a_stride + i) : load_some(a + r * a_stride + i, k - i);                         \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < COLUMNS; j++) s[r][j] = x * y[j] + s[r][j];          \
      }                                                                                                             \
    }                                                                                                               \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++)                                               \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < COLUMNS; j++)                                        \
            c[r * c_stride + j] = sum_lanes(s[r][j]) + (bias ? bias[j] : 0);                                        \
  }
DOT_TILE(1, 1) DOT_TILE(2, 1) DOT_TILE(3, 1) DOT_TILE(4, 1)
DOT_TILE(1, 2) DOT_TILE(2, 2) DOT_TILE(3, 2) DOT_TILE(4, 2)
DOT_TILE(1, 4) DOT_TILE(2, 4)

static void multiply_by_rows(const float *a, ptrdiff_t a_stride, ptrdiff_t m, const float *b, ptrdiff_t b_stride,
                             ptrdiff_t n, ptrdiff_t k, const float *bias, float *c, ptrdiff_t c_stride) {
  typedef void dot_tile(const float *, ptrdiff_t, const float *, ptrdiff_t, ptrdiff_t, const float *, float *,
                        ptrdiff_t);
  static dot_tile *const dot_tiles[2][4] = {{dot_tile_1_1, dot_tile_2_1, dot_tile_3_1, dot_tile_4_1},
                                            {dot_tile_1_2, dot_tile_2_2, dot_tile_3_2, dot_tile_4_2}};
  ptrdiff_t j = 0;
  if (m <= 2) {
    // Little to compute: more rows of B at once keep more of them on the way from memory.
    for (; j + 4 <= n; j += 4)
      (m == 1 ? dot_tile_1_4 : dot_tile_2_4)(a, a_stride, b + j * b_stride, b_stride, k, bias ? bias + j : NULL, c + j,
                                             c_stride);
  }
  for (; j < n; j += 2) {
    ptrdiff_t columns = n - j < 2 ? 1 : 2;
    for (ptrdiff_t i = 0; i < m; i += 4)
      dot_tiles[columns - 1][(m - i < 4 ? m - i : 4) - 1](a + i * a_stride, a_stride, b + j * b_stride, b_stride, k,
                                                          bias ? bias + j : NULL, c + i * c_stride + j, c_stride);
  }
}
