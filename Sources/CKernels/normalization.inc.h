// Normalisation: x̂ = (x - mean) · scale, scaled and shifted by weights and biases, and its gradient. A run is a stretch of
// memory with one mean and one scale; where its elements have no weights of their own they share one. Sums over
// runs go in blocks of 4096 elements, whose results are added in double precision.

static double centered_squares(const float *x, float mean, ptrdiff_t n) {
  double total = 0;
  for (ptrdiff_t first = 0; first < n; first += 4096) {
    ptrdiff_t end = n - first < 4096 ? n : first + 4096;
    f8 squares = splat(0);
    for (ptrdiff_t i = first; i < end; i += 8) {
      f8 distance = keep8(load_up_to(x + i, end - i) - splat(mean), end - i);
      squares += distance * distance;
    }
    total += (double)sum_lanes(squares);
  }
  return total;
}

static void normalize(const float *x, const struct normalized_run *run, float *out, ptrdiff_t n) {
  f8 mean = splat(run->mean), scale8 = splat(run->scale);
  for (ptrdiff_t i = 0; i < n; i += 8) {
    ptrdiff_t w = n - i;
    f8 weight = run->weights ? load_up_to(run->weights + i, w) : splat(run->weight);
    f8 bias = run->biases ? load_up_to(run->biases + i, w) : splat(run->bias);
    store_up_to(out + i, (load_up_to(x + i, w) - mean) * scale8 * weight + bias, w);
  }
}

static void normalize_sums(const float *x, const float *g, const struct normalized_run *run, double sums[2],
                           float *weight_gradients, float *bias_gradients, ptrdiff_t n) {
  f8 mean = splat(run->mean), scale8 = splat(run->scale);
  for (ptrdiff_t first = 0; first < n; first += 4096) {
    ptrdiff_t end = n - first < 4096 ? n : first + 4096;
    f8 total = splat(0), product = splat(0);
    for (ptrdiff_t i = first; i < end; i += 8) {
      ptrdiff_t w = end - i;
      // Beyond the end g is zero, and with it all that is added up.
      f8 normal = (load_up_to(x + i, w) - mean) * scale8, gradient = load_up_to(g + i, w);
      f8 weighted = run->weights ? gradient * load_up_to(run->weights + i, w) : gradient;
      total += weighted;
      product += weighted * normal;
      if (weight_gradients)
        store_up_to(weight_gradients + i, load_up_to(weight_gradients + i, w) + gradient * normal, w);
      if (bias_gradients) store_up_to(bias_gradients + i, load_up_to(bias_gradients + i, w) + gradient, w);
    }
    sums[0] += (double)sum_lanes(total);
    sums[1] += (double)sum_lanes(product);
  }
}

static void normalize_gradient(const float *x, const float *g, const struct normalized_run *run, float mean_gradient,
                               float mean_product, float *out, ptrdiff_t n) {
  f8 mean = splat(run->mean), scale8 = splat(run->scale);
  for (ptrdiff_t i = 0; i < n; i += 8) {
    ptrdiff_t w = n - i;
    f8 normal = (load_up_to(x + i, w) - mean) * scale8;
    f8 weight = run->weights ? load_up_to(run->weights + i, w) : splat(run->weight);
    f8 gradient = load_up_to(g + i, w) * weight - splat(mean_gradient) - normal * splat(mean_product);
    store_up_to(out + i, scale8 * gradient, w);
  }
}

// The same for the columns of a matrix, each with a mean and a scale of its own. Sums take some rows in single precision
// and add those in double; up to 32 columns go together, which are whole cache lines.

#define COLUMN_BLOCK_ROWS 128

INLINE void add_lanes(double *sums, f8 v, ptrdiff_t n) {
  for (ptrdiff_t lane = 0; lane < 8 && lane < n; lane++) sums[lane] += (double)v[lane];
}

/// Calls NAME_4 for 32 columns at a time and NAME_1 for 8 or fewer, with the rows in blocks that stay in a cache.
#define FOR_COLUMN_BLOCKS(NAME, ...)                                                    \
  for (ptrdiff_t first = 0; first < rows; first += COLUMN_BLOCK_ROWS) {                 \
    ptrdiff_t some = rows - first < COLUMN_BLOCK_ROWS ? rows - first : COLUMN_BLOCK_ROWS; \
    ptrdiff_t at = first * stride, c = 0;                                               \
    for (; c + 32 <= columns; c += 32) NAME##_4(some, 32, __VA_ARGS__);                 \
    for (; c < columns; c += 8) NAME##_1(some, columns - c, __VA_ARGS__);               \
  }

