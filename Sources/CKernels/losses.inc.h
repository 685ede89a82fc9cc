// Softmax and the losses.

/// One row: writes the probabilities, returns log Σ e^(x - max) and, through `highest`, the maximum. Sums run in blocks
/// of 4096 classes, whose results are added in double precision.
static float softmax_row(const float *logits, ptrdiff_t classes, float *probabilities, float *highest) {
  float top = maximum(logits, classes);
  double total = 0;
  for (ptrdiff_t first = 0; first < classes; first += 4096) {
    ptrdiff_t end = classes - first < 4096 ? classes : first + 4096;
    float sum = 0;
    for (ptrdiff_t i = first; i < end; i += 8) {
      ptrdiff_t width = end - i < 8 ? end - i : 8;
      if (width == 8) {
        f8 e = exp8(load(logits + i) - splat(top));
        store(probabilities + i, e);
        sum += sum_lanes(e);
      } else {
        f8 e = exp8(load_some(logits + i, width) - splat(top));
        store_some(probabilities + i, e, width);
        for (ptrdiff_t j = 0; j < width; j++) sum += probabilities[i + j];
      }
    }
    total += (double)sum;
  }
  scale(probabilities, 1 / (float)total, probabilities, classes);
  *highest = top;
  return logf((float)total);
}

static void softmax(const float *logits, ptrdiff_t rows, ptrdiff_t classes, float *probabilities) {
  float top;
  for (ptrdiff_t r = 0; r < rows; r++) softmax_row(logits + r * classes, classes, probabilities + r * classes, &top);
}

static double softmax_cross_entropy(const float *logits, ptrdiff_t rows, ptrdiff_t classes, const int32_t *targets,
                                    float *probabilities) {
  double loss = 0;
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float *row = logits + r * classes;
    // Before the probabilities, which may take the place of the logits.
    float own = row[targets[r]];
    float top, normaliser = softmax_row(row, classes, probabilities + r * classes, &top);
    loss += (double)normaliser + (double)top - (double)own;
  }
  return loss;
}

static void softmax_gradient(const float *y, const float *gradient, ptrdiff_t rows, ptrdiff_t classes, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, y += classes, gradient += classes, out += classes) {
    f8 product = splat(dot(y, gradient, classes));
    for (ptrdiff_t i = 0; i < classes; i += 8) {
      ptrdiff_t w = classes - i;
      store_up_to(out + i, load_up_to(y + i, w) * (load_up_to(gradient + i, w) - product), w);
    }
  }
}

static void log_softmax(const float *logits, ptrdiff_t rows, ptrdiff_t classes, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, logits += classes, out += classes) {
    // The probabilities go where the result will stand: they are not needed.
    float top, normaliser = softmax_row(logits, classes, out, &top);
    for (ptrdiff_t i = 0; i < classes; i += 8) {
      ptrdiff_t w = classes - i;
      store_up_to(out + i, (load_up_to(logits + i, w) - splat(top)) - splat(normaliser), w);
    }
  }
}

static void log_softmax_gradient(const float *y, const float *gradient, ptrdiff_t rows, ptrdiff_t classes,
                                 float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, y += classes, gradient += classes, out += classes) {
    f8 total = splat((float)sum(gradient, classes));
    for (ptrdiff_t i = 0; i < classes; i += 8) {
      ptrdiff_t w = classes - i;
      store_up_to(out + i, load_up_to(gradient + i, w) - exp8(load_up_to(y + i, w)) * total, w);
    }
  }
}

static void cross_entropy_gradient(const float *probabilities, ptrdiff_t classes, ptrdiff_t target, float scale,
                                   float share, float spread, const float *weights, float target_share, float *out) {
  for (ptrdiff_t i = 0; i < classes; i += 8) {
    ptrdiff_t w = classes - i;
    f8 weight = weights ? load_up_to(weights + i, w) : splat(1);
    store_up_to(out + i, (load_up_to(probabilities + i, w) * splat(share) - splat(spread) * weight) * splat(scale), w);
  }
  float weight = weights ? weights[target] : 1;
  out[target] = (probabilities[target] * share - spread * weight - target_share) * scale;
}

static double multi_margin(const float *x, ptrdiff_t classes, ptrdiff_t target, float margin, int32_t power) {
  double total = 0;
  f8 offset = splat(margin - x[target]);
  for (ptrdiff_t first = 0; first < classes; first += 4096) {
    ptrdiff_t end = classes - first < 4096 ? classes : first + 4096;
    f8 sum = splat(0);
    for (ptrdiff_t i = first; i < end; i += 8) {
      f8 z = keep8(max8(splat(0), load_up_to(x + i, end - i) + offset), end - i);
      sum += power == 1 ? z : z * z;
    }
    total += (double)sum_lanes(sum);
  }
  float own = margin - x[target] + x[target];
  own = own > 0 ? own : 0;
  return total - (double)(power == 1 ? own : own * own);
}

