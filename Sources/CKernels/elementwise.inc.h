// Elementwise operations and reductions. The tail of fewer than eight elements goes through the same vector code, so
// that an element's result does not depend on where it stands.

#define ELEMENTWISE_2(NAME, EXPRESSION)                                               \
  static void NAME(const float *a, const float *b, float *out, ptrdiff_t n) {         \
    ptrdiff_t i = 0;                                                                  \
    for (; i + 8 <= n; i += 8) {                                                      \
      f8 x = load(a + i), y = load(b + i);                                            \
      store(out + i, EXPRESSION);                                                     \
    }                                                                                 \
    if (i < n) {                                                                      \
      f8 x = load_some(a + i, n - i), y = load_some(b + i, n - i);                    \
      store_some(out + i, EXPRESSION, n - i);                                         \
    }                                                                                 \
  }

#define ELEMENTWISE_1(NAME, EXPRESSION)                                \
  static void NAME(const float *a, float *out, ptrdiff_t n) {          \
    ptrdiff_t i = 0;                                                   \
    for (; i + 8 <= n; i += 8) {                                       \
      f8 x = load(a + i);                                              \
      store(out + i, EXPRESSION);                                      \
    }                                                                  \
    if (i < n) {                                                       \
      f8 x = load_some(a + i, n - i);                                  \
      store_some(out + i, EXPRESSION, n - i);                          \
    }                                                                  \
  }

ELEMENTWISE_2(add, x + y)
ELEMENTWISE_2(subtract, x - y)
ELEMENTWISE_2(multiply, x *y)
ELEMENTWISE_1(exponential, exp8(x))
ELEMENTWISE_1(sigmoid, sigmoid8(x))
ELEMENTWISE_1(hyperbolic_tangent, tanh8(x))
ELEMENTWISE_1(relu, max8(splat(0), x))
ELEMENTWISE_2(sigmoid_gradient, y *x *(splat(1) - x))
ELEMENTWISE_2(hyperbolic_tangent_gradient, y *(splat(1) - x * x))
ELEMENTWISE_2(relu_gradient, x > splat(0) ? y : splat(0))

static void scale(const float *x, float factor, float *out, ptrdiff_t n) {
  ptrdiff_t i = 0;
  for (; i + 8 <= n; i += 8) store(out + i, load(x + i) * splat(factor));
  for (; i < n; i++) out[i] = x[i] * factor;
}

static void add_scaled(const float *x, float factor, float *y, ptrdiff_t n) {
  ptrdiff_t i = 0;
  for (; i + 8 <= n; i += 8) store(y + i, load(x + i) * splat(factor) + load(y + i));
  if (i < n) store_some(y + i, load_some(x + i, n - i) * splat(factor) + load_some(y + i, n - i), n - i);
}

static float dot(const float *a, const float *b, ptrdiff_t n) {
  f8 s[4] = {splat(0), splat(0), splat(0), splat(0)};
  ptrdiff_t i = 0;
  for (; i + 32 <= n; i += 32)
    for (int v = 0; v < 4; v++) s[v] = load(a + i + 8 * v) * load(b + i + 8 * v) + s[v];
  for (; i + 8 <= n; i += 8) s[0] = load(a + i) * load(b + i) + s[0];
  if (i < n) s[0] = load_some(a + i, n - i) * load_some(b + i, n - i) + s[0];
  return sum_lanes((s[0] + s[1]) + (s[2] + s[3]));
}

// Sums run in blocks of 4096 elements, whose results are added in double precision.
#define BLOCKED_SUM(NAME, EXPRESSION)                                              \
  static double NAME(const float *a, ptrdiff_t n) {                                \
    double total = 0;                                                              \
    for (ptrdiff_t first = 0; first < n; first += 4096) {                          \
      ptrdiff_t end = n - first < 4096 ? n : first + 4096, i = first;              \
      f8 s[4] = {splat(0), splat(0), splat(0), splat(0)};                          \
      for (; i + 32 <= end; i += 32)                                               \
        for (int v = 0; v < 4; v++) {                                              \
          f8 x = load(a + i + 8 * v);                                              \
          s[v] += EXPRESSION;                                                      \
        }                                                                          \
      for (; i < end; i += 8) {                                                    \
        f8 x = end - i < 8 ? load_some(a + i, end - i) : load(a + i);              \
        s[0] += EXPRESSION;                                                        \
      }                                                                            \
      total += (double)sum_lanes((s[0] + s[1]) + (s[2] + s[3]));                   \
    }                                                                              \
    return total;                                                                  \
  }
