// Softmax with cross-entropy.

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
