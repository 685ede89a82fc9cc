// Rows as the files of other programs have them: of any width, one behind the other, at any address; or product-quantised
// (Jégou, Douze & Schmid 2011, "Product Quantization for Nearest Neighbor Search"), a byte for each part of a row.

typedef f8 f8_packed __attribute__((aligned(1)));
typedef float f2 __attribute__((ext_vector_type(2)));
typedef float f4 __attribute__((ext_vector_type(4)));
typedef f2 f2_unaligned __attribute__((aligned(4)));
typedef f4 f4_unaligned __attribute__((aligned(4)));

INLINE f8 load_packed(const char *p) { return *(const f8_packed *)p; }
INLINE float load_float(const char *p) {
  float x;
  memcpy(&x, p, sizeof x);
  return x;
}

INLINE void prefetch_bytes(const char *p, ptrdiff_t count) {
  for (ptrdiff_t c = 0; c < count; c += 64) __builtin_prefetch(p + c, 0, 3);
  __builtin_prefetch(p + count - 1, 0, 3);
}

static void sum_packed_rows(const void *table, ptrdiff_t width, const int32_t *rows, ptrdiff_t count, float *out) {
  const char *base = table;
  const ptrdiff_t stride = width * (ptrdiff_t)sizeof(float), vectors = width / 8 * 8;
  memset(out, 0, (size_t)stride);
  ptrdiff_t asked = 0, i = 0;
  while (i < count) {
    const ptrdiff_t step = count - i < 4 ? 1 : 4;
    for (; asked < count && asked < i + step + ROWS_AHEAD; asked++) prefetch_bytes(base + rows[asked] * stride, stride);
    const char *a = base + rows[i] * stride;
    if (step == 4) {
      const char *b = base + rows[i + 1] * stride, *c = base + rows[i + 2] * stride, *d = base + rows[i + 3] * stride;
      for (ptrdiff_t k = 0; k < vectors; k += 8)
        store(out + k, load(out + k) + ((load_packed(a + 4 * k) + load_packed(b + 4 * k)) +
                                        (load_packed(c + 4 * k) + load_packed(d + 4 * k))));
      for (ptrdiff_t k = vectors; k < width; k++)
        out[k] += (load_float(a + 4 * k) + load_float(b + 4 * k)) + (load_float(c + 4 * k) + load_float(d + 4 * k));
    } else {
      for (ptrdiff_t k = 0; k < vectors; k += 8) store(out + k, load(out + k) + load_packed(a + 4 * k));
      for (ptrdiff_t k = vectors; k < width; k++) out[k] += load_float(a + 4 * k);
    }
    i += step;
  }
}

static void dot_packed_rows(const void *table, ptrdiff_t width, ptrdiff_t first, ptrdiff_t count, const float *x,
                            float *out) {
  const ptrdiff_t stride = width * (ptrdiff_t)sizeof(float), vectors = width / 8 * 8;
  const char *row = (const char *)table + first * stride;
  for (ptrdiff_t i = 0; i < count; i++, row += stride) {
    f8 p = splat(0), q = splat(0);
    ptrdiff_t k = 0;
    for (; k + 16 <= vectors; k += 16) {
      p = load_packed(row + 4 * k) * load(x + k) + p;
      q = load_packed(row + 4 * k + 32) * load(x + k + 8) + q;
    }
    if (k < vectors) p = load_packed(row + 4 * k) * load(x + k) + p;
    float total = sum_lanes(p + q);
    for (k = vectors; k < width; k++) total += load_float(row + 4 * k) * x[k];
    out[i] = total;
  }
}

/// Parts of a row that are as wide as the others: all, or all but the last.
INLINE ptrdiff_t even_parts(const struct quantized_rows *table) {
  return table->parts * table->part_width == table->width ? table->parts : table->parts - 1;
}
INLINE float quantized_norm(const struct quantized_rows *table, ptrdiff_t row) {
  return table->norms ? table->norms[table->norm_codes[row]] : 1;
}