BLOCKED_SUM(sum, x)
BLOCKED_SUM(sum_of_squares, x *x)

static float maximum(const float *x, ptrdiff_t n) {
  float best = -INFINITY;
  ptrdiff_t i = 0;
  if (n >= 8) {
    f8 m = load(x);
    for (i = 8; i + 8 <= n; i += 8) m = max8(load(x + i), m);
    for (int lane = 0; lane < 8; lane++) best = m[lane] > best ? m[lane] : best;
  }
  for (; i < n; i++) best = x[i] > best ? x[i] : best;
  return best;
}

static void running_maximum(const float *x, int32_t argument, float *maxima, int32_t *arguments, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) {
    bool larger = x[i] > maxima[i];
    maxima[i] = larger ? x[i] : maxima[i];
    arguments[i] = larger ? argument : arguments[i];
  }
}

/// Eight counters through Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the
/// four words of counter `first + lane` land in words[0…3][lane].
INLINE void philox(const uint32_t key[2], uint64_t first, uint32_t words[4][8]) {
  typedef uint64_t l8 __attribute__((ext_vector_type(8)));
  const l8 low = (l8){} + 0xffffffffu;
  l8 counter = (l8){0, 1, 2, 3, 4, 5, 6, 7} + first;
  l8 x0 = counter & low, x1 = counter >> 32, x2 = (l8){}, x3 = (l8){};
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    l8 p0 = x0 * ((l8){} + 0xD2511F53u), p1 = x2 * ((l8){} + 0xCD9E8D57u);
    x0 = (p1 >> 32) ^ x1 ^ k0;
    x1 = p1 & low;
    x2 = (p0 >> 32) ^ x3 ^ k1;
    x3 = p0 & low;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int lane = 0; lane < 8; lane++) {
    words[0][lane] = (uint32_t)x0[lane];
    words[1][lane] = (uint32_t)x1[lane];
    words[2][lane] = (uint32_t)x2[lane];
    words[3][lane] = (uint32_t)x3[lane];
  }
}

#define UNIT_FLOAT(word) ((float)((word) >> 8) * 0x1p-24f)

/// Number i of a stream is word i mod 4 of counter i / 4.
#define FOR_RANDOM_NUMBERS(STATEMENT)                                                         \
  for (ptrdiff_t done = 0; done < n;) {                                                       \
    uint64_t number = first + (uint64_t)done;                                                 \
    uint32_t words[4][8];                                                                     \
    philox(key, number / 4, words);                                                           \
    for (ptrdiff_t w = (ptrdiff_t)(number % 4); w < 32 && done < n; w++, done++) {            \
      float random = UNIT_FLOAT(words[w % 4][w / 4]);                                         \
      STATEMENT;                                                                              \
    }                                                                                         \
  }

static void uniform(const uint32_t key[2], uint64_t first, float *out, ptrdiff_t n) {
  FOR_RANDOM_NUMBERS(out[done] = random)
}

static void dropout(const float *x, float rate, const uint32_t key[2], uint64_t first, float *out, ptrdiff_t n) {
  const float kept = 1 / (1 - rate);
  FOR_RANDOM_NUMBERS(out[done] = random >= rate ? x[done] * kept : 0)
}

static void transpose(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, float *out,
                      ptrdiff_t out_stride) {
  for (ptrdiff_t r = 0; r < rows; r += 16)
    for (ptrdiff_t c = 0; c < columns; c += 16) {
      ptrdiff_t row_end = rows - r < 16 ? rows : r + 16, column_end = columns - c < 16 ? columns : c + 16;
      for (ptrdiff_t i = c; i < column_end; i++)
        for (ptrdiff_t j = r; j < row_end; j++) out[i * out_stride + j] = x[j * x_stride + i];
    }
}

/// Twelve sums are as many as the multipliers of any processor so far have under way.
static void multiply_adds(ptrdiff_t rounds, float *numbers) {
  widest sums[12], factor = (widest)(numbers[0]), term = (widest)(numbers[1]);
  for (int i = 0; i < 12; i++) sums[i] = (widest)(numbers[2 + i]);
  for (ptrdiff_t round = 0; round < rounds; round++)
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++) sums[i] = sums[i] * factor + term;
  for (int i = 0; i < 12; i++) numbers[2 + i] = sums[i][0];
}
