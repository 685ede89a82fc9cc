// Pooling of images whose channels lie together: one row of windows at a time. A window is what is left of it inside of
// the image. Local response normalisation, which pools over neighbouring channels.

/// Does the statements for each window `w` of a row and each vector of channels `c`, with the pixels of the window from
/// `from` on: `rows` rows of `columns` pixels.
#define FOR_WINDOWS(...)                                                                              \
  for (ptrdiff_t w = 0; w < p->window_count; w++) {                                                   \
    ptrdiff_t columns = p->column_ends[w] - p->column_firsts[w], at = p->column_firsts[w] * channels; \
    ptrdiff_t step = p->column_step * channels;                                                       \
    columns = (columns + p->column_step - 1) / p->column_step;                                        \
    for (ptrdiff_t c = 0; c < channels; c += 8) {                                                     \
      ptrdiff_t left = channels - c;                                                                  \
      __VA_ARGS__                                                                                     \
    }                                                                                                 \
  }

#define FOR_PIXELS(...)                                                                       \
  for (ptrdiff_t i = 0; i < p->rows; i++)                                                     \
    for (ptrdiff_t j = 0; j < columns; j++) {                                                 \
      ptrdiff_t pixel = i * p->row_stride + at + j * step + c;                                \
      __VA_ARGS__                                                                             \
    }

/// Which lanes of x are larger, or not a number, which stays once it is found.
INLINE i8 exceeds8(f8 x, f8 best) { return (x > best) | (x != x); }

INLINE f8 select8(i8 where, f8 a, f8 b) { return where ? a : b; }

/// Of images of fewer than 8 channels, the windows of which whole vectors may be read, or written before what lies behind
/// is: those of the last ones would reach beyond the row.
INLINE ptrdiff_t whole_windows(ptrdiff_t windows, ptrdiff_t channels) {
  ptrdiff_t some = (8 - 1) / channels;
  return channels < 8 && windows > some ? windows - some : 0;
}

static void pool_maximum_of_squares(const struct pooled_row *p, const float *image, ptrdiff_t channels, float *out) {
  ptrdiff_t whole = whole_windows(p->window_count, channels);
  for (ptrdiff_t w = 0; w < p->window_count; w++, image += 2 * channels, out += channels)
    for (ptrdiff_t c = 0; c < channels; c += 8) {
      const float *x[4] = {image + c, image + channels + c, image + p->row_stride + c,
                           image + p->row_stride + channels + c};
      ptrdiff_t left = w < whole ? 8 : channels - c;
      f8 best = load_up_to(x[0], left);
      _Pragma("clang loop unroll(full)") for (int i = 1; i < 4; i++) {
        f8 other = load_up_to(x[i], left);
        best = select8(exceeds8(other, best), other, best);
      }
      store_up_to(out + c, best, left);
    }
}

/// Sets the pixels of the windows, in place of adding to them.
static void pool_maximum_gradient_of_squares(const struct pooled_row *p, const float *image, ptrdiff_t channels,
                                           const float *maxima, const float *gradient, float *out) {
  ptrdiff_t whole = whole_windows(p->window_count, channels);
  const ptrdiff_t places[4] = {0, channels, p->row_stride, p->row_stride + channels};
  for (ptrdiff_t w = 0; w < p->window_count; w++, image += 2 * channels, out += 2 * channels)
    for (ptrdiff_t c = 0; c < channels; c += 8) {
      ptrdiff_t left = w < whole ? 8 : channels - c;
      f8 best = load_up_to(maxima + w * channels + c, left), g = load_up_to(gradient + w * channels + c, left);
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
        f8 x = load_up_to(image + places[i] + c, left);
        i8 here = (x == best) | ((x != x) & (best != best));
        store_up_to(out + places[i] + c, select8(here, g, splat(0)), left);
        g = select8(here, splat(0), g);
      }
    }
}

static void pool_maximum(const struct pooled_row *p, const float *image, ptrdiff_t channels, float *out) {
  if (p->is_squares_of_two) return pool_maximum_of_squares(p, image, channels, out);
  FOR_WINDOWS({
    f8 best = splat(-INFINITY);
    FOR_PIXELS({
      f8 x = load_up_to(image + pixel, left);
      best = select8(exceeds8(x, best), x, best);
    })
    store_up_to(out + w * channels + c, best, left);
  })
}

