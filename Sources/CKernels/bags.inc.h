// Models that add up rows of a large table (Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"). Their
// time goes into waiting for rows, so rows are asked for some places ahead of their use. A row's width is a multiple of
// eight, with zeros behind the last element, so that no vector is cut.

/// How many rows ahead of their use rows are asked for.
#define ROWS_AHEAD 12

typedef int8_t b8 __attribute__((ext_vector_type(8)));
typedef b8 b8_unaligned __attribute__((aligned(1)));

INLINE void prefetch_floats(const float *row, ptrdiff_t width) {
  for (ptrdiff_t c = 0; c < width; c += 16) __builtin_prefetch(row + c, 0, 3);
}

INLINE void prefetch_floats_to_write(float *row, ptrdiff_t width) {
  for (ptrdiff_t c = 0; c < width; c += 16) __builtin_prefetch(row + c, 1, 3);
}

static void sum_rows(const float *table, ptrdiff_t stride, ptrdiff_t width, const int32_t *rows, const int32_t *starts,
                      ptrdiff_t count, float *out, ptrdiff_t out_stride) {
  const ptrdiff_t last = starts[count];
  ptrdiff_t asked = starts[0];
  for (ptrdiff_t bag = 0; bag < count; bag++) {
    float *to = out + bag * out_stride;
    ptrdiff_t i = starts[bag];
    const ptrdiff_t end = starts[bag + 1];
    memset(to, 0, (size_t)width * sizeof(float));
    while (i < end) {
      ptrdiff_t step = end - i < 4 ? 1 : 4;
      for (; asked < last && asked < i + step + ROWS_AHEAD; asked++)
        prefetch_floats(table + rows[asked] * stride, width);
      const float *a = table + rows[i] * stride;
      if (step == 4) {
        const float *b = table + rows[i + 1] * stride, *c = table + rows[i + 2] * stride,
                    *d = table + rows[i + 3] * stride;
        for (ptrdiff_t k = 0; k < width; k += 8)
          store(to + k, load(to + k) + ((load(a + k) + load(b + k)) + (load(c + k) + load(d + k))));
      } else {
        for (ptrdiff_t k = 0; k < width; k += 8) store(to + k, load(to + k) + load(a + k));
      }
      i += step;
    }
  }
}

static void sum_byte_rows(const int8_t *table, ptrdiff_t stride, const float *scales, ptrdiff_t width,
                           const int32_t *rows, const int32_t *starts, ptrdiff_t count, float *out,
                           ptrdiff_t out_stride) {
  const ptrdiff_t last = starts[count];
  ptrdiff_t asked = starts[0];
  for (ptrdiff_t bag = 0; bag < count; bag++) {
    float *to = out + bag * out_stride;
    const ptrdiff_t end = starts[bag + 1];
    memset(to, 0, (size_t)width * sizeof(float));
    for (ptrdiff_t i = starts[bag]; i < end; i++) {
      for (; asked < last && asked < i + ROWS_AHEAD; asked++) {
        const int8_t *next = table + rows[asked] * stride;
        for (ptrdiff_t k = 0; k < width; k += 64) __builtin_prefetch(next + k, 0, 3);
        __builtin_prefetch(scales + rows[asked], 0, 3);
      }
      const int8_t *row = table + rows[i] * stride;
      const f8 factor = splat(scales[rows[i]]);
      for (ptrdiff_t k = 0; k < width; k += 8) {
        f8 x = __builtin_convertvector(*(const b8_unaligned *)(row + k), f8);
        store(to + k, x * factor + load(to + k));
      }
    }
  }
}

static void update_rows(float *table, ptrdiff_t stride, ptrdiff_t width, const struct row_update_list *lists,
                        ptrdiff_t list_count, const float *sources, ptrdiff_t source_stride) {
  // A second cursor goes ahead through the lists and asks for the rows.
  ptrdiff_t next_list = 0, next = 0, ahead = 0;
  for (ptrdiff_t list = 0; list < list_count; list++) {
    const struct row_update *updates = lists[list].updates;
    for (ptrdiff_t i = 0; i < lists[list].count; i++, ahead--) {
      while (ahead < ROWS_AHEAD && next_list < list_count) {
        if (next < lists[next_list].count) {
          prefetch_floats_to_write(table + lists[next_list].updates[next].row * stride, width);
          next++;
          ahead++;
        } else {
          next_list++;
          next = 0;
        }
      }
      float *row = table + updates[i].row * stride;
      const float *source = sources + updates[i].source * source_stride;
      const f8 factor = splat(updates[i].factor);
      for (ptrdiff_t k = 0; k < width; k += 8) store(row + k, load(source + k) * factor + load(row + k));
    }
  }
}

