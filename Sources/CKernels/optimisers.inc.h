// Softmax with cross-entropy, and the steps of the optimisers.

/// One row: writes the probabilities, returns log Σ e^(x - max) and, through `highest`, the maximum.
static float softmax_row(const float *logits, ptrdiff_t classes, float *probabilities, float *highest) {
  float top = maximum(logits, classes), total = 0;
  for (ptrdiff_t i = 0; i < classes; i += 8) {
    ptrdiff_t width = classes - i < 8 ? classes - i : 8;
    if (width == 8) {
      f8 e = exp8(load(logits + i) - splat(top));
      store(probabilities + i, e);
      total += sum_lanes(e);
    } else {
      f8 e = exp8(load_some(logits + i, width) - splat(top));
      store_some(probabilities + i, e, width);
      for (ptrdiff_t j = 0; j < width; j++) total += probabilities[i + j];
    }
  }
  scale(probabilities, 1 / total, probabilities, classes);
  *highest = top;
  return logf(total);
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
    float top, normaliser = softmax_row(row, classes, probabilities + r * classes, &top);
    loss += (double)normaliser + (double)top - (double)row[targets[r]];
  }
  return loss;
}

INLINE void adam8(f8 *p, f8 *m, f8 *v, f8 g, const struct adam_step *s) {
  g = g * splat(s->gradient_scale) + *p * splat(s->weight_decay);
  *m = *m * splat(s->beta1) + g * splat(1 - s->beta1);
  *v = *v * splat(s->beta2) + g * g * splat(1 - s->beta2);
  *p = *p - splat(s->step_size) * *m / (sqrt8(*v) * splat(s->second_moment_scale) + splat(s->epsilon));
}

static void adam(float *parameter, float *first_moment, float *second_moment, const float *gradient, ptrdiff_t n,
                 const struct adam_step *step) {
  ptrdiff_t i = 0;
  for (; i + 8 <= n; i += 8) {
    f8 p = load(parameter + i), m = load(first_moment + i), v = load(second_moment + i);
    adam8(&p, &m, &v, load(gradient + i), step);
    store(parameter + i, p);
    store(first_moment + i, m);
    store(second_moment + i, v);
  }
  if (i < n) {
    ptrdiff_t w = n - i;
    f8 p = load_some(parameter + i, w), m = load_some(first_moment + i, w), v = load_some(second_moment + i, w);
    adam8(&p, &m, &v, load_some(gradient + i, w), step);
    store_some(parameter + i, p, w);
    store_some(first_moment + i, m, w);
    store_some(second_moment + i, v, w);
  }
}

static void momentum(float *parameter, float *velocity, const float *gradient, ptrdiff_t n, float rate,
                     float momentum, float gradient_scale, float weight_decay) {
  for (ptrdiff_t i = 0; i < n; i++) {
    float g = gradient[i] * gradient_scale + parameter[i] * weight_decay;
    velocity[i] = velocity[i] * momentum + g;
    parameter[i] -= rate * velocity[i];
  }
}