static void pool_maximum_gradient(const struct pooled_row *p, const float *image, ptrdiff_t channels,
                                  const float *maxima, const float *gradient, float *out) {
  if (p->is_squares_of_two) return pool_maximum_gradient_of_squares(p, image, channels, maxima, gradient, out);
  FOR_WINDOWS({
    f8 best = load_up_to(maxima + w * channels + c, left), g = load_up_to(gradient + w * channels + c, left);
    // The first of equal ones has it all.
    FOR_PIXELS({
      f8 x = load_up_to(image + pixel, left);
      i8 here = (x == best) | ((x != x) & (best != best));
      store_up_to(out + pixel, load_up_to(out + pixel, left) + select8(here, g, splat(0)), left);
      g = select8(here, splat(0), g);
    })
  })
}

static void pool_average(const struct pooled_row *p, const float *image, ptrdiff_t channels, const float *factors,
                         float *out) {
  FOR_WINDOWS({
    f8 sum = splat(0);
    FOR_PIXELS({ sum += load_up_to(image + pixel, left); })
    store_up_to(out + w * channels + c, sum * splat(factors[w]), left);
  })
}

static void pool_average_gradient(const struct pooled_row *p, ptrdiff_t channels, const float *factors,
                                  const float *gradient, float *out) {
  FOR_WINDOWS({
    f8 g = load_up_to(gradient + w * channels + c, left) * splat(factors[w]);
    FOR_PIXELS({ store_up_to(out + pixel, load_up_to(out + pixel, left) + g, left); })
  })
}

/// d^-beta.
INLINE f8 inverse_power8(f8 d, float beta) {
  if (beta == 0.75f) {
    f8 root = sqrt8(d);
    return splat(1) / (root * sqrt8(root));
  }
  f8 result;
  for (int lane = 0; lane < 8; lane++) result[lane] = powf(d[lane], -beta);
  return result;
}

/// Σ over the window of each channel: from `before` channels before it to `behind` channels behind it. `squares` has
/// room for those beyond both ends.
INLINE f8 window_sum8(const float *values, ptrdiff_t c, ptrdiff_t before, ptrdiff_t behind) {
  f8 sum = splat(0);
  for (ptrdiff_t i = -before; i <= behind; i++) sum += load(values + c + i);
  return sum;
}

static void local_response(const float *x, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t size, float alpha, float beta,
                           float k, float *scratch, float *out) {
  ptrdiff_t before = size / 2, behind = (size - 1) / 2;
  float *squares = scratch + before;
  memset(scratch, 0, (size_t)(channels + size + 8) * sizeof(float));
  for (ptrdiff_t r = 0; r < rows; r++, x += channels, out += channels) {
    for (ptrdiff_t c = 0; c < channels; c++) squares[c] = x[c] * x[c];
    for (ptrdiff_t c = 0; c < channels; c += 8) {
      f8 d = window_sum8(squares, c, before, behind) * splat(alpha / (float)size) + splat(k);
      store_up_to(out + c, load_up_to(x + c, channels - c) * inverse_power8(d, beta), channels - c);
    }
  }
}

static void local_response_gradient(const float *x, const float *g, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t size,
                                    float alpha, float beta, float k, float *scratch, float *out) {
  ptrdiff_t before = size / 2, behind = (size - 1) / 2, room = channels + size + 16;
  // Σ over the windows that see a channel: the other way around.
  float *squares = scratch + before, *shares = scratch + room + behind;
  memset(scratch, 0, (size_t)(2 * room) * sizeof(float));
  float slope = -2 * alpha * beta / (float)size;
  for (ptrdiff_t r = 0; r < rows; r++, x += channels, g += channels, out += channels) {
    for (ptrdiff_t c = 0; c < channels; c++) squares[c] = x[c] * x[c];
    for (ptrdiff_t c = 0; c < channels; c += 8) {
      ptrdiff_t left = channels - c;
      f8 d = window_sum8(squares, c, before, behind) * splat(alpha / (float)size) + splat(k);
      f8 scaled = load_up_to(g + c, left) * inverse_power8(d, beta);
      store_up_to(out + c, scaled, left);
      store_up_to(shares + c, scaled * load_up_to(x + c, left) / d, left);
    }
    for (ptrdiff_t c = 0; c < channels; c += 8) {
      ptrdiff_t left = channels - c;
      f8 sum = window_sum8(shares, c, behind, before) * load_up_to(x + c, left) * splat(slope);
      store_up_to(out + c, load_up_to(out + c, left) + sum, left);
    }
  }
}