#define EACH_VECTOR(V) _Pragma("clang loop unroll(full)") for (ptrdiff_t v = 0; v < V; v++)

#define COLUMN_SUMS(V)                                                                                            \
  static void column_sums_##V(ptrdiff_t rows, ptrdiff_t width, const float *x, ptrdiff_t stride, double *sums) {  \
    f8 total[V] = {};                                                                                             \
    for (ptrdiff_t r = 0; r < rows; r++, x += stride) EACH_VECTOR(V) total[v] += load_up_to(x + 8 * v, width - 8 * v); \
    EACH_VECTOR(V) add_lanes(sums + 8 * v, total[v], width - 8 * v);                                              \
  }
COLUMN_SUMS(1)
COLUMN_SUMS(4)

static void column_sums(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, double *sums) {
  FOR_COLUMN_BLOCKS(column_sums, x + at + c, stride, sums + c)
}

/// Means and sums of squared distances from them, of `seen` rows before and of these rows (Chan, Golub, LeVeque 1983).
/// The rows of a block are taken relative to its first one, so that no digits are lost where a mean is large.
#define COLUMN_MOMENTS(V)                                                                                          \
  static void column_moments_##V(ptrdiff_t rows, ptrdiff_t width, const float *x, ptrdiff_t stride, ptrdiff_t seen, \
                                 double *means, double *squares) {                                                 \
    f8 origin[V], total[V] = {}, square[V] = {};                                                                   \
    EACH_VECTOR(V) origin[v] = load_up_to(x + 8 * v, width - 8 * v);                                               \
    for (ptrdiff_t r = 0; r < rows; r++, x += stride) EACH_VECTOR(V) {                                             \
      f8 distance = load_up_to(x + 8 * v, width - 8 * v) - origin[v];                                              \
      total[v] += distance;                                                                                        \
      square[v] += distance * distance;                                                                            \
    }                                                                                                              \
    double share = (double)rows / (double)(seen + rows);                                                           \
    EACH_VECTOR(V) for (ptrdiff_t lane = 0; lane < 8 && 8 * v + lane < width; lane++) {                            \
      ptrdiff_t c = 8 * v + lane;                                                                                  \
      double sum = (double)total[v][lane], mean = (double)origin[v][lane] + sum / (double)rows;                    \
      double apart = mean - means[c];                                                                              \
      squares[c] += (double)square[v][lane] - sum * sum / (double)rows + apart * apart * (double)seen * share;     \
      means[c] += apart * share;                                                                                   \
    }                                                                                                              \
  }
COLUMN_MOMENTS(1)
COLUMN_MOMENTS(4)

static void column_moments(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, double *means,
                           double *squares) {
  FOR_COLUMN_BLOCKS(column_moments, x + at + c, stride, first, means + c, squares + c)
}

#define NORMALIZE_COLUMNS(V)                                                                                        \
  static void normalize_columns_##V(ptrdiff_t rows, ptrdiff_t width, const float *x, ptrdiff_t stride,              \
                                    const float *means, const float *factors, const float *biases,                  \
                                    const float *addend, float minimum, float *out) {                               \
    f8 mean[V], factor[V], bias[V];                                                                                 \
    EACH_VECTOR(V) {                                                                                                \
      mean[v] = load_up_to(means + 8 * v, width - 8 * v);                                                           \
      factor[v] = load_up_to(factors + 8 * v, width - 8 * v);                                                       \
      bias[v] = load_up_to(biases + 8 * v, width - 8 * v);                                                          \
    }                                                                                                               \
    for (ptrdiff_t r = 0; r < rows; r++) EACH_VECTOR(V) {                                                           \
      ptrdiff_t i = r * stride + 8 * v, w = width - 8 * v;                                                          \
      f8 y = (load_up_to(x + i, w) - mean[v]) * factor[v] + bias[v];                                                \
      if (addend) y += load_up_to(addend + i, w);                                                                   \
      store_up_to(out + i, max8(splat(minimum), y), w);                                                             \
    }                                                                                                               \
  }
NORMALIZE_COLUMNS(1)
NORMALIZE_COLUMNS(4)

static void normalize_columns(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, const float *means,
                              const float *factors, const float *biases, const float *addend, float minimum,
                              float *out) {
  FOR_COLUMN_BLOCKS(normalize_columns, x + at + c, stride, means + c, factors + c, biases + c,
                    addend ? addend + at + c : NULL, minimum, out + at + c)
}

