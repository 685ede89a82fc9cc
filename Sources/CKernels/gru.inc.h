// Gated recurrent unit with the reset gate on the hidden product, as PyTorch and cuDNN have it. H' is H rounded up to 16.
// Columns of a row: the candidates n (H'), then the reset and update gates in blocks r₀…r₁₅ z₀…z₁₅ (2H'), then the hidden
// products of the candidates with their bias (H'). So the columns that depend on the input stand side by side (the
// first 3H'), and those that depend on the previous output too (the last 3H').

static void gru_forward_step(const struct recurrent_step *s) {
  quantize_past(s);
  ptrdiff_t padded = (s->hidden + 15) / 16 * 16;
  for (ptrdiff_t first = s->first_unit; first < s->end_unit;) {
    ptrdiff_t units = unit_group(s, first, 16), width = (units + 15) / 16 * 16;
    ptrdiff_t stride = s->keeps_gates ? s->gate_stride : 4 * width;
    float *candidates = s->keeps_gates ? s->gates + first : s->gates;
    float *gates = s->keeps_gates ? s->gates + padded + 2 * first : s->gates + width;
    float *products = s->keeps_gates ? s->gates + 3 * padded + first : s->gates + 3 * width;
    copy_input_products(s, first, width, candidates, stride);
    copy_input_products(s, padded + 2 * first, 2 * width, gates, stride);
    for (ptrdiff_t row = 0; row < s->rows; row++)
      memcpy(products + row * stride, s->recurrent_bias + first, (size_t)width * sizeof(float));
    if (s->past_output) {
      add_recurrent_product(s, first / 8, (first + width) / 8, gates, stride);
      add_recurrent_product(s, (2 * padded + first) / 16, (2 * padded + first + width) / 16, products, stride);
    }
    for (ptrdiff_t row = 0; row < s->rows; row++) {
      float *n = candidates + row * stride, *g = gates + row * stride, *product = products + row * stride;
      for (ptrdiff_t unit = first; unit < first + units; unit += 16, n += 16, g += 32, product += 16) {
        f8 gate[4] = {load(g), load(g + 8), load(g + 16), load(g + 24)};
        sigmoids8(gate);
        f8 candidate[2] = {load(n) + gate[0] * load(product), load(n + 8) + gate[1] * load(product + 8)};
        tanhs8(candidate);
        for (ptrdiff_t v = 0; v < 2 && unit + 8 * v < s->hidden; v++) {
          ptrdiff_t at = unit + 8 * v, left = s->hidden - at;
          f8 update = gate[2 + v], out = (splat(1) - update) * candidate[v];
          if (s->past_output) out += update * load_units(s->past_output + row * s->past_output_stride + at, left);
          store_units(s->output + row * s->output_stride + at, out, left);
        }
        if (s->keeps_gates) {
          for (ptrdiff_t v = 0; v < 4; v++) store(g + 8 * v, gate[v]);
          store(n, candidate[0]);
          store(n + 8, candidate[1]);
        }
      }
    }
    first += units;
  }
}

static void gru_backward_step(const struct recurrent_step_gradient *s) {
  const f8 one = splat(1);
  ptrdiff_t padded = (s->hidden + 15) / 16 * 16;
  for (ptrdiff_t row = 0; row < s->rows; row++) {
    const float *output_gradient = s->output_gradient + row * s->output_gradient_stride;
    const float *past_output = s->past_output ? s->past_output + row * s->past_output_stride : NULL;
    float *state_gradient = s->state_gradient + row * s->state_stride;
    float *row_gates = s->gates + row * s->gate_stride;
    for (ptrdiff_t unit = 0; unit < s->hidden; unit += 8) {
      ptrdiff_t left = s->hidden - unit;
      float *n = row_gates + unit, *r = row_gates + padded + unit / 16 * 32 + unit % 16, *z = r + 16;
      float *product = row_gates + 3 * padded + unit;
      f8 candidate = load(n), reset = load(r), update = load(z);
      f8 past = past_output ? load_units(past_output + unit, left) : splat(0);
      f8 dh = load_units(output_gradient + unit, left) + load(state_gradient + unit);
      f8 dn = dh * (one - update) * (one - candidate * candidate);
      store(r, dn * load(product) * reset * (one - reset));
      store(z, dh * (past - candidate) * update * (one - update));
      store(n, dn);
      store(product, dn * reset);
      store(state_gradient + unit, dh * update);
    }
    // Units that only fill the last block: their candidates and gates are not what a gradient may be.
    for (ptrdiff_t unit = (s->hidden + 7) / 8 * 8; unit < padded; unit += 8) {
      float *r = row_gates + padded + unit / 16 * 32 + unit % 16;
      store(row_gates + unit, splat(0));
      store(r, splat(0));
      store(r + 16, splat(0));
      store(row_gates + 3 * padded + unit, splat(0));
      store(state_gradient + unit, splat(0));
    }
  }
}
