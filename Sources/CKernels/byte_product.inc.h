// The matrix product of bytes. The right operand is rows of signed bytes from -127 to 127, each with a scale; it is packed
// once into panels of 16 columns, in which the four bytes that follow each other in a column lie together. The left
// operand is quantised to 256 steps where it is used. Sums are Int32 and exact, so that every level gives the same ones;
// only the last step, which scales them, is done in Float32.
//
// How a level multiplies four bytes with four:
// - AVX-512 with VNNI has one instruction for it (vpdpbusd), which multiplies unsigned bytes with signed ones and never
//   saturates. There the left operand is stored as 0…255.
// - AVX2's vpmaddubsw adds two products to 16 bits and saturates: 255 · 127 · 2 is too much. With the left operand as
//   -128…127 its magnitude is at most 128, and 128 · 127 · 2 = 32512 fits: so the magnitudes are multiplied with weights
//   that have taken over the signs (vpsignb). All eight bits stay; with seven bits of the left operand one instruction of
//   four would go, and so would half of its precision.
// - AVX-512 without VNNI computes as AVX2, whose vpsignb has no wider form; plain C with 32-bit integers.

#ifdef KERNEL_HAS_VNNI
/// What is added to the steps -128…127 where they are stored.
#define BYTE_ORIGIN 128
/// Most rows of a tile, and its panels where it has several rows and where it has one or two.
#define BYTE_TILE_ROWS 6
#define BYTE_TILE_PANELS 2
#define BYTE_TILE_FEW_PANELS 4
#else
#define BYTE_ORIGIN 0
#define BYTE_TILE_ROWS 4
#define BYTE_TILE_PANELS 1
#define BYTE_TILE_FEW_PANELS 2
#endif
/// Integers that a tile has at most.
#define BYTE_TILE_SUMS (BYTE_TILE_ROWS * BYTE_TILE_PANELS * 16)

static void pack_byte_panels(const int8_t *b, ptrdiff_t stride, ptrdiff_t n, ptrdiff_t k, int8_t *panels,
                             int32_t *sums) {
  const ptrdiff_t quads = (k + 3) / 4;
  memset(panels, 0, (size_t)kernel_byte_panel_size(k, n));
  for (ptrdiff_t j = 0; j < (n + 15) / 16 * 16; j++) {
    sums[j] = 0;
    if (j >= n) continue;
    int8_t *to = panels + j / 16 * 64 * quads + j % 16 * 4;
    for (ptrdiff_t i = 0; i < k; i++) {
      to[i / 4 * 64 + i % 4] = b[j * stride + i];
      sums[j] += b[j * stride + i];
    }
  }
}

/// Steps of a row between its lowest and its highest number, as the level stores them.
struct byte_steps {
  float scale, inverse;
  int32_t zero;
};

/// 256 steps from `lowest` (at most 0) to `highest` (at least 0), of which one is zero itself.
INLINE struct byte_steps steps_between(float lowest, float highest) {
  const float scale = (highest - lowest) / 255;
  // Where all is zero, or so small that the inverse overflows, each number is the step of zero.
  const float inverse = scale > 1e-37f ? 1 / scale : 0;
  float zero = -lowest * inverse;
  zero = zero < 255 ? zero : 255;
  return (struct byte_steps){scale, inverse, (int32_t)(zero + 0.5f) - 128 + BYTE_ORIGIN};
}

/// Eight numbers as steps. A product is rounded before the zero is added, so that no level may join the two, and cut
/// before it becomes an integer; adding 1.5·2²³ rounds to the nearest, ties to even, and leaves it in the low bits.
INLINE i8 steps8(f8 x, const struct byte_steps *steps) {
  const f8 magic = splat(12582912.0f);
  const float lowest = (float)(BYTE_ORIGIN - 128 - steps->zero);
  f8 y = x * splat(steps->inverse);
  y = min8(splat(lowest + 255), max8(splat(lowest), y));
  y += magic;
  return (i8)y - (i8)magic + steps->zero;
}

typedef uint8_t u8x8 __attribute__((ext_vector_type(8)));
typedef u8x8 u8x8_unaligned __attribute__((aligned(1)));

