// Convolution under filters of 3 × 3 with a stride of 1 by Winograd's minimal filtering F(4×4, 3×3) (Lavin & Gray 2015):
// 36 multiplications for 16 results in place of 144. A tile of 6 × 6 pixels and a filter are each transformed into 36
// numbers, whose products are 36 matrix products over the channels; a transformation of those gives 4 × 4 results. All
// transformations work on vectors of channels, which lie together.

#define WINOGRAD_POINTS 36
/// Panels of filters whose products are held at a time.
#define WINOGRAD_PANELS 4

/// Floats between two of the 36 matrices of `size` floats: a cache line more than they take, since matrices at a distance
/// of a power of two would share cache sets.
INLINE ptrdiff_t winograd_stride(ptrdiff_t size) { return size + 16; }

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

/// Aᵀ·m of six vectors.
INLINE void winograd_output4(const widest m[6], widest out[4]) {
  widest a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  out[0] = m[0] + a + c;
  out[1] = b + splat_widest(2) * d;
  out[2] = a + splat_widest(4) * c;
  out[3] = b + splat_widest(8) * d + m[5];
}

/// G·g of three vectors.
INLINE void winograd_filter6(const widest g[3], widest out[6]) {
  widest a = (g[0] + g[2]) * splat_widest(-1.0f / 6), b = g[1] * splat_widest(-1.0f / 6);
  widest c = g[0] * splat_widest(1.0f / 24) + g[2] * splat_widest(1.0f / 6), d = g[1] * splat_widest(1.0f / 12);
  out[0] = g[0] * splat_widest(0.25f);
  out[1] = a + b;
  out[2] = a - b;
  out[3] = c + d;
  out[4] = c - d;
  out[5] = g[2];
}

static void winograd_filters(const float *panel, ptrdiff_t channels, ptrdiff_t stride, float *out) {
  for (ptrdiff_t c = 0; c < channels; c++)
    for (ptrdiff_t half = 0; half < 16; half += WIDEST) {
      widest rows[6][3];
      for (ptrdiff_t j = 0; j < 3; j++) {
        widest g[3], column[6];
        for (ptrdiff_t i = 0; i < 3; i++) g[i] = load_widest(panel + 16 * ((3 * i + j) * channels + c) + half);
        winograd_filter6(g, column);
        for (ptrdiff_t i = 0; i < 6; i++) rows[i][j] = column[i];
      }
      for (ptrdiff_t i = 0; i < 6; i++) {
        widest points[6];
        winograd_filter6(rows[i], points);
        for (ptrdiff_t j = 0; j < 6; j++) *(widest_unaligned *)(out + (6 * i + j) * stride + 16 * c + half) = points[j];
      }
    }
}

/// The 36 numbers of a tile, of each channel.
static void winograd_input(const float *const pixels[WINOGRAD_POINTS], ptrdiff_t channels, ptrdiff_t stride,
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

/// The results of a tile, of some filters: `rows` × `columns` of the 4 × 4 lie on the image.
static void winograd_output(const float *products, ptrdiff_t stride, ptrdiff_t width, ptrdiff_t rows,
                            ptrdiff_t columns, const struct convolution_geometry *g,
                            const struct convolution_finish *finish, const float *bias, const float *addend,
                            float *output) {
  widest minimum = splat_widest(finish->minimum);
  for (ptrdiff_t c = 0; c < width; c += WIDEST) {
    ptrdiff_t left = width - c;
    widest lines[4][6], first = bias ? load_widest(bias + c) : splat_widest(0);
    for (ptrdiff_t j = 0; j < 6; j++) {
      widest m[6], column[4];
      for (ptrdiff_t i = 0; i < 6; i++) m[i] = load_widest(products + (6 * i + j) * stride + c);
      winograd_output4(m, column);
      for (ptrdiff_t i = 0; i < 4; i++) lines[i][j] = column[i];
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
      widest results[4];
      winograd_output4(lines[i], results);
      for (ptrdiff_t j = 0; j < columns; j++) {
        ptrdiff_t at = i * g->output_row_stride + j * g->output_pixel_stride + c;
        widest y = results[j] + first;
        if (addend) y += load_widest_up_to(addend + at, left);
        store_widest_up_to(output + at, max_widest(minimum, y), left);
      }
    }
  }
}

static void winograd(const struct convolution_geometry *g, const float *input, ptrdiff_t first, ptrdiff_t count,
                     const float *filters, ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel, float *output,
                     const struct convolution_finish *finish, const float *zeros, float *scratch) {
  ptrdiff_t channels = g->run_length, panel_count = (n + 15) / 16;
  ptrdiff_t tile_rows = (g->output_height + 3) / 4, tile_columns = (g->output_width + 3) / 4;
  ptrdiff_t input_stride = winograd_stride(count * channels), width = 16 * WINOGRAD_PANELS;
  ptrdiff_t product_stride = winograd_stride(count * width);
  ptrdiff_t filter_stride = winograd_stride(16 * panel_count * channels);
  float *products = scratch + WINOGRAD_POINTS * input_stride;
  struct row_block blocks[KERNEL_WINOGRAD_TILES];
  ptrdiff_t block_count = 0;
  for (ptrdiff_t row = 0, height; row < count; row += height) {
    height = kernel_next_block(count - row);
    blocks[block_count++] = (struct row_block){(int32_t)row, (int32_t)height};
  }
  for (ptrdiff_t t = 0; t < count; t++) {
    ptrdiff_t tile = first + t, image = tile / (tile_rows * tile_columns);
    ptrdiff_t y = tile / tile_columns % tile_rows * 4 - g->padding_top, x = tile % tile_columns * 4 - g->padding_left;
    const float *base = input + image * g->image_stride, *pixels[WINOGRAD_POINTS];
    for (ptrdiff_t i = 0; i < 6; i++)
      for (ptrdiff_t j = 0; j < 6; j++) {
        bool inside = y + i >= 0 && y + i < g->height && x + j >= 0 && x + j < g->width;
        pixels[6 * i + j] = inside ? base + (y + i) * g->row_stride + (x + j) * g->pixel_stride : zeros;
      }
    winograd_input(pixels, channels, input_stride, scratch + t * channels);
  }
  for (ptrdiff_t p = first_panel; p < end_panel; p += WINOGRAD_PANELS) {
    ptrdiff_t end = end_panel - p < WINOGRAD_PANELS ? end_panel : p + WINOGRAD_PANELS;
    ptrdiff_t columns = n - 16 * p < 16 * (end - p) ? n - 16 * p : 16 * (end - p);
    for (ptrdiff_t point = 0; point < WINOGRAD_POINTS; point++)
      // As many columns as the panels have: the products need no tail.
      multiply_panels(blocks, block_count, channels, scratch + point * input_stride, channels,
                      filters + point * filter_stride + 16 * p * channels, 16 * (end - p), 0, end - p,
                      products + point * product_stride, width, product_start_zero, NULL);
    for (ptrdiff_t t = 0; t < count; t++) {
      ptrdiff_t tile = first + t, image = tile / (tile_rows * tile_columns);
      ptrdiff_t y = tile / tile_columns % tile_rows * 4, x = tile % tile_columns * 4;
      ptrdiff_t at = image * g->output_image_stride + y * g->output_row_stride + x * g->output_pixel_stride + 16 * p;
      winograd_output(products + t * width, product_stride, columns,
                      g->output_height - y < 4 ? g->output_height - y : 4,
                      g->output_width - x < 4 ? g->output_width - x : 4, g, finish,
                      finish->bias ? finish->bias + 16 * p : NULL, finish->addend ? finish->addend + at : NULL,
                      output + at);
    }
  }
}
