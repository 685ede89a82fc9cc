// The gradient of filters of 3 × 3 or 5 × 5 elements with a stride of 1 by Winograd's algorithm: the adjoint of what `winograd`
// computes, with the same transformation of the input. For each of the 36 points it is a matrix product over the tiles.

/// A·y of 7 - side vectors: the adjoint of `winograd_output`.
INLINE void winograd_gradient6(int side, const widest *y, widest out[6]) {
  widest even = y[0], odd = y[1], even2 = y[0], odd2 = splat_widest(2) * y[1];
  if (side == 3) {
    even += y[2];
    odd += y[3];
    even2 += splat_widest(4) * y[2];
    odd2 += splat_widest(8) * y[3];
  }
  out[0] = y[0];
  out[1] = even + odd;
  out[2] = even - odd;
  out[3] = even2 + odd2;
  out[4] = even2 - odd2;
  out[5] = y[6 - side];
}

/// Gᵀ·u of six vectors: the adjoint of `winograd_filter6`.
INLINE void winograd_elements(int side, const widest u[6], widest *out) {
  widest sixth = splat_widest(1.0f / 6), part = splat_widest(1.0f / 24);
  widest a = sixth * (u[1] + u[2]), b = sixth * (u[1] - u[2]), c = part * (u[3] + u[4]), d = part * (u[3] - u[4]);
  out[0] = splat_widest(0.25f) * u[0] - a + c;
  out[1] = splat_widest(2) * d - b;
  out[2] = splat_widest(4) * c - a;
  if (side == 5) {
    out[3] = splat_widest(8) * d - b;
    out[4] = splat_widest(16) * c - a;
  }
  out[side - 1] += u[5];
}

/// The 36 numbers of the gradients of a tile's windows, of panels of 16 filters.
INLINE void winograd_gradient_of(int side, const float *const *windows, ptrdiff_t n, ptrdiff_t panel_stride,
                                 ptrdiff_t stride, float *out) {
  const int results = 7 - side;
  for (ptrdiff_t f = 0; f < (n + 15) / 16 * 16; f += WIDEST) {
    ptrdiff_t left = n > f ? n - f : 0;
    float *to = out + f / 16 * panel_stride + f % 16;
    widest rows[6][4];
    for (int j = 0; j < results; j++) {
      widest y[4], column[6];
      for (int i = 0; i < results; i++) y[i] = load_widest_up_to(windows[results * i + j] + f, left);
      winograd_gradient6(side, y, column);
      for (int i = 0; i < 6; i++) rows[i][j] = column[i];
    }
    for (int i = 0; i < 6; i++) {
      widest points[6];
      winograd_gradient6(side, rows[i], points);
      for (int j = 0; j < 6; j++) *(widest_unaligned *)(to + (6 * i + j) * stride) = points[j];
    }
  }
}

static void winograd_gradient_tiles(const struct convolution_geometry *g, const float *input, const float *gradient,
                                    ptrdiff_t n, ptrdiff_t first, ptrdiff_t count, ptrdiff_t place, ptrdiff_t tiles,
                                    const float *zeros, float *inputs, float *gradients) {
  ptrdiff_t channels = g->run_length, panels = (n + 15) / 16, across = winograd_tile_windows(g);
  ptrdiff_t row_stride = kernel_winograd_row_stride(channels);
  ptrdiff_t input_stride = kernel_winograd_stride(tiles * row_stride), gradient_stride = kernel_winograd_stride(16 * panels * tiles);
  for (ptrdiff_t t = 0; t < count; t++) {
    struct winograd_tile tile = winograd_tile_at(g, first + t);
    const float *pixels[KERNEL_WINOGRAD_POINTS], *windows[16];
    winograd_pixels(g, input, &tile, zeros, pixels);
    winograd_input(pixels, channels, input_stride, inputs + (place + t) * row_stride);
    const float *base = gradient + tile.image * g->output_image_stride + tile.y * g->output_row_stride +
                        tile.x * g->output_pixel_stride;
    for (ptrdiff_t i = 0; i < across; i++)
      for (ptrdiff_t j = 0; j < across; j++)
        windows[across * i + j] = i < tile.height && j < tile.width
                                    ? base + i * g->output_row_stride + j * g->output_pixel_stride
                                    : zeros;
    if (g->kernel_height == 5) {
      winograd_gradient_of(5, windows, n, 16 * tiles, gradient_stride, gradients + (place + t) * 16);
    } else {
      winograd_gradient_of(3, windows, n, 16 * tiles, gradient_stride, gradients + (place + t) * 16);
    }
  }
}