INLINE void store_steps(uint8_t *to, i8 steps) { *(u8x8_unaligned *)to = __builtin_convertvector(steps, u8x8); }

/// n numbers as steps.
INLINE void quantize_run(const float *x, ptrdiff_t n, const struct byte_steps *steps, uint8_t *to) {
  ptrdiff_t i = 0;
#if KERNEL_VECTOR_FLOATS == 16
  const __m512 inverse = _mm512_set1_ps(steps->inverse), lowest = _mm512_set1_ps(BYTE_ORIGIN - 128 - steps->zero);
  const __m512 highest = _mm512_set1_ps(BYTE_ORIGIN + 127 - steps->zero);
  const __m512i zero = _mm512_set1_epi32(steps->zero);
  for (; i + 16 <= n; i += 16) {
    __m512 y = _mm512_mul_ps(_mm512_loadu_ps(x + i), inverse);
    y = _mm512_min_ps(highest, _mm512_max_ps(lowest, y));
    _mm_storeu_si128((__m128i *)(to + i), _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(y), zero)));
  }
#endif
  for (; i + 8 <= n; i += 8) store_steps(to + i, steps8(load(x + i), steps));
  if (i < n) {
    i8 last = steps8(load_some(x + i, n - i), steps);
    for (ptrdiff_t j = i; j < n; j++) to[j] = (uint8_t)last[j - i];
  }
}

static void quantize_rows(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t k, uint8_t *bytes,
                          ptrdiff_t byte_stride, float *scales, int32_t *zeros) {
  for (ptrdiff_t row = 0; row < rows; row++, x += stride, bytes += byte_stride) {
    widest lowest = splat_widest(0), highest = lowest, invalid = lowest;
    for (ptrdiff_t i = 0; i < k; i += WIDEST) {
      widest y = load_widest_up_to(x + i, k - i);
      lowest = y < lowest ? y : lowest;
      highest = max_widest(y, highest);
      // Zero, but for what is infinite or not a number.
      invalid = y * splat_widest(0) + invalid;
    }
    float low = 0, high = 0, fault = 0;
    for (ptrdiff_t i = 0; i < WIDEST; i++) {
      low = lowest[i] < low ? lowest[i] : low;
      high = highest[i] > high ? highest[i] : high;
      fault += invalid[i];
    }
    // The distance of two large numbers may not be one.
    if (!(high - low < INFINITY)) fault = NAN;
    const struct byte_steps steps = fault == 0 ? steps_between(low, high) : steps_between(0, 0);
    scales[row] = steps.scale + fault;
    zeros[row] = steps.zero;
    quantize_run(x, k, &steps, bytes);
    for (ptrdiff_t i = k; i < byte_stride; i++) bytes[i] = (uint8_t)steps.zero;
  }
}

static int32_t quantize_between(float lowest, float highest, const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t k,
                                uint8_t *bytes, ptrdiff_t byte_stride, float *scale) {
  const struct byte_steps steps = steps_between(lowest, highest);
  for (ptrdiff_t row = 0; row < rows; row++, x += stride, bytes += byte_stride) {
    quantize_run(x, k, &steps, bytes);
    for (ptrdiff_t i = k; i < byte_stride; i++) bytes[i] = (uint8_t)steps.zero;
  }
  *scale = steps.scale;
  return steps.zero;
}

/// Four bytes as they lie.
INLINE int32_t load_quad(const uint8_t *p) {
  int32_t quad;
  memcpy(&quad, p, sizeof quad);
  return quad;
}

