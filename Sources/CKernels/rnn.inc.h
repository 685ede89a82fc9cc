// The simple recurrent network of Elman (1990), with tanh or ReLU. A row has one column for each unit, in blocks of 16;
// the activation is the output, so that the backward pass needs no gates.

INLINE void rnn_forward_step(const struct recurrent_step *s, bool is_relu) {
  quantize_past(s);
  for (ptrdiff_t first = s->first_unit; first < s->end_unit;) {
    ptrdiff_t units = unit_group(s, first, 16), width = (units + 15) / 16 * 16;
    float *sums = s->gates;
    copy_input_products(s, first, width, sums, width);
    if (s->past_output) add_recurrent_product(s, first / 16, (first + width) / 16, sums, width);
    for (ptrdiff_t row = 0; row < s->rows; row++) {
      for (ptrdiff_t unit = 0; unit < units; unit += 16) {
        f8 x[2] = {load(sums + row * width + unit), load(sums + row * width + unit + 8)};
        if (is_relu) {
          for (int v = 0; v < 2; v++) x[v] = max8(splat(0), x[v]);
        } else {
          tanhs8(x);
        }
        for (ptrdiff_t v = 0; v < 2 && first + unit + 8 * v < s->hidden; v++) {
          ptrdiff_t at = first + unit + 8 * v;
          store_units(s->output + row * s->output_stride + at, x[v], s->hidden - at);
        }
      }
    }
    first += units;
  }
}

INLINE void rnn_backward_step(const struct recurrent_step_gradient *s, bool is_relu) {
  ptrdiff_t padded = (s->hidden + 15) / 16 * 16;
  for (ptrdiff_t row = 0; row < s->rows; row++) {
    const float *output_gradient = s->output_gradient + row * s->output_gradient_stride;
    const float *output = s->output + row * s->output_stride;
    float *state_gradient = s->state_gradient + row * s->state_stride;
    float *gates = s->gates + row * s->gate_stride;
    for (ptrdiff_t unit = 0; unit < padded; unit += 8) {
      ptrdiff_t left = s->hidden - unit;
      f8 gradient = splat(0);
      if (left > 0) {
        f8 y = load_units(output + unit, left);
        f8 dh = load_units(output_gradient + unit, left) + load(state_gradient + unit);
        gradient = is_relu ? (y > splat(0) ? dh : splat(0)) : dh * (splat(1) - y * y);
      }
      store(gates + unit, gradient);
      store(state_gradient + unit, splat(0));
    }
  }
}

static void rnn_tanh_forward_step(const struct recurrent_step *s) { rnn_forward_step(s, false); }
static void rnn_relu_forward_step(const struct recurrent_step *s) { rnn_forward_step(s, true); }
static void rnn_tanh_backward_step(const struct recurrent_step_gradient *s) { rnn_backward_step(s, false); }
static void rnn_relu_backward_step(const struct recurrent_step_gradient *s) { rnn_backward_step(s, true); }