/// The gradient where it was not cut off.
INLINE f8 passed8(f8 g, const float *output, ptrdiff_t w) {
  return load_up_to(output, w) > splat(0) ? g : splat(0);
}

#define NORMALIZE_COLUMNS_SUMS(V)                                                                                     \
  static void normalize_columns_sums_##V(ptrdiff_t rows, ptrdiff_t width, const float *x, const float *g,             \
                                         const float *output, ptrdiff_t stride, const float *means,                   \
                                         const float *scales, double *sums, double *products) {                       \
    f8 mean[V], total[V] = {}, product[V] = {};                                                                       \
    EACH_VECTOR(V) mean[v] = load_up_to(means + 8 * v, width - 8 * v);                                                \
    for (ptrdiff_t r = 0; r < rows; r++) EACH_VECTOR(V) {                                                             \
      ptrdiff_t i = r * stride + 8 * v, w = width - 8 * v;                                                            \
      f8 gradient = load_up_to(g + i, w);                                                                             \
      if (output) gradient = passed8(gradient, output + i, w);                                                        \
      total[v] += gradient;                                                                                           \
      product[v] += gradient * (load_up_to(x + i, w) - mean[v]);                                                      \
    }                                                                                                                 \
    EACH_VECTOR(V) {                                                                                                  \
      add_lanes(sums + 8 * v, total[v], width - 8 * v);                                                               \
      add_lanes(products + 8 * v, product[v] * load_up_to(scales + 8 * v, width - 8 * v), width - 8 * v);             \
    }                                                                                                                 \
  }
NORMALIZE_COLUMNS_SUMS(1)
NORMALIZE_COLUMNS_SUMS(4)

static void normalize_columns_sums(const float *x, const float *g, const float *output, ptrdiff_t stride,
                                   ptrdiff_t rows, ptrdiff_t columns, const float *means, const float *scales,
                                   double *sums, double *products) {
  FOR_COLUMN_BLOCKS(normalize_columns_sums, x + at + c, g + at + c, output ? output + at + c : NULL, stride, means + c,
                    scales + c, sums + c, products + c)
}

#define NORMALIZE_COLUMNS_GRADIENT(V)                                                                                 \
  static void normalize_columns_gradient_##V(                                                                         \
      ptrdiff_t rows, ptrdiff_t width, const float *x, const float *g, const float *output, ptrdiff_t stride,         \
      const float *means, const float *scales, const float *factors, const float *mean_gradients,                     \
      const float *mean_products, float *out, float *passed) {                                                        \
    f8 mean[V], factor[V], slope[V], gradients[V];                                                                    \
    EACH_VECTOR(V) {                                                                                                  \
      ptrdiff_t w = width - 8 * v;                                                                                    \
      mean[v] = load_up_to(means + 8 * v, w);                                                                         \
      factor[v] = load_up_to(factors + 8 * v, w);                                                                     \
      slope[v] = load_up_to(scales + 8 * v, w) * load_up_to(mean_products + 8 * v, w);                                \
      gradients[v] = load_up_to(mean_gradients + 8 * v, w);                                                           \
    }                                                                                                                 \
    for (ptrdiff_t r = 0; r < rows; r++) EACH_VECTOR(V) {                                                             \
      ptrdiff_t i = r * stride + 8 * v, w = width - 8 * v;                                                            \
      f8 gradient = load_up_to(g + i, w);                                                                             \
      if (output) gradient = passed8(gradient, output + i, w);                                                        \
      if (passed) store_up_to(passed + i, gradient, w);                                                               \
      f8 centered = gradient - gradients[v] - (load_up_to(x + i, w) - mean[v]) * slope[v];                            \
      store_up_to(out + i, centered * factor[v], w);                                                                  \
    }                                                                                                                 \
  }
NORMALIZE_COLUMNS_GRADIENT(1)
NORMALIZE_COLUMNS_GRADIENT(4)

static void normalize_columns_gradient(const float *x, const float *g, const float *output, ptrdiff_t stride,
                                       ptrdiff_t rows, ptrdiff_t columns, const float *means, const float *scales,
                                       const float *factors, const float *mean_gradients, const float *mean_products,
                                       float *out, float *passed) {
  FOR_COLUMN_BLOCKS(normalize_columns_gradient, x + at + c, g + at + c, output ? output + at + c : NULL, stride,
                    means + c, scales + c, factors + c, mean_gradients + c, mean_products + c, out + at + c,
                    passed ? passed + at + c : NULL)
}