#define ROW(i) (table + (rows ? (ptrdiff_t)rows[i] : (i)) * stride)

static void dot_rows(const float *table, ptrdiff_t stride, ptrdiff_t width, const int32_t *rows, ptrdiff_t count,
                     const float *x, float *out) {
  if (rows)
    for (ptrdiff_t i = 0; i < count && i < ROWS_AHEAD; i++) prefetch_floats(ROW(i), width);
  ptrdiff_t i = 0;
  for (; i + 4 <= count; i += 4) {
    if (rows)
      for (ptrdiff_t j = i + ROWS_AHEAD; j < i + ROWS_AHEAD + 4 && j < count; j++) prefetch_floats(ROW(j), width);
    const float *a = ROW(i), *b = ROW(i + 1), *c = ROW(i + 2), *d = ROW(i + 3);
    f8 p = splat(0), q = splat(0), r = splat(0), s = splat(0);
    for (ptrdiff_t k = 0; k < width; k += 8) {
      f8 v = load(x + k);
      p = load(a + k) * v + p;
      q = load(b + k) * v + q;
      r = load(c + k) * v + r;
      s = load(d + k) * v + s;
    }
    out[i] = sum_lanes(p);
    out[i + 1] = sum_lanes(q);
    out[i + 2] = sum_lanes(r);
    out[i + 3] = sum_lanes(s);
  }
  for (; i < count; i++) {
    const float *a = ROW(i);
    f8 p = splat(0);
    for (ptrdiff_t k = 0; k < width; k += 8) p = load(a + k) * load(x + k) + p;
    out[i] = sum_lanes(p);
  }
}

/// One row of a blend, eight floats of it: `total` grows by factor · row, and then the row by factor · x.
INLINE f8 blend8(float *row, f8 factor, const float *x, f8 total) {
  f8 old = load(row);
  if (x) store(row, load(x) * factor + old);
  return old * factor + total;
}

INLINE void blend(float *table, ptrdiff_t stride, ptrdiff_t width, const int32_t *rows, ptrdiff_t count,
                  const float *factors, const float *x, float *sum) {
  ptrdiff_t i = 0;
  for (; i + 4 <= count; i += 4) {
    float *a = ROW(i), *b = ROW(i + 1), *c = ROW(i + 2), *d = ROW(i + 3);
    const f8 fa = splat(factors[i]), fb = splat(factors[i + 1]), fc = splat(factors[i + 2]), fd = splat(factors[i + 3]);
    for (ptrdiff_t k = 0; k < width; k += 8) {
      const float *v = x ? x + k : x;
      f8 total = blend8(a + k, fa, v, sum ? load(sum + k) : splat(0));
      total = blend8(b + k, fb, v, total);
      total = blend8(c + k, fc, v, total);
      total = blend8(d + k, fd, v, total);
      if (sum) store(sum + k, total);
    }
  }
  for (; i < count; i++) {
    float *row = ROW(i);
    const f8 factor = splat(factors[i]);
    for (ptrdiff_t k = 0; k < width; k += 8) {
      f8 total = blend8(row + k, factor, x ? x + k : x, sum ? load(sum + k) : splat(0));
      if (sum) store(sum + k, total);
    }
  }
}

// A loop for each of the three, without questions in it.
static void blend_rows(float *table, ptrdiff_t stride, ptrdiff_t width, const int32_t *rows, ptrdiff_t count,
                       const float *factors, const float *x, float *sum) {
  if (!x) {
    blend(table, stride, width, rows, count, factors, NULL, sum);
  } else if (!sum) {
    blend(table, stride, width, rows, count, factors, x, NULL);
  } else {
    blend(table, stride, width, rows, count, factors, x, sum);
  }
}

#undef ROW

static double logistic_factors(const float *scores, const float *targets, ptrdiff_t count, float rate, float *factors) {
  double loss = 0;
  // The logarithm of a product in place of a sum of logarithms.
  float product = 1;
  for (ptrdiff_t i = 0; i < count; i += 8) {
    ptrdiff_t n = count - i < 8 ? count - i : 8;
    f8 target = n == 8 ? load(targets + i) : load_some(targets + i, n);
    f8 p = sigmoid8(n == 8 ? load(scores + i) : load_some(scores + i, n));
    f8 factor = splat(rate) * (target - p);
    if (n == 8) {
      store(factors + i, factor);
    } else {
      store_some(factors + i, factor, n);
    }
    f8 likelihood = target * p + (splat(1) - target) * (splat(1) - p);
    for (ptrdiff_t j = 0; j < n; j++) {
      float q = likelihood[j];
      product *= q < 1e-7f ? 1e-7f : q;
      if (product < 1e-25f) {
        loss -= (double)logf(product);
        product = 1;
      }
    }
  }
  return loss - (double)logf(product);
}
