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

// The same for the columns of a matrix, each with a mean and a scale of its own. Sums take 32 columns at once, which are
// whole cache lines, and 256 rows in single precision.

INLINE void add_lanes(double *sums, f8 v, ptrdiff_t n) {
  for (ptrdiff_t lane = 0; lane < 8 && lane < n; lane++) sums[lane] += (double)v[lane];
}

/// For each vector of columns `c` and each of its rows `r`: STATEMENTS, which add to `total` and `product`.
#define COLUMN_SUMS(SUMS, PRODUCTS, STATEMENTS)                                                \
  for (ptrdiff_t group = 0; group < columns; group += 32)                                      \
    for (ptrdiff_t first = 0; first < rows; first += 256) {                                    \
      ptrdiff_t end = rows - first < 256 ? rows : first + 256;                                 \
      f8 totals[4] = {splat(0), splat(0), splat(0), splat(0)};                                 \
      f8 products4[4] = {splat(0), splat(0), splat(0), splat(0)};                              \
      for (ptrdiff_t r = first; r < end; r++)                                                  \
        for (ptrdiff_t v = 0; v < 4 && group + 8 * v < columns; v++) {                         \
          ptrdiff_t c = group + 8 * v, w = columns - c;                                        \
          f8 total = totals[v], product = products4[v];                                        \
          STATEMENTS;                                                                          \
          totals[v] = total;                                                                   \
          products4[v] = product;                                                              \
        }                                                                                      \
      for (ptrdiff_t v = 0; v < 4 && group + 8 * v < columns; v++) {                           \
        ptrdiff_t c = group + 8 * v;                                                           \
        add_lanes((SUMS) + c, totals[v], columns - c);                                         \
        if (PRODUCTS) add_lanes((PRODUCTS) + c, products4[v], columns - c);                    \
      }                                                                                        \
    }

static void column_sums(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, double *sums) {
  double *const none = NULL;
  COLUMN_SUMS(sums, none, total += load_up_to(x + r * stride + c, w))
}

static void column_centered_squares(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns,
                                    const float *means, double *squares) {
  double *const none = NULL;
  COLUMN_SUMS(squares, none, {
    f8 distance = load_up_to(x + r * stride + c, w) - load_up_to(means + c, w);
    total += distance * distance;
  })
}

static void normalize_columns(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, const float *means,
                              const float *factors, const float *biases, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, x += stride, out += stride)
    for (ptrdiff_t c = 0; c < columns; c += 8) {
      ptrdiff_t w = columns - c;
      f8 distance = load_up_to(x + c, w) - load_up_to(means + c, w);
      store_up_to(out + c, distance * load_up_to(factors + c, w) + load_up_to(biases + c, w), w);
    }
}

static void normalize_columns_sums(const float *x, const float *g, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns,
                                   const float *means, const float *scales, double *sums, double *products) {
  COLUMN_SUMS(sums, products, {
    f8 gradient = load_up_to(g + r * stride + c, w);
    f8 distance = load_up_to(x + r * stride + c, w) - load_up_to(means + c, w);
    total += gradient;
    product += gradient * (distance * load_up_to(scales + c, w));
  })
}

static void normalize_columns_gradient(const float *x, const float *g, ptrdiff_t stride, ptrdiff_t rows,
                                       ptrdiff_t columns, const float *means, const float *scales,
                                       const float *factors, const float *mean_gradients, const float *mean_products,
                                       float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, x += stride, g += stride, out += stride)
    for (ptrdiff_t c = 0; c < columns; c += 8) {
      ptrdiff_t w = columns - c;
      f8 normal = (load_up_to(x + c, w) - load_up_to(means + c, w)) * load_up_to(scales + c, w);
      f8 gradient = load_up_to(g + c, w) - load_up_to(mean_gradients + c, w);
      gradient = gradient - normal * load_up_to(mean_products + c, w);
      store_up_to(out + c, gradient * load_up_to(factors + c, w), w);
    }
}