static void winograd_gradient_products(const float *inputs, ptrdiff_t channels, const float *gradients, ptrdiff_t n,
                                       ptrdiff_t tiles, ptrdiff_t first_channel, ptrdiff_t channel_count,
                                       ptrdiff_t first_panel, ptrdiff_t end_panel, enum product_start start,
                                       float *sums) {
  ptrdiff_t panels = (n + 15) / 16, panel_size = KERNEL_WINOGRAD_POINTS * channel_count * 16;
  ptrdiff_t row_stride = kernel_winograd_row_stride(channels);
  ptrdiff_t input_stride = kernel_winograd_stride(tiles * row_stride), gradient_stride = kernel_winograd_stride(16 * panels * tiles);
  const float *rows[KERNEL_WINOGRAD_GRADIENT_TILES];
  for (ptrdiff_t t = 0; t < tiles; t++) rows[t] = inputs + t * row_stride + first_channel;
  for (ptrdiff_t point = 0; point < KERNEL_WINOGRAD_POINTS; point++) {
    for (ptrdiff_t p = first_panel; p < end_panel && start == product_start_zero; p++)
      memset(sums + (p - first_panel) * panel_size + 16 * point * channel_count, 0,
             (size_t)(16 * channel_count) * sizeof *sums);
    for (ptrdiff_t t = 0; t < tiles; t += KERNEL_WINDOW_BLOCK) {
      ptrdiff_t count = tiles - t < KERNEL_WINDOW_BLOCK ? tiles - t : KERNEL_WINDOW_BLOCK;
      for (ptrdiff_t p = first_panel, together; p < end_panel; p += together) {
        together = panels_together(p, end_panel, 32);
        const float *panel = gradients + point * gradient_stride + 16 * (p * tiles + t);
        float *own = sums + (p - first_panel) * panel_size + 16 * point * channel_count;
        for (ptrdiff_t c = 0, height; c < channel_count; c += height) {
          height = kernel_next_block(channel_count - c);
#if KERNEL_VECTOR_FLOATS == 16
          if (together == 2) {
            filter_gradient_pair_tiles[height - 1](rows + t, count, point * input_stride + c, panel, 16 * tiles,
                                                   own + 16 * c, panel_size);
            continue;
          }
#endif
          filter_gradient_tiles[1][height - 1](rows + t, count, point * input_stride + c, panel, own + 16 * c);
        }
      }
    }
  }
}

INLINE void winograd_gradient_filters_of(int side, const float *sums, ptrdiff_t channel_count, ptrdiff_t run_stride,
                                         float *out) {
  for (ptrdiff_t c = 0; c < channel_count; c++)
    for (ptrdiff_t half = 0; half < 16; half += WIDEST) {
      widest rows[5][6];
      for (int j = 0; j < 6; j++) {
        widest u[6], column[5];
        for (int i = 0; i < 6; i++) u[i] = load_widest(sums + 16 * ((6 * i + j) * channel_count + c) + half);
        winograd_elements(side, u, column);
        for (int i = 0; i < side; i++) rows[i][j] = column[i];
      }
      for (int i = 0; i < side; i++) {
        widest elements[5];
        winograd_elements(side, rows[i], elements);
        for (int j = 0; j < side; j++)
          *(widest_unaligned *)(out + (side * i + j) * run_stride + 16 * c + half) = elements[j];
      }
    }
}

static void winograd_gradient_filters(ptrdiff_t side, const float *sums, ptrdiff_t channel_count, ptrdiff_t run_stride,
                                      float *out) {
  if (side == 5) {
    winograd_gradient_filters_of(5, sums, channel_count, run_stride, out);
  } else {
    winograd_gradient_filters_of(3, sums, channel_count, run_stride, out);
  }
}
