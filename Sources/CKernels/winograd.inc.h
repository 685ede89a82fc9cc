// Convolution under filters of 3 × 3 or 5 × 5 elements with a stride of 1 by Winograd's minimal filtering, F(4×4, 3×3) and
// F(2×2, 5×5) (Lavin & Gray 2015): 36 multiplications for 16 results in place of 144, or for 4 in place of 100. A tile of
// 6 × 6 pixels and a filter are each transformed into 36 numbers, their polynomials' values at 0, ±1, ±2 and infinity on both
// axes; the products of these are 36 matrix products over the channels; a transformation of those gives the results. All
// transformations work on vectors of channels, which lie together. `side` is that of a filter; where a function is called with
// a constant, its loops are unrolled.

/// Bᵀ·d of six vectors.
INLINE void winograd_input6(const widest d[6], widest out[6]) {
  widest a = d[4] - splat_widest(4) * d[2], b = d[3] - splat_widest(4) * d[1], c = d[4] - d[2], e = splat_widest(2) * (d[3] - d[1]);
  out[0] = splat_widest(4) * d[0] - splat_widest(5) * d[2] + d[4];
  out[1] = a + b;
  out[2] = a - b;
  out[3] = c + e;
  out[4] = c - e;
  out[5] = splat_widest(4) * d[1] - splat_widest(5) * d[3] + d[5];
}

/// Aᵀ·m of six vectors: the results of an axis.
INLINE void winograd_output(int side, const widest m[6], widest *out) {
  widest a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  out[0] = m[0] + a + c;
  out[1] = b + splat_widest(2) * d;
  if (side == 5) {
    out[1] += m[5];
  } else {
    out[2] = a + splat_widest(4) * c;
    out[3] = b + splat_widest(8) * d + m[5];
  }
}

/// G·g of `side` vectors.
INLINE void winograd_filter6(int side, const widest *g, widest out[6]) {
  widest even = g[0] + g[2], odd = g[1], even2 = g[0] + splat_widest(4) * g[2], odd2 = splat_widest(2) * g[1];
  if (side == 5) {
    even += g[4];
    odd += g[3];
    even2 += splat_widest(16) * g[4];
    odd2 += splat_widest(8) * g[3];
  }
  out[0] = splat_widest(0.25f) * g[0];
  out[1] = splat_widest(-1.0f / 6) * (even + odd);
  out[2] = splat_widest(-1.0f / 6) * (even - odd);
  out[3] = splat_widest(1.0f / 24) * (even2 + odd2);
  out[4] = splat_widest(1.0f / 24) * (even2 - odd2);
  out[5] = g[side - 1];
}

/// Of a panel's channels first..<end.
INLINE void winograd_filters_of(int side, const float *panel, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t end,
                                ptrdiff_t stride, float *out) {
  for (ptrdiff_t c = first; c < end; c++)
    for (ptrdiff_t half = 0; half < 16; half += WIDEST) {
      widest rows[6][5];
      for (int j = 0; j < side; j++) {
        widest g[5], column[6];
        for (int i = 0; i < side; i++) g[i] = load_widest(panel + 16 * ((side * i + j) * channels + c) + half);
        winograd_filter6(side, g, column);
        for (int i = 0; i < 6; i++) rows[i][j] = column[i];
      }
      for (int i = 0; i < 6; i++) {
        widest points[6];
        winograd_filter6(side, rows[i], points);
        for (int j = 0; j < 6; j++) *(widest_unaligned *)(out + (6 * i + j) * stride + 16 * (c - first) + half) = points[j];
      }
    }
}

static void winograd_filters(ptrdiff_t side, const float *panel, ptrdiff_t channels, ptrdiff_t first, ptrdiff_t end,
                             ptrdiff_t stride, float *out) {
  if (side == 5) {
    winograd_filters_of(5, panel, channels, first, end, stride, out);
  } else {
    winograd_filters_of(3, panel, channels, first, end, stride, out);
  }
}

/// Windows of a tile on an axis.
INLINE ptrdiff_t winograd_tile_windows(const struct convolution_geometry *g) { return 7 - g->kernel_height; }

/// A tile: its image, its first window there, and how many of its windows there are on each axis.
struct winograd_tile {
  ptrdiff_t image, y, x, height, width;
};

INLINE struct winograd_tile winograd_tile_at(const struct convolution_geometry *g, ptrdiff_t index) {
  ptrdiff_t windows = winograd_tile_windows(g);
  ptrdiff_t rows = (g->output_height + windows - 1) / windows, columns = (g->output_width + windows - 1) / windows;
  ptrdiff_t y = index / columns % rows * windows, x = index % columns * windows;
  return (struct winograd_tile){index / (rows * columns), y, x,
                                g->output_height - y < windows ? g->output_height - y : windows,
                                g->output_width - x < windows ? g->output_width - x : windows};
}