/// Sums of ROWS rows × PANELS panels over runs of bytes. Row i's run r begins at a + i·a_row + r·a_run; the panels of a
/// matrix lie panel_stride bytes apart and hold the runs one behind the other.
#if defined(KERNEL_HAS_VNNI)
#define BYTE_TILE(ROWS, PANELS)                                                                                    \
  static void byte_tile_##ROWS##_##PANELS(const uint8_t *a, ptrdiff_t a_row, ptrdiff_t runs, ptrdiff_t a_run,      \
                                          ptrdiff_t quads, const int8_t *panel, ptrdiff_t panel_stride,            \
                                          int32_t *sums) {                                                         \
    __m512i s[ROWS][PANELS];                                                                                       \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                              \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++) s[i][p] = _mm512_setzero_si512();      \
    for (ptrdiff_t r = 0; r < runs; r++, a += a_run) {                                                             \
      const uint8_t *lower = a, *upper = a + 3 * a_row;                                                            \
      HIDE_ORIGIN(upper);                                                                                          \
      for (ptrdiff_t q = 0; q < quads; q++, panel += 64, lower += 4, upper += 4) {                                 \
        __m512i b[PANELS];                                                                                         \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++)                                        \
            b[p] = _mm512_loadu_si512(panel + p * panel_stride);                                                   \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                        \
          __m512i x = _mm512_set1_epi32(load_quad(i < 3 ? lower + i * a_row : upper + (i - 3) * a_row));           \
          _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++)                                      \
              s[i][p] = _mm512_dpbusd_epi32(s[i][p], x, b[p]);                                                     \
        }                                                                                                          \
      }                                                                                                            \
    }                                                                                                              \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                              \
        _Pragma("clang loop unroll(full)") for (int p = 0; p < PANELS; p++)                                        \
            _mm512_storeu_si512(sums + 16 * (PANELS * i + p), s[i][p]);                                            \
  }
#elif defined(KERNEL_HAS_MASKS)
#define BYTE_TILE(ROWS, PANELS)                                                                                    \
  static void byte_tile_##ROWS##_##PANELS(const uint8_t *a, ptrdiff_t a_row, ptrdiff_t runs, ptrdiff_t a_run,      \
                                          ptrdiff_t quads, const int8_t *panel, ptrdiff_t panel_stride,            \
                                          int32_t *sums) {                                                         \
    const __m256i ones = _mm256_set1_epi16(1);                                                                     \
    __m256i s[ROWS][2 * PANELS];                                                                                   \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                              \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 2 * PANELS; v++) s[i][v] = _mm256_setzero_si256();  \
    for (ptrdiff_t r = 0; r < runs; r++, a += a_run) {                                                             \
      const uint8_t *lower = a, *upper = a + 3 * a_row;                                                            \
      HIDE_ORIGIN(upper);                                                                                          \
      for (ptrdiff_t q = 0; q < quads; q++, panel += 64, lower += 4, upper += 4) {                                 \
        __m256i b[2 * PANELS];                                                                                     \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 2 * PANELS; v++)                                    \
            b[v] = _mm256_loadu_si256((const __m256i *)(panel + v / 2 * panel_stride + v % 2 * 32));               \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++) {                                        \
          __m256i x = _mm256_set1_epi32(load_quad(i < 3 ? lower + i * a_row : upper + (i - 3) * a_row));           \
          __m256i magnitude = _mm256_abs_epi8(x);                                                                  \
          _Pragma("clang loop unroll(full)") for (int v = 0; v < 2 * PANELS; v++) {                                \
            __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(b[v], x));                            \
            s[i][v] = _mm256_add_epi32(s[i][v], _mm256_madd_epi16(pairs, ones));                                   \
          }                                                                                                        \
        }                                                                                                          \
      }                                                                                                            \
    }                                                                                                              \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; i++)                                              \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 2 * PANELS; v++)                                    \
            _mm256_storeu_si256((__m256i *)(sums + 16 * PANELS * i + 8 * v), s[i][v]);                             \
  }
