// The windows under a convolution's filters as columns of a matrix, gathered just before they are multiplied and
// scattered back for the gradient, some columns and some rows at a time, so that the whole matrix never exists.

/// What one row of patches reads: an element of the filter, as an offset into the image.
struct patch_row {
  ptrdiff_t plane;  ///< the first element of its channel
  ptrdiff_t y, x;  ///< where the filter's element falls for the window at (0, 0)
};

INLINE struct patch_row patch_row(const struct convolution_shape *s, ptrdiff_t k) {
  ptrdiff_t area = (ptrdiff_t)s->kernel_height * s->kernel_width, channel = k / area, element = k % area;
  return (struct patch_row){
      channel * s->height * s->width,
      element / s->kernel_width * s->dilation_height - s->padding_top,
      element % s->kernel_width * s->dilation_width - s->padding_left,
  };
}

/// Of the windows first..<end of one row of the output, those that lie inside of the image at the column x + o·stride.
INLINE void inside(const struct convolution_shape *s, ptrdiff_t x, ptrdiff_t first, ptrdiff_t end, ptrdiff_t *low,
                   ptrdiff_t *high) {
  ptrdiff_t stride = s->stride_width, l = x >= 0 ? 0 : (-x + stride - 1) / stride;
  ptrdiff_t h = x >= s->width ? 0 : (s->width - x + stride - 1) / stride;
  *low = l < first ? first : l > end ? end : l;
  *high = h < *low ? *low : h > end ? end : h;
}

static void gather_patches(const struct convolution_shape *s, const float *image, ptrdiff_t first_k, ptrdiff_t k_count,
                           ptrdiff_t first_window, ptrdiff_t count, ptrdiff_t panel_width, float *panels) {
  for (ptrdiff_t start = 0; start < count; start += panel_width, panels += k_count * panel_width) {
    ptrdiff_t width = count - start < panel_width ? count - start : panel_width;
    ptrdiff_t first_row = (first_window + start) / s->output_width;
    ptrdiff_t first_column = (first_window + start) % s->output_width;
    for (ptrdiff_t k = 0; k < k_count; k++) {
      struct patch_row from = patch_row(s, first_k + k);
      float *to = panels + k * panel_width;
      ptrdiff_t row = first_row, column = first_column;
      for (ptrdiff_t done = 0; done < width; row++, column = 0) {
        ptrdiff_t end = column + (width - done);
        if (end > s->output_width) end = s->output_width;
        ptrdiff_t y = from.y + row * s->stride_height, low = end, high = end;
        if (y >= 0 && y < s->height) inside(s, from.x, column, end, &low, &high);
        ptrdiff_t line = y * s->width + from.x;
        for (ptrdiff_t o = column; o < low; o++) *to++ = 0;
        if (s->stride_width == 1) {
          for (ptrdiff_t o = low; o < high; o++) *to++ = image[from.plane + line + o];
        } else {
          for (ptrdiff_t o = low; o < high; o++) *to++ = image[from.plane + line + o * s->stride_width];
        }
        for (ptrdiff_t o = high; o < end; o++) *to++ = 0;
        done += end - column;
      }
      for (ptrdiff_t o = width; o < panel_width; o++) *to++ = 0;
    }
  }
}

static void scatter_patches(const struct convolution_shape *s, const float *patches, ptrdiff_t first_k,
                            ptrdiff_t k_count, ptrdiff_t first_window, ptrdiff_t count, float *image) {
  ptrdiff_t first_row = first_window / s->output_width, first_column = first_window % s->output_width;
  for (ptrdiff_t k = 0; k < k_count; k++) {
    struct patch_row at = patch_row(s, first_k + k);
    const float *from = patches + k * count;
    ptrdiff_t row = first_row, column = first_column;
    for (ptrdiff_t done = 0; done < count; row++, column = 0) {
      ptrdiff_t end = column + (count - done);
      if (end > s->output_width) end = s->output_width;
      ptrdiff_t y = at.y + row * s->stride_height, low = end, high = end;
      if (y >= 0 && y < s->height) inside(s, at.x, column, end, &low, &high);
      ptrdiff_t line = y * s->width + at.x;
      for (ptrdiff_t o = low; o < high; o++) image[at.plane + line + o * s->stride_width] += from[o - column];
      from += end - column;
      done += end - column;
    }
  }
}