/// The 6 × 6 pixels that a tile's windows see.
INLINE void winograd_pixels(const struct convolution_geometry *g, const float *input, const struct winograd_tile *tile,
                            const float *zeros, const float *pixels[KERNEL_WINOGRAD_POINTS]) {
  const float *base = input + tile->image * g->image_stride;
  ptrdiff_t y = tile->y - g->padding_top, x = tile->x - g->padding_left;
  for (ptrdiff_t i = 0; i < 6; i++)
    for (ptrdiff_t j = 0; j < 6; j++) {
      bool inside = y + i >= 0 && y + i < g->height && x + j >= 0 && x + j < g->width;
      pixels[6 * i + j] = inside ? base + (y + i) * g->row_stride + (x + j) * g->pixel_stride : zeros;
    }
}

/// The 36 numbers of a tile, of each channel.
static void winograd_input(const float *const pixels[KERNEL_WINOGRAD_POINTS], ptrdiff_t channels, ptrdiff_t stride,
                           float *out) {
  for (ptrdiff_t c = 0; c < channels; c += WIDEST) {
    ptrdiff_t left = channels - c;
    widest rows[6][6];
    for (ptrdiff_t j = 0; j < 6; j++) {
      widest d[6], column[6];
      for (ptrdiff_t i = 0; i < 6; i++) d[i] = load_widest_up_to(pixels[6 * i + j] + c, left);
      winograd_input6(d, column);
      for (ptrdiff_t i = 0; i < 6; i++) rows[i][j] = column[i];
    }
    for (ptrdiff_t i = 0; i < 6; i++) {
      widest points[6];
      winograd_input6(rows[i], points);
      for (ptrdiff_t j = 0; j < 6; j++) store_widest_up_to(out + (6 * i + j) * stride + c, points[j], left);
    }
  }
}

/// The results of a tile, of some filters.
INLINE void winograd_results_of(int side, const float *products, ptrdiff_t stride, ptrdiff_t width,
                                const struct winograd_tile *tile, const struct convolution_geometry *g,
                                const struct convolution_finish *finish, const float *bias, const float *addend,
                                float *output) {
  widest minimum = splat_widest(finish->minimum);
  for (ptrdiff_t c = 0; c < width; c += WIDEST) {
    ptrdiff_t left = width - c;
    widest lines[4][6], first = bias ? load_widest(bias + c) : splat_widest(0);
    for (int j = 0; j < 6; j++) {
      widest m[6], column[4];
      for (int i = 0; i < 6; i++) m[i] = load_widest(products + (6 * i + j) * stride + c);
      winograd_output(side, m, column);
      for (int i = 0; i < 7 - side; i++) lines[i][j] = column[i];
    }
    for (ptrdiff_t i = 0; i < tile->height; i++) {
      widest results[4];
      winograd_output(side, lines[i], results);
      for (ptrdiff_t j = 0; j < tile->width; j++) {
        ptrdiff_t at = i * g->output_row_stride + j * g->output_pixel_stride + c;
        widest y = results[j] + first;
        if (addend) y += load_widest_up_to(addend + at, left);
        store_widest_up_to(output + at, max_widest(minimum, y), left);
      }
    }
  }
}

static void winograd_results(const float *products, ptrdiff_t stride, ptrdiff_t width, const struct winograd_tile *tile,
                             const struct convolution_geometry *g, const struct convolution_finish *finish,
                             const float *bias, const float *addend, float *output) {
  if (g->kernel_height == 5) {
    winograd_results_of(5, products, stride, width, tile, g, finish, bias, addend, output);
  } else {
    winograd_results_of(3, products, stride, width, tile, g, finish, bias, addend, output);
  }
}

/// Transforms tiles, and divides them into blocks of rows for the products: how many.
static ptrdiff_t winograd_tiles(const struct convolution_geometry *g, const float *input, ptrdiff_t first,
                                ptrdiff_t count, const float *zeros, float *out, struct row_block *blocks) {
  ptrdiff_t block_count = 0;
  for (ptrdiff_t row = 0, height; row < count; row += height) {
    height = kernel_next_block(count - row);
    blocks[block_count++] = (struct row_block){(int32_t)row, (int32_t)height};
  }
  for (ptrdiff_t t = 0; t < count; t++) {
    struct winograd_tile tile = winograd_tile_at(g, first + t);
    const float *pixels[KERNEL_WINOGRAD_POINTS];
    winograd_pixels(g, input, &tile, zeros, pixels);
    winograd_input(pixels, g->run_length, kernel_winograd_stride(count * g->run_length), out + t * g->run_length);
  }
  return block_count;
}

