// Long short-term memory. Gates stand in blocks of 8 units: i₀…i₇ f₀…f₇ g₀…g₇ o₀…o₇, 32 columns (two panels) a block.

static void lstm_forward_step(const struct recurrent_step *s) {
  quantize_past(s);
  for (ptrdiff_t first = s->first_unit; first < s->end_unit;) {
    ptrdiff_t units = unit_group(s, first, 8), blocks = (units + 7) / 8;
    float *group = s->keeps_gates ? s->gates + 4 * first : s->gates;
    ptrdiff_t stride = s->keeps_gates ? s->gate_stride : 32 * blocks;
    copy_input_products(s, 4 * first, 32 * blocks, group, stride);
    if (s->past_output) add_recurrent_product(s, first / 4, first / 4 + 2 * blocks, group, stride);
    for (ptrdiff_t row = 0; row < s->rows; row++) {
      float *g = group + row * stride;
      for (ptrdiff_t unit = first; unit < first + units; unit += 8, g += 32) {
        f8 input = load(g), forget = load(g + 8), candidate = load(g + 16), out = load(g + 24);
        lstm_gates8(&input, &forget, &candidate, &out);
        f8 cell = input * candidate;
        if (s->past_cell) cell = forget * load(s->past_cell + row * s->past_cell_stride + unit) + cell;
        if (s->keeps_gates) {
          store(g, input);
          store(g + 8, forget);
          store(g + 16, candidate);
          store(g + 24, out);
        }
        store(s->cell + row * s->cell_stride + unit, cell);
        store_units(s->output + row * s->output_stride + unit, out * tanh8(cell), s->hidden - unit);
      }
    }
    first += units;
  }
}

static void lstm_backward_step(const struct recurrent_step_gradient *s) {
  const f8 one = splat(1);
  for (ptrdiff_t row = 0; row < s->rows; row++) {
    const float *output_gradient = s->output_gradient + row * s->output_gradient_stride;
    const float *past_cell = s->past_cell ? s->past_cell + row * s->past_cell_stride : NULL;
    const float *cell = s->cell + row * s->cell_stride;
    float *state_gradient = s->state_gradient + row * s->state_stride;
    float *cell_gradient = s->cell_gradient + row * s->state_stride;
    float *gates = s->gates + row * s->gate_stride;
    for (ptrdiff_t unit = 0; unit < s->hidden; unit += 8) {
      float *g = gates + 4 * unit;
      f8 input = load(g), forget = load(g + 8), candidate = load(g + 16), out = load(g + 24);
      f8 squashed = tanh8(load(cell + unit));
      f8 dh = load_units(output_gradient + unit, s->hidden - unit) + load(state_gradient + unit);
      f8 dc = dh * out * (one - squashed * squashed) + load(cell_gradient + unit);
      f8 past = past_cell ? load(past_cell + unit) : splat(0);
      store(state_gradient + unit, splat(0));
      store(cell_gradient + unit, dc * forget);
      store(g, dc * candidate * input * (one - input));
      store(g + 8, dc * past * forget * (one - forget));
      store(g + 16, dc * input * (one - candidate * candidate));
      store(g + 24, dh * squashed * out * (one - out));
    }
  }
}