static void multi_margin_gradient(const float *x, ptrdiff_t classes, ptrdiff_t target, float margin, int32_t power,
                                  float scale, float *out) {
  double total = 0;
  f8 offset = splat(margin - x[target]);
  for (ptrdiff_t i = 0; i < classes; i += 8) {
    ptrdiff_t w = classes - i;
    f8 z = load_up_to(x + i, w) + offset;
    f8 slope = z > splat(0) ? (power == 1 ? splat(scale) : splat(2 * scale) * z) : splat(0);
    store_up_to(out + i, slope, w);
    total += (double)sum_lanes(keep8(slope, w));
  }
  out[target] = (float)((double)out[target] - total);
}

/// A sum over pairs, in blocks of 4096 whose results are added in double precision, and its gradient.
#define PAIR_LOSS(NAME, PARAMETERS, LOSS, GRADIENT_PARAMETERS, GRADIENT)                             \
  static double NAME PARAMETERS {                                                                    \
    double total = 0;                                                                                \
    for (ptrdiff_t first = 0; first < n; first += 4096) {                                            \
      ptrdiff_t end = n - first < 4096 ? n : first + 4096;                                           \
      f8 total8 = splat(0);                                                                          \
      for (ptrdiff_t i = first; i < end; i += 8) {                                                   \
        f8 x = load_up_to(xs + i, end - i), y = load_up_to(ys + i, end - i);                         \
        total8 += keep8(LOSS, end - i);                                                              \
      }                                                                                              \
      total += (double)sum_lanes(total8);                                                            \
    }                                                                                                \
    return total;                                                                                    \
  }                                                                                                  \
  static void NAME##_gradient GRADIENT_PARAMETERS {                                                  \
    for (ptrdiff_t i = 0, end = n; i < end; i += 8) {                                                \
      f8 x = load_up_to(xs + i, end - i), y = load_up_to(ys + i, end - i);                           \
      store_up_to(out + i, (GRADIENT) * splat(scale), end - i);                                      \
    }                                                                                                \
  }

#define WEIGHT8 (weights ? load_up_to(weights + i, end - i) : splat(1))
PAIR_LOSS(binary_cross_entropy, (const float *xs, const float *ys, const float *weights, ptrdiff_t n),
          (splat(1) - y) * x + (splat(1) + (WEIGHT8 - splat(1)) * y) * softplus8(-x),
          (const float *xs, const float *ys, const float *weights, float scale, float *out, ptrdiff_t n),
          (splat(1) - y) - (splat(1) + (WEIGHT8 - splat(1)) * y) * sigmoid8(-x))

/// The logit of the true class against the other one.
INLINE f8 true_logit8(f8 x, f8 y) { return y > splat(0.5f) ? x : -x; }
INLINE f8 true_weight8(f8 y, float alpha) {
  return alpha < 0 ? splat(1) : y > splat(0.5f) ? splat(alpha) : splat(1 - alpha);
}
INLINE f8 focal_gradient8(f8 x, f8 y, float gamma, float alpha) {
  f8 z = true_logit8(x, y), log_rest = softplus8(z), log_true = softplus8(-z);
  f8 slope = splat(-gamma) * sigmoid8(z) * log_true - sigmoid8(-z);
  return true_weight8(y, alpha) * exp8(splat(-gamma) * log_rest) * (y > splat(0.5f) ? slope : -slope);
}
PAIR_LOSS(binary_focal_loss, (const float *xs, const float *ys, float gamma, float alpha, ptrdiff_t n),
          true_weight8(y, alpha) * exp8(splat(-gamma) * softplus8(true_logit8(x, y))) *
              softplus8(-true_logit8(x, y)),
          (const float *xs, const float *ys, float gamma, float alpha, float scale, float *out, ptrdiff_t n),
          focal_gradient8(x, y, gamma, alpha))

PAIR_LOSS(squared_error, (const float *xs, const float *ys, ptrdiff_t n), (x - y) * (x - y),
          (const float *xs, const float *ys, float scale, float *out, ptrdiff_t n), splat(2) * (x - y))

INLINE f8 smooth_l1_8(f8 distance, float beta) {
  return distance < splat(beta) ? distance * distance * splat(0.5f / beta) : distance - splat(0.5f * beta);
}
PAIR_LOSS(smooth_l1, (const float *xs, const float *ys, float beta, ptrdiff_t n),
          smooth_l1_8(absolute8(x - y), beta),
          (const float *xs, const float *ys, float beta, float scale, float *out, ptrdiff_t n),
          max8(splat(-1), min8(splat(1), (x - y) / splat(beta))))

PAIR_LOSS(hinge, (const float *xs, const float *ys, float margin, ptrdiff_t n),
          max8(splat(0), splat(margin) - x * y),
          (const float *xs, const float *ys, float margin, float scale, float *out, ptrdiff_t n),
          splat(margin) - x * y > splat(0) ? -y : splat(0))
