// The way back from the columns of a convolution to its image ("col2im", torch.nn.functional.fold): a pixel sums what the
// windows that see it have for it. Each sum is one chain in the order of the filter's elements.

static void fold_columns(const struct column_fold *f, const float *columns, ptrdiff_t first_window_row,
                         ptrdiff_t first_row, ptrdiff_t end_row, const float *bias, float *image) {
  ptrdiff_t channels = f->channels, window = (ptrdiff_t)f->kernel_height * f->kernel_width * channels;
  // From what a window has for a pixel to what the window dilation_width pixels before it has.
  ptrdiff_t step = channels - f->dilation_width * window;
  const float *rows[f->kernel_height > 0 ? f->kernel_height : 1];
  for (ptrdiff_t y = first_row; y < end_row; y++) {
    ptrdiff_t row_count = 0;
    for (ptrdiff_t i = 0; i < f->kernel_height; i++) {
      ptrdiff_t window_row = y + f->padding_top - i * f->dilation_height;
      if (window_row < 0 || window_row >= f->output_height) continue;
      rows[row_count++] = columns + (window_row - first_window_row) * f->output_width * window +
                          i * f->kernel_width * channels;
    }
    float *to = image + y * f->width * channels;
    for (ptrdiff_t x = 0; x < f->width; x++, to += channels) {
      // The first of the filter's columns under which a window lies on the right side, and the one behind the last.
      ptrdiff_t at = x + f->padding_left, beyond = at - (f->output_width - 1), first = 0, end = at + 1;
      if (f->dilation_width > 1) {
        beyond = (beyond + f->dilation_width - 1) / f->dilation_width;
        end = at / f->dilation_width + 1;
      }
      if (beyond > 0) first = beyond;
      if (end > f->kernel_width) end = f->kernel_width;
      ptrdiff_t start = (at - first * f->dilation_width) * window + first * channels;
      for (ptrdiff_t c = 0; c < channels; c += 8) {
        ptrdiff_t left = channels - c;
        f8 sum = bias ? load_up_to(bias + c, left) : splat(0);
        for (ptrdiff_t r = 0; r < row_count; r++) {
          const float *from = rows[r] + start + c;
          for (ptrdiff_t j = first; j < end; j++, from += step) sum += load(from);
        }
        // What is too much lies where the next pixel is stored afterwards.
        if (left >= 8 || (channels < 8 && (f->width - x) * channels >= 8)) {
          store(to + c, sum);
        } else {
          store_some(to + c, sum, left);
        }
      }
    }
  }
}