static void sum_quantized_rows(const struct quantized_rows *table, const int32_t *rows, ptrdiff_t count, float *out) {
  const ptrdiff_t parts = table->parts, size = table->part_width, even = even_parts(table);
  const ptrdiff_t last_size = table->width - even * size;
  memset(out, 0, (size_t)table->width * sizeof(float));
  for (ptrdiff_t i = 0; i < count; i++) {
    if (i + ROWS_AHEAD < count) {
      const ptrdiff_t next = rows[i + ROWS_AHEAD];
      prefetch_bytes((const char *)table->codes + next * parts, parts);
      if (table->norms) __builtin_prefetch(table->norm_codes + next, 0, 3);
    }
    const uint8_t *codes = table->codes + rows[i] * parts;
    const float norm = quantized_norm(table, rows[i]);
    const float *book = table->centroids;
    if (size == 2) {
      for (ptrdiff_t m = 0; m < even; m++, book += 512)
        *(f2_unaligned *)(out + 2 * m) += *(const f2_unaligned *)(book + 2 * codes[m]) * norm;
    } else if (size == 4) {
      for (ptrdiff_t m = 0; m < even; m++, book += 1024)
        *(f4_unaligned *)(out + 4 * m) += *(const f4_unaligned *)(book + 4 * codes[m]) * norm;
    } else {
      for (ptrdiff_t m = 0; m < even; m++, book += 256 * size)
        for (ptrdiff_t k = 0; k < size; k++) out[m * size + k] += book[codes[m] * size + k] * norm;
    }
    for (ptrdiff_t k = 0; k < last_size; k++) out[even * size + k] += book[codes[even] * last_size + k] * norm;
  }
}

static void dot_quantized_rows(const struct quantized_rows *table, ptrdiff_t first, ptrdiff_t count, const float *x,
                               float *out) {
  const ptrdiff_t parts = table->parts, size = table->part_width, even = even_parts(table);
  const ptrdiff_t last_size = table->width - even * size;
  for (ptrdiff_t i = 0; i < count; i++) {
    const uint8_t *codes = table->codes + (first + i) * parts;
    const float *book = table->centroids;
    float total = 0;
    if (size == 2) {
      f2 sums = {0, 0};
      for (ptrdiff_t m = 0; m < even; m++, book += 512)
        sums += *(const f2_unaligned *)(book + 2 * codes[m]) * *(const f2_unaligned *)(x + 2 * m);
      total = sums[0] + sums[1];
    } else {
      for (ptrdiff_t m = 0; m < even; m++, book += 256 * size)
        for (ptrdiff_t k = 0; k < size; k++) total += book[codes[m] * size + k] * x[m * size + k];
    }
    for (ptrdiff_t k = 0; k < last_size; k++) total += book[codes[even] * last_size + k] * x[even * size + k];
    out[i] = total * quantized_norm(table, first + i);
  }
}

// |x - c|² / 2 is smallest where x·c - |c|² / 2 is largest.
static void nearest_centroids(const float *points, ptrdiff_t stride, ptrdiff_t size, ptrdiff_t count,
                              const float *centroids, const float *halves, uint8_t *codes, ptrdiff_t code_stride) {
  const i8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  for (ptrdiff_t i = 0; i < count; i++, points += stride, codes += code_stride) {
    f8 best = splat(-INFINITY);
    i8 place = {0};
    for (int32_t c = 0; c < 256; c += 8) {
      f8 score = -load(halves + c);
      for (ptrdiff_t k = 0; k < size; k++) score = splat(points[k]) * load(centroids + 256 * k + c) + score;
      const i8 better = score > best;
      place = better ? lanes + c : place;
      best = max8(score, best);
    }
    ptrdiff_t lane = 0;
    for (ptrdiff_t j = 1; j < 8; j++)
      if (best[j] > best[lane] || (best[j] == best[lane] && place[j] < place[lane])) lane = j;
    *codes = (uint8_t)place[lane];
  }
}