#else
#define BYTE_TILE(ROWS, PANELS)                                                                                    \
  static void byte_tile_##ROWS##_##PANELS(const uint8_t *a, ptrdiff_t a_row, ptrdiff_t runs, ptrdiff_t a_run,      \
                                          ptrdiff_t quads, const int8_t *panel, ptrdiff_t panel_stride,            \
                                          int32_t *sums) {                                                         \
    for (ptrdiff_t i = 0; i < 16 * ROWS * PANELS; i++) sums[i] = 0;                                                \
    for (ptrdiff_t r = 0; r < runs; r++, a += a_run)                                                               \
      for (ptrdiff_t q = 0; q < quads; q++, panel += 64)                                                           \
        for (ptrdiff_t i = 0; i < ROWS; i++) {                                                                     \
          const int8_t *x = (const int8_t *)a + i * a_row + 4 * q;                                                 \
          for (ptrdiff_t p = 0; p < PANELS; p++) {                                                                 \
            const int8_t *b = panel + p * panel_stride;                                                            \
            int32_t *s = sums + 16 * (PANELS * i + p);                                                             \
            for (ptrdiff_t j = 0; j < 16; j++)                                                                     \
              s[j] += (x[0] * b[4 * j] + x[1] * b[4 * j + 1]) + (x[2] * b[4 * j + 2] + x[3] * b[4 * j + 3]);       \
          }                                                                                                        \
        }                                                                                                          \
  }
#endif

typedef void byte_tile_function(const uint8_t *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, const int8_t *, ptrdiff_t,
                                int32_t *);
BYTE_TILE(1, 1) BYTE_TILE(2, 1) BYTE_TILE(3, 1) BYTE_TILE(4, 1)
#if BYTE_TILE_PANELS == 2
BYTE_TILE(5, 1) BYTE_TILE(6, 1)
BYTE_TILE(1, 4) BYTE_TILE(2, 4) BYTE_TILE(3, 2) BYTE_TILE(4, 2) BYTE_TILE(5, 2) BYTE_TILE(6, 2)
static byte_tile_function *const byte_tiles[2][BYTE_TILE_ROWS] = {
    {byte_tile_1_1, byte_tile_2_1, byte_tile_3_1, byte_tile_4_1, byte_tile_5_1, byte_tile_6_1},
    {byte_tile_1_4, byte_tile_2_4, byte_tile_3_2, byte_tile_4_2, byte_tile_5_2, byte_tile_6_2},
};
#else
BYTE_TILE(1, 2) BYTE_TILE(2, 2)
static byte_tile_function *const byte_tiles[2][BYTE_TILE_ROWS] = {
    {byte_tile_1_1, byte_tile_2_1, byte_tile_3_1, byte_tile_4_1},
    {byte_tile_1_2, byte_tile_2_2, byte_tile_3_1, byte_tile_4_1},
};
#endif

/// What becomes of the sums of a tile.
struct byte_finish {
  const float *column_scales;  ///< 16 for each panel, as are the next two
  const int32_t *column_sums;
  const float *bias;           ///< perhaps NULL
  const float *scales;         ///< of the rows: one for each, or one for all
  const int32_t *zeros;
  ptrdiff_t row_step;          ///< 1, or 0 where one is for all
  enum product_start start;
  float minimum;               ///< what smaller results become
};

/// The results of a tile: rows c_stride floats apart, `width` columns from `column` on.
INLINE void finish_byte_tile(const int32_t *sums, ptrdiff_t rows, ptrdiff_t panels, const struct byte_finish *finish,
                             ptrdiff_t first_row, ptrdiff_t column, ptrdiff_t width, float *c, ptrdiff_t c_stride,
                             const float *addend) {
  const f8 minimum = splat(finish->minimum);
  for (ptrdiff_t i = 0; i < rows; i++, sums += 16 * panels) {
    const ptrdiff_t row = (first_row + i) * finish->row_step;
    const f8 scale = splat(finish->scales[row]);
    const i8 zero = (i8){} + finish->zeros[row];
    for (ptrdiff_t v = 0; v < 2 * panels && 8 * v < width; v++) {
      const ptrdiff_t at = column + 8 * v, left = width - 8 * v, place = i * c_stride + 8 * v;
      const i8 exact = *(const i8_unaligned *)(sums + 8 * v) -
                       zero * *(const i8_unaligned *)(finish->column_sums + at);
      f8 y = __builtin_convertvector(exact, f8) * (scale * load(finish->column_scales + at));
      if (finish->start == product_start_bias) y += load(finish->bias + at);
      if (left >= 8) {
        if (finish->start == product_start_accumulate) y += load(c + place);
        if (addend) y += load(addend + place);
        store(c + place, max8(minimum, y));
      } else {
        if (finish->start == product_start_accumulate) y += load_some(c + place, left);
        if (addend) y += load_some(addend + place, left);
        store_some(c + place, max8(minimum, y), left);
      }
    }
  }
}