/// Stores the results of tiles under the filters of panels p..<end.
static void winograd_store(const struct convolution_geometry *g, const float *products, ptrdiff_t width,
                           ptrdiff_t first, ptrdiff_t count, ptrdiff_t n, ptrdiff_t p, ptrdiff_t end,
                           const struct convolution_finish *finish, float *output) {
  ptrdiff_t columns = n - 16 * p < 16 * (end - p) ? n - 16 * p : 16 * (end - p);
  for (ptrdiff_t t = 0; t < count; t++) {
    struct winograd_tile tile = winograd_tile_at(g, first + t);
    ptrdiff_t at = tile.image * g->output_image_stride + tile.y * g->output_row_stride +
                   tile.x * g->output_pixel_stride + 16 * p;
    winograd_results(products + t * width, kernel_winograd_stride(count * width), columns, &tile, g, finish,
                     finish->bias ? finish->bias + 16 * p : NULL, finish->addend ? finish->addend + at : NULL,
                     output + at);
  }
}

static void winograd(const struct convolution_geometry *g, const float *input, ptrdiff_t first, ptrdiff_t count,
                     const float *filters, ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel, float *output,
                     const struct convolution_finish *finish, const float *zeros, float *scratch) {
  ptrdiff_t channels = g->run_length, width = 16 * KERNEL_WINOGRAD_PANELS;
  ptrdiff_t input_stride = kernel_winograd_stride(count * channels), product_stride = kernel_winograd_stride(count * width);
  ptrdiff_t filter_stride = kernel_winograd_filter_stride(channels, n);
  float *products = scratch + KERNEL_WINOGRAD_POINTS * input_stride;
  struct row_block blocks[KERNEL_WINOGRAD_TILES];
  ptrdiff_t block_count = winograd_tiles(g, input, first, count, zeros, scratch, blocks);
  for (ptrdiff_t p = first_panel; p < end_panel; p += KERNEL_WINOGRAD_PANELS) {
    ptrdiff_t end = end_panel - p < KERNEL_WINOGRAD_PANELS ? end_panel : p + KERNEL_WINOGRAD_PANELS;
    for (ptrdiff_t point = 0; point < KERNEL_WINOGRAD_POINTS; point++)
      // As many columns as the panels have: the products need no tail.
      multiply_panels(blocks, block_count, channels, scratch + point * input_stride, channels,
                      filters + point * filter_stride + 16 * p * channels, 16 * (end - p), 0, end - p,
                      products + point * product_stride, width, product_start_zero, NULL);
    winograd_store(g, products, width, first, count, n, p, end, finish, output);
  }
}

static void winograd_once(const struct convolution_geometry *g, const float *input, ptrdiff_t first, ptrdiff_t count,
                          const float *panels, ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel, float *output,
                          const struct convolution_finish *finish, const float *zeros, float *scratch) {
  ptrdiff_t channels = g->run_length, runs = (ptrdiff_t)g->kernel_height * g->kernel_width;
  ptrdiff_t width = 16 * KERNEL_WINOGRAD_ONCE_PANELS;
  ptrdiff_t input_stride = kernel_winograd_stride(count * channels), product_stride = kernel_winograd_stride(count * width);
  ptrdiff_t filter_stride = kernel_winograd_stride(width * KERNEL_WINOGRAD_DEPTH);
  float *products = scratch + KERNEL_WINOGRAD_POINTS * input_stride, *filters = products + KERNEL_WINOGRAD_POINTS * product_stride;
  struct row_block blocks[KERNEL_WINOGRAD_TILES];
  ptrdiff_t block_count = winograd_tiles(g, input, first, count, zeros, scratch, blocks);
  for (ptrdiff_t p = first_panel; p < end_panel; p += KERNEL_WINOGRAD_ONCE_PANELS) {
    ptrdiff_t end = end_panel - p < KERNEL_WINOGRAD_ONCE_PANELS ? end_panel : p + KERNEL_WINOGRAD_ONCE_PANELS;
    for (ptrdiff_t k = 0; k < channels; k += KERNEL_WINOGRAD_DEPTH) {
      ptrdiff_t depth = channels - k < KERNEL_WINOGRAD_DEPTH ? channels - k : KERNEL_WINOGRAD_DEPTH;
      for (ptrdiff_t panel = p; panel < end; panel++)
        winograd_filters(g->kernel_height, panels + 16 * panel * runs * channels, channels, k, k + depth, filter_stride,
                         filters + 16 * (panel - p) * depth);
      for (ptrdiff_t point = 0; point < KERNEL_WINOGRAD_POINTS; point++)
        multiply_panels(blocks, block_count, depth, scratch + point * input_stride + k, channels,
                        filters + point * filter_stride, 16 * (end - p), 0, end - p, products + point * product_stride,
                        width, k == 0 ? product_start_zero : product_start_accumulate, NULL);
    }
    winograd_store(g, products, width, first, count, n, p, end, finish, output);
  }
}
