// Recurrent cells. A step multiplies the previous outputs with the recurrent weight and applies the gates while the
// products are still in the first-level cache.

/// gates (32 columns: two panels) += past_output · weight
static void add_recurrent_product(const struct lstm_step *s, const float *panels, float *gates) {
  ptrdiff_t rows = s->rows_with_past, k = s->hidden;
  for (ptrdiff_t half = 0; half < 2; half++) {
    for (ptrdiff_t first = 0; first < k; first += KERNEL_DEPTH_BLOCK) {
      ptrdiff_t depth = k - first < KERNEL_DEPTH_BLOCK ? k - first : KERNEL_DEPTH_BLOCK;
      for (ptrdiff_t row = 0; row < rows; row += KERNEL_ROW_BLOCK) {
        ptrdiff_t height = rows - row < KERNEL_ROW_BLOCK ? rows - row : KERNEL_ROW_BLOCK;
        tiles[1][height - 1](s->past_output + row * s->output_stride + first, s->output_stride, 1,
                             panels + 16 * (half * k + first), depth, gates + row * s->gate_stride + 16 * half,
                             s->gate_stride, 16, product_start_accumulate, NULL);
      }
    }
  }
}

static void lstm_forward_step(const struct lstm_step *s, const float *packed_recurrent_weight) {
  for (ptrdiff_t unit = 0; unit < s->hidden; unit += 8) {
    ptrdiff_t width = s->hidden - unit;
    float *gates = s->gates + 4 * unit;
    if (s->rows_with_past > 0)
      add_recurrent_product(s, packed_recurrent_weight + 4 * unit * (ptrdiff_t)s->hidden, gates);
    for (ptrdiff_t row = 0; row < s->rows; row++) {
      float *g = gates + row * s->gate_stride;
      f8 input = load(g), forget = load(g + 8), candidate = load(g + 16), out = load(g + 24);
      gates8(&input, &forget, &candidate, &out);
      f8 cell = input * candidate;
      if (row < s->rows_with_past) cell = forget * load(s->past_cell + row * s->cell_stride + unit) + cell;
      f8 output = out * tanh8(cell);
      store(g, input);
      store(g + 8, forget);
      store(g + 16, candidate);
      store(g + 24, out);
      store(s->cell + row * s->cell_stride + unit, cell);
      float *to = s->output + row * s->output_stride + unit;
      if (width >= 8) {
        store(to, output);
      } else {
        store_some(to, output, width);
      }
    }
  }
}

static void lstm_backward_step(const struct lstm_step_gradient *s) {
  const f8 one = splat(1);
  for (ptrdiff_t row = 0; row < s->rows; row++) {
    const float *output_gradient = s->output_gradient + row * s->output_stride;
    const float *recurrent_gradient = s->recurrent_gradient + row * s->cell_stride;
    const float *cell = s->cell + row * s->cell_stride;
    const float *past_cell = row < s->rows_with_past ? s->past_cell + row * s->cell_stride : NULL;
    float *cell_gradient = s->cell_gradient + row * s->cell_stride;
    float *gates = s->gates + row * s->gate_stride;
    for (ptrdiff_t unit = 0; unit < s->hidden; unit += 8) {
      ptrdiff_t width = s->hidden - unit;
      float *g = gates + 4 * unit;
      f8 input = load(g), forget = load(g + 8), candidate = load(g + 16), out = load(g + 24);
      f8 squashed = tanh8(load(cell + unit));
      f8 dh = width >= 8 ? load(output_gradient + unit) : load_some(output_gradient + unit, width);
      dh += load(recurrent_gradient + unit);
      f8 dc = dh * out * (one - squashed * squashed) + load(cell_gradient + unit);
      f8 past = past_cell ? load(past_cell + unit) : splat(0);
      store(cell_gradient + unit, dc * forget);
      store(g, dc * candidate * input * (one - input));
      store(g + 8, dc * past * forget * (one - forget));
      store(g + 16, dc * input * (one - candidate * candidate));
      store(g + 24, dh * squashed * out * (one - out));
    }
  }
}