/// The rows 0..<rows, which lie a_row bytes apart, times some panels. The result's first column is that of first_panel.
static void multiply_byte_tiles(const uint8_t *a, ptrdiff_t a_row, ptrdiff_t rows, ptrdiff_t first_row, ptrdiff_t runs,
                                ptrdiff_t a_run, ptrdiff_t quads, const struct byte_matrix *b, ptrdiff_t first_panel,
                                ptrdiff_t end_panel, const struct byte_finish *finish, float *c, ptrdiff_t c_stride,
                                const float *addend) {
  const ptrdiff_t panel_stride = 64 * runs * quads;
  int32_t sums[BYTE_TILE_SUMS];
  const ptrdiff_t blocks = (rows + BYTE_TILE_ROWS - 1) / BYTE_TILE_ROWS;
  const ptrdiff_t together = rows <= 2 ? BYTE_TILE_FEW_PANELS : BYTE_TILE_PANELS;
  for (ptrdiff_t p = first_panel, panels; p < end_panel; p += panels) {
    panels = end_panel - p >= together ? together : 1;
    const ptrdiff_t left = b->n - 16 * p, width = left < 16 * panels ? left : 16 * panels;
    for (ptrdiff_t row = 0, block = 0, height; block < blocks; block++, row += height) {
      // Blocks of nearly equal height.
      height = (rows - row + blocks - block - 1) / (blocks - block);
      byte_tiles[panels > 1][height - 1](a + row * a_row, a_row, runs, a_run, quads, b->panels + p * panel_stride,
                                         panel_stride, sums);
      const ptrdiff_t at = row * c_stride + 16 * (p - first_panel);
      finish_byte_tile(sums, height, panels, finish, first_row + row, 16 * p, width, c + at, c_stride,
                       addend ? addend + at : NULL);
    }
  }
}

static void multiply_bytes(const struct byte_rows *a, ptrdiff_t first, ptrdiff_t rows, const struct byte_matrix *b,
                           ptrdiff_t first_panel, ptrdiff_t end_panel, float *c, ptrdiff_t c_stride,
                           enum product_start start, const float *bias) {
  const struct byte_finish finish = {
      .column_scales = b->scales,
      .column_sums = b->sums,
      .bias = bias,
      .scales = a->scales,
      .zeros = a->zeros,
      .row_step = 1,
      .start = start,
      .minimum = -INFINITY,
  };
  multiply_byte_tiles(a->bytes + first * a->stride, a->stride, rows, first, 1, 0, (b->k + 3) / 4, b, first_panel,
                      end_panel, &finish, c, c_stride, NULL);
}

static void convolve_bytes(const struct byte_windows *w, ptrdiff_t first, ptrdiff_t count, const struct byte_matrix *b,
                           const float *bias, const float *addend, float minimum, float *out) {
  const struct byte_finish finish = {
      .column_scales = b->scales,
      .column_sums = b->sums,
      .bias = bias,
      .scales = &w->scale,
      .zeros = &w->zero,
      .start = bias ? product_start_bias : product_start_zero,
      .minimum = minimum,
  };
  // Few panels at a time, which stay in a near cache while all lines pass.
  enum { TOGETHER = 4 };
  const ptrdiff_t panels = (b->n + 15) / 16;
  for (ptrdiff_t p = 0; p < panels; p += TOGETHER) {
    for (ptrdiff_t line = first; line < first + count; line++) {
      const ptrdiff_t image = line / w->output_height, row = line % w->output_height;
      const ptrdiff_t at = line * w->output_width * b->n + 16 * p;
      multiply_byte_tiles(w->bytes + image * w->image_stride + row * w->line_step, w->window_step, w->output_width, 0,
                          w->runs, w->run_stride, w->run_length / 4, b, p, p + TOGETHER < panels ? p + TOGETHER : panels,
                          &finish, out + at, b->n, addend ? addend + at : NULL);
    }
  }
}
