/// Tensor kernels with run-time dispatch.
///
/// One implementation (`kernels.inc.h` and the parts that it includes) is compiled once for each instruction set. The
/// functions of an instruction set stand in one table; `kernel_table` gives the table of a level, so that tests can
/// run every level that the machine has.
///
/// All matrices are row-major Float32; strides and sizes count elements. No kernel allocates, and none keeps state.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "kernel_types.h"

#pragma clang assume_nonnull begin

struct kernel_table {
  const char *name;
  /// Floats of the widest vector that the kernels compute with.
  int32_t vector_floats;
  /// Twelve multiply-adds of such vectors in each round and nothing else, to measure what a processor can do at most.
  /// `numbers`: factor, term and twelve sums, which it changes.
  void (*multiply_adds)(ptrdiff_t rounds, float *numbers);

  // Packed matrix product (matrix_product.inc.h)
  /// Packs B (K × N, element (k, n) at b[k·row_stride + n·column_stride]) into panels of 16 columns, padded with zeros.
  void (*pack_panels)(const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, ptrdiff_t k, ptrdiff_t n,
                      float *panels);
  /// C[rows of the blocks] = start + A·B for the columns of panels first_panel..<end_panel of an N-column B.
  void (*multiply_panels)(const struct row_block *blocks, ptrdiff_t block_count, ptrdiff_t k, const float *a,
                          ptrdiff_t a_stride, const float *panels, ptrdiff_t n, ptrdiff_t first_panel,
                          ptrdiff_t end_panel, float *c, ptrdiff_t c_stride, enum product_start start,
                          const float *_Nullable bias);
  /// Rows of B (n columns), perhaps through an index where one below zero stands for zeros, in panels of 16 columns.
  void (*gather_panels)(const float *b, ptrdiff_t stride, const int32_t *_Nullable rows, ptrdiff_t count, ptrdiff_t n,
                        float *panels);
  /// C (m × 16·(end_panel - first_panel)) += Aᵀ·B over the rows of both, for some panels of B. B is packed by
  /// `gather_panels` in blocks of KERNEL_DEPTH_BLOCK rows of all panel_count panels, one behind the other. `column_sums`
  /// grows by the sums of A's columns. `scratch` holds kernel_transposed_scratch(m) floats.
  void (*multiply_transposed)(const float *a, ptrdiff_t a_stride, ptrdiff_t m, const float *panels,
                              ptrdiff_t panel_count, ptrdiff_t first_panel, ptrdiff_t end_panel, ptrdiff_t rows,
                              float *c, ptrdiff_t c_stride, float *_Nullable column_sums, float *scratch);

  /// C (m × n) = bias + A·Bᵀ for few rows of A, with B (n × k) as it lies.
  void (*multiply_by_rows)(const float *a, ptrdiff_t a_stride, ptrdiff_t m, const float *b, ptrdiff_t b_stride,
                           ptrdiff_t n, ptrdiff_t k, const float *_Nullable bias, float *c, ptrdiff_t c_stride);

  // Matrix product of bytes (byte_product.inc.h)
  /// Packs rows of signed bytes from -127 to 127, the columns of B (K × N), into kernel_byte_panel_size(k, n) bytes.
  /// `sums` has those of each column, to a multiple of 16.
  void (*pack_byte_panels)(const int8_t *b, ptrdiff_t stride, ptrdiff_t n, ptrdiff_t k, int8_t *panels, int32_t *sums);
  /// Rows in steps of a byte, 256 from the lowest number of a row to its highest, where zero is a step. A row with what
  /// is infinite or not a number has a scale that is not a number.
  void (*quantize_rows)(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t k, uint8_t *bytes,
                        ptrdiff_t byte_stride, float *scales, int32_t *zeros);
  /// The same with 256 steps from `lowest` (at most 0) to `highest` (at least 0) for all rows; what is beyond becomes the
  /// nearest step. Returns the step of zero.
  int32_t (*quantize_between)(float lowest, float highest, const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t k,
                              uint8_t *bytes, ptrdiff_t byte_stride, float *scale);
  /// C = start + A·B for `rows` rows of A from `first` on and some panels of B. C begins with the first of these rows and
  /// panels; `bias` has a number for each column of B, to a multiple of 16. Sums of products are exact.
  void (*multiply_bytes)(const struct byte_rows *a, ptrdiff_t first, ptrdiff_t rows, const struct byte_matrix *b,
                         ptrdiff_t first_panel, ptrdiff_t end_panel, float *c, ptrdiff_t c_stride,
                         enum product_start start, const float *_Nullable bias);
  /// A convolution by the columns of B: `count` lines of windows from `first` on, of those of all images. `out` and
  /// `addend`, which is added to the sums, have N numbers for each window of all images; smaller ones become `minimum`.
  void (*convolve_bytes)(const struct byte_windows *windows, ptrdiff_t first, ptrdiff_t count,
                         const struct byte_matrix *b, const float *_Nullable bias, const float *_Nullable addend,
                         float minimum, float *out);

  // Recurrent cells (recurrent.inc.h)
  recurrent_forward *lstm_forward_step, *gru_forward_step, *rnn_tanh_forward_step, *rnn_relu_forward_step;
  recurrent_backward *lstm_backward_step, *gru_backward_step, *rnn_tanh_backward_step, *rnn_relu_backward_step;

  // Convolution (convolution.inc.h)
  /// The windows first..<first + count (at most KERNEL_WINDOW_BLOCK) of all images, image by image, row by row, under
  /// the filters of some of the panels of n filters. `zeros` holds run_length zeros.
  void (*convolve)(const struct convolution_geometry *geometry, const float *input, ptrdiff_t first, ptrdiff_t count,
                   const float *panels, ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel, float *output,
                   const struct convolution_finish *finish, const float *zeros);
  /// Adds the gradient of n filters from some windows to `sums`, laid out as the panels of filters are. The gradient of
  /// window first + i stands at gradient[i·gradient_stride].
  void (*convolution_filter_gradient)(const struct convolution_geometry *geometry, const float *input, ptrdiff_t first,
                                      ptrdiff_t count, const float *gradient, ptrdiff_t gradient_stride, ptrdiff_t n,
                                      float *sums, const float *zeros);
  /// Channels first_channel..<end_channel of a panel of filters of side × side elements (3 or 5), which has `channels`,
  /// transformed for `winograd`: 36 matrices of these channels, `stride` floats apart.
  void (*winograd_filters)(ptrdiff_t side, const float *panel, ptrdiff_t channels, ptrdiff_t first_channel,
                           ptrdiff_t end_channel, ptrdiff_t stride, float *out);
  /// `convolve` for filters of 3 × 3 or 5 × 5 elements with a stride of 1, by tiles of 4 × 4 or 2 × 2 windows:
  /// first..<first + count (at most KERNEL_WINOGRAD_TILES) of those of all images. `filters` holds 36 matrices kernel_winograd_filter_stride apart,
  /// `scratch` kernel_winograd_scratch floats.
  void (*winograd)(const struct convolution_geometry *geometry, const float *input, ptrdiff_t first, ptrdiff_t count,
                   const float *filters, ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel, float *output,
                   const struct convolution_finish *finish, const float *zeros, float *scratch);
  /// The same with the panels of `convolve`, which are transformed as they are needed, for each call anew: what takes less
  /// time where few tiles are under many filters. `scratch` holds kernel_winograd_once_scratch floats.
  void (*winograd_once)(const struct convolution_geometry *geometry, const float *input, ptrdiff_t first,
                        ptrdiff_t count, const float *panels, ptrdiff_t n, ptrdiff_t first_panel, ptrdiff_t end_panel,
                        float *output, const struct convolution_finish *finish, const float *zeros, float *scratch);
  /// The gradient of n such filters, in three steps for `tiles` tiles at a time (at most
  /// KERNEL_WINOGRAD_GRADIENT_TILES), for which `inputs` and `gradients` have kernel_winograd_inputs and
  /// kernel_winograd_gradients floats. First tiles first..<first + count of all images, of which the first is number
  /// `place` of these, are transformed; `zeros` holds as many zeros as there are channels, or filters.
  void (*winograd_gradient_tiles)(const struct convolution_geometry *geometry, const float *input,
                                  const float *gradient, ptrdiff_t n, ptrdiff_t first, ptrdiff_t count,
                                  ptrdiff_t place, ptrdiff_t tiles, const float *zeros, float *inputs,
                                  float *gradients);
  /// Then their products for some of the channels and of the panels of 16 filters become `sums` [panel, 36, channel, 16], or
  /// are added to them.
  void (*winograd_gradient_products)(const float *inputs, ptrdiff_t channels, const float *gradients, ptrdiff_t n,
                                     ptrdiff_t tiles, ptrdiff_t first_channel, ptrdiff_t channel_count,
                                     ptrdiff_t first_panel, ptrdiff_t end_panel, enum product_start start,
                                     float *sums);
  /// Last the sums of a panel become its filters' elements, [channel, 16] each, `run_stride` floats apart.
  void (*winograd_gradient_filters)(ptrdiff_t side, const float *sums, ptrdiff_t channel_count, ptrdiff_t run_stride,
                                    float *out);
  /// Rows first_row..<end_row of an image from the columns of its windows: for each window, row by row from first_window_row
  /// on, [kernel height, kernel width, channels]. Each pixel is the sum of what the windows that see it hold for it, and
  /// of `bias` unless that is NULL. 8 floats may be read behind the columns.
  void (*fold_columns)(const struct column_fold *fold, const float *columns, ptrdiff_t first_window_row,
                       ptrdiff_t first_row, ptrdiff_t end_row, const float *_Nullable bias, float *image);
  /// The same two for filters [runs, channels] that have a channel each.
  void (*convolve_depthwise)(const struct convolution_geometry *geometry, const float *input, ptrdiff_t first,
                             ptrdiff_t count, const float *filters, ptrdiff_t channels, float *output,
                             const struct convolution_finish *finish, const float *zeros);
  void (*depthwise_filter_gradient)(const struct convolution_geometry *geometry, const float *input, ptrdiff_t first,
                                    ptrdiff_t count, const float *gradient, ptrdiff_t channels, float *sums,
                                    const float *zeros);
  /// Panels of n columns and runs · rows rows, whose element (r, k, j) is filters[r·run_stride + k·row_stride +
  /// j·column_stride].
  void (*pack_filters)(const float *filters, ptrdiff_t run_stride, ptrdiff_t runs, ptrdiff_t row_stride, ptrdiff_t rows,
                       ptrdiff_t column_stride, ptrdiff_t n, float *panels);
  /// And back.
  void (*unpack_filters)(const float *panels, ptrdiff_t run_stride, ptrdiff_t runs, ptrdiff_t row_stride,
                         ptrdiff_t rows, ptrdiff_t column_stride, ptrdiff_t n, float *filters);

  // Pooling (pooling.inc.h): one result of all channels for each window of a row. Gradients are added to `out`, which
  // stands where `image` does; those of squares of two are set, since no other window has their pixels.
  void (*pool_maximum)(const struct pooled_row *row, const float *image, ptrdiff_t channels, float *out);
  /// Where the maximum stands several times, the first place has the gradient.
  void (*pool_maximum_gradient)(const struct pooled_row *row, const float *image, ptrdiff_t channels,
                                const float *maxima, const float *gradient, float *out);
  /// Sums times a factor for each window.
  void (*pool_average)(const struct pooled_row *row, const float *image, ptrdiff_t channels, const float *factors,
                       float *out);
  void (*pool_average_gradient)(const struct pooled_row *row, ptrdiff_t channels, const float *factors,
                                const float *gradient, float *out);
  /// out = x · (k + alpha / size · Σ x²)^-beta, summed over `size` neighbouring channels. `scratch` holds
  /// kernel_local_response_scratch(channels, size) floats.
  void (*local_response)(const float *x, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t size, float alpha, float beta,
                         float k, float *scratch, float *out);
  void (*local_response_gradient)(const float *x, const float *g, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t size,
                                  float alpha, float beta, float k, float *scratch, float *out);

  // Convolution with max over time (convolution_max.inc.h)
  /// For each sequence and each of n filters: the largest product of the filter with the windows of k floats that start
  /// at x + (first_row + p)·x_stride for 0 ≤ p < positions, and the first p where it stands. `maxima` and `arguments`
  /// hold a row of n rounded up to 16 for each sequence. `scratch` holds KERNEL_CONVOLUTION_SCRATCH floats.
  void (*convolve_max)(const float *x, ptrdiff_t x_stride, const struct window_sequence *sequences, ptrdiff_t count,
                       ptrdiff_t k, const float *panels, ptrdiff_t n, float *maxima, int32_t *arguments,
                       float *scratch);
  /// The same for one sequence whose rows repeat: row p is the distinct one number indices[p], and the product of filter
  /// f with the distinct row d in the place w of a window stands at products[d·stride + w·n + f] for n filters, a
  /// multiple of 8. `maxima` and `arguments` hold n elements.
  void (*convolve_max_indexed)(const float *products, ptrdiff_t stride, const int32_t *indices, ptrdiff_t positions,
                               ptrdiff_t width, ptrdiff_t n, float *maxima, int32_t *arguments);

  // Elementwise (elementwise.inc.h); n elements each
  void (*add)(const float *a, const float *b, float *out, ptrdiff_t n);
  void (*subtract)(const float *a, const float *b, float *out, ptrdiff_t n);
  void (*multiply)(const float *a, const float *b, float *out, ptrdiff_t n);
  void (*scale)(const float *a, float factor, float *out, ptrdiff_t n);
  /// y += factor·x
  void (*add_scaled)(const float *x, float factor, float *y, ptrdiff_t n);
  float (*dot)(const float *a, const float *b, ptrdiff_t n);
  double (*sum)(const float *x, ptrdiff_t n);
  double (*sum_of_squares)(const float *x, ptrdiff_t n);
  float (*maximum)(const float *x, ptrdiff_t n);
  void (*exponential)(const float *x, float *out, ptrdiff_t n);
  void (*sigmoid)(const float *x, float *out, ptrdiff_t n);
  void (*hyperbolic_tangent)(const float *x, float *out, ptrdiff_t n);
  void (*relu)(const float *x, float *out, ptrdiff_t n);
  /// Gradients from the outputs y.
  void (*sigmoid_gradient)(const float *y, const float *gradient, float *out, ptrdiff_t n);
  void (*hyperbolic_tangent_gradient)(const float *y, const float *gradient, float *out, ptrdiff_t n);
  void (*relu_gradient)(const float *y, const float *gradient, float *out, ptrdiff_t n);
  /// maxima = max(maxima, x), with `argument` where x is larger
  void (*running_maximum)(const float *x, int32_t argument, float *maxima, int32_t *arguments, ptrdiff_t n);
  /// out = x · (random ≥ rate ? 1 / (1 - rate) : 0); element i draws number `first + i` of the stream `key`.
  void (*dropout)(const float *x, float rate, const uint32_t key[_Nonnull 2], uint64_t first, float *out, ptrdiff_t n);
  /// Uniform numbers in [0, 1): element i is number `first + i` of the stream `key` (Philox 4×32-10).
  void (*uniform)(const uint32_t key[_Nonnull 2], uint64_t first, float *out, ptrdiff_t n);
  void (*transpose)(const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, float *out,
                    ptrdiff_t out_stride);

  // Losses (losses.inc.h)
  /// Row-wise softmax of `logits` into `probabilities`; the sum of -log p(target) is returned.
  double (*softmax_cross_entropy)(const float *logits, ptrdiff_t rows, ptrdiff_t classes, const int32_t *targets,
                                  float *probabilities);
  void (*softmax)(const float *logits, ptrdiff_t rows, ptrdiff_t classes, float *probabilities);
  /// From the output y: out = y · (gradient - Σ y · gradient).
  void (*softmax_gradient)(const float *y, const float *gradient, ptrdiff_t rows, ptrdiff_t classes, float *out);
  void (*log_softmax)(const float *logits, ptrdiff_t rows, ptrdiff_t classes, float *out);
  /// From the output y: out = gradient - e^y · Σ gradient.
  void (*log_softmax_gradient)(const float *y, const float *gradient, ptrdiff_t rows, ptrdiff_t classes, float *out);
  /// One row: out = scale · (share · p - spread · weights - (target_share at the target)); the weights are 1 where there
  /// are none.
  void (*cross_entropy_gradient)(const float *probabilities, ptrdiff_t classes, ptrdiff_t target, float scale,
                                 float share, float spread, const float *_Nullable weights, float target_share,
                                 float *out);
  /// One row: Σ max(0, margin - x[target] + x)^power over all but the target; the power is 1 or 2.
  double (*multi_margin)(const float *x, ptrdiff_t classes, ptrdiff_t target, float margin, int32_t power);
  void (*multi_margin_gradient)(const float *x, ptrdiff_t classes, ptrdiff_t target, float margin, int32_t power,
                                float scale, float *out);
  // Sums over n pairs of a prediction x and a target y, and scale times their gradients.
  /// -w · y · log σ(x) - (1 - y) · log(1 - σ(x)), with w = 1 where there are no weights
  double (*binary_cross_entropy)(const float *x, const float *y, const float *_Nullable weights, ptrdiff_t n);
  void (*binary_cross_entropy_gradient)(const float *x, const float *y, const float *_Nullable weights, float scale,
                                        float *out, ptrdiff_t n);
  /// -a · (1 - q)^gamma · log q, where q and a are σ(x) and alpha for y = 1, 1 - σ(x) and 1 - alpha for y = 0; a = 1
  /// where alpha is below zero.
  double (*binary_focal_loss)(const float *x, const float *y, float gamma, float alpha, ptrdiff_t n);
  void (*binary_focal_loss_gradient)(const float *x, const float *y, float gamma, float alpha, float scale, float *out,
                                     ptrdiff_t n);
  double (*squared_error)(const float *x, const float *y, ptrdiff_t n);
  void (*squared_error_gradient)(const float *x, const float *y, float scale, float *out, ptrdiff_t n);
  /// d² / (2 beta) for |d| < beta, else |d| - beta / 2
  double (*smooth_l1)(const float *x, const float *y, float beta, ptrdiff_t n);
  void (*smooth_l1_gradient)(const float *x, const float *y, float beta, float scale, float *out, ptrdiff_t n);
  /// max(0, margin - x · y)
  double (*hinge)(const float *x, const float *y, float margin, ptrdiff_t n);
  void (*hinge_gradient)(const float *x, const float *y, float margin, float scale, float *out, ptrdiff_t n);

  // Activations (activations.inc.h)
  struct activation_kernels leaky_relu;    ///< x > 0 ? x : a · x
  struct activation_kernels elu;           ///< b · (x > 0 ? x : a · (e^x - 1))
  struct activation_kernels gelu;          ///< x · Φ(x)
  struct activation_kernels gelu_tanh;     ///< the same with a tanh for Φ
  struct activation_kernels silu;          ///< x · σ(x)
  struct activation_kernels mish;          ///< x · tanh(log(1 + e^x))
  struct activation_kernels softplus;      ///< log(1 + e^ax) / a; x itself where ax > b
  struct activation_kernels hard_sigmoid;  ///< x / 6 + ½, cut to [0, 1]
  struct activation_kernels hard_swish;    ///< x times that
  /// Leaky ReLU with a slope for each element; the slopes' gradients are added to `slope_gradients`.
  void (*prelu)(const float *x, const float *slopes, float *out, ptrdiff_t n);
  void (*prelu_gradient)(const float *x, const float *slopes, const float *gradient, float *out,
                         float *slope_gradients, ptrdiff_t n);
  /// y where x > 0, elsewhere y times a slope of [lower, upper): element i draws number `first + i` of the stream `key`.
  void (*random_leaky_relu)(const float *x, const float *y, float lower, float upper,
                            const uint32_t key[_Nonnull 2], uint64_t first, float *out, ptrdiff_t n);
  /// The largest of each `pieces` neighbours, and which of them it is; n results.
  void (*maxout)(const float *x, ptrdiff_t pieces, float *out, int32_t *arguments, ptrdiff_t n);
  void (*maxout_gradient)(const float *gradient, const int32_t *arguments, ptrdiff_t pieces, float *out, ptrdiff_t n);

  // Normalisation (normalization.inc.h). Sums over runs or columns are added to what is there.
  /// Σ (x - mean)²
  double (*centered_squares)(const float *x, float mean, ptrdiff_t n);
  /// out = (x - mean) · scale · weight + bias
  void (*normalize)(const float *x, const struct normalized_run *run, float *out, ptrdiff_t n);
  /// sums += Σ g · weights, Σ g · weights · x̂ (without weights of the elements: Σ g, Σ g · x̂). The gradients of the
  /// elements' weights and biases grow.
  void (*normalize_sums)(const float *x, const float *g, const struct normalized_run *run, double sums[_Nonnull 2],
                         float *_Nullable weight_gradients, float *_Nullable bias_gradients, ptrdiff_t n);
  /// out = scale · (g · weight - mean_gradient - x̂ · mean_product)
  void (*normalize_gradient)(const float *x, const float *g, const struct normalized_run *run, float mean_gradient,
                             float mean_product, float *out, ptrdiff_t n);
  // The same by columns of a matrix, whose rows stand `stride` elements apart; factors are scale · weight.
  void (*column_sums)(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, double *sums);
  /// Means, and sums of squared distances from them; both are set to zero before.
  void (*column_moments)(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, double *means,
                         double *squares);
  /// out = max(minimum, (x - mean) · factor + bias + addend)
  void (*normalize_columns)(const float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns, const float *means,
                            const float *factors, const float *biases, const float *_Nullable addend, float minimum,
                            float *out);
  /// Σ g and Σ g · x̂, where `output`, if given, is positive.
  void (*normalize_columns_sums)(const float *x, const float *g, const float *_Nullable output, ptrdiff_t stride,
                                 ptrdiff_t rows, ptrdiff_t columns, const float *means, const float *scales,
                                 double *sums, double *products);
  /// out = factor · (g - mean_gradient - x̂ · mean_product), with g as above, which `passed` takes.
  void (*normalize_columns_gradient)(const float *x, const float *g, const float *_Nullable output, ptrdiff_t stride,
                                     ptrdiff_t rows, ptrdiff_t columns, const float *means, const float *scales,
                                     const float *factors, const float *mean_gradients, const float *mean_products,
                                     float *out, float *_Nullable passed);

  // Optimisers (optimizer_steps.inc.h)
  /// first (may be null): velocity = first_decay · velocity + velocity_share · g, p -= rate · velocity. Then
  /// p -= gradient_rate · g.
  optimizer_kernel gradient_descent;
  /// first: Σ g². p -= rate · g / (√first + epsilon)
  optimizer_kernel adagrad;
  /// first: average of g², second: average of the squared changes.
  optimizer_kernel adadelta;
  /// first: average of g², second (may be null): velocity, third (may be null): average of g, for a centred variance.
  optimizer_kernel rmsprop;
  /// first: average of g, second: average of g², third (may be null): the largest second so far.
  optimizer_kernel adam;
  /// first: average of g, second: the largest decayed |g| + epsilon.
  optimizer_kernel adamax;
  /// first: average of g, second: average of g².
  optimizer_kernel nadam;
  /// first: average of g, second: average of g², third: the direction; the parameter stays as it is.
  optimizer_kernel lamb_direction;

  // Bags of rows (bags.inc.h). Rows of a table lie `stride` floats apart; `width` and `stride` are multiples of 8, and
  // what a row has behind its last element is zero. Where `rows` is NULL the rows 0..<count are meant.
  /// For each of `count` bags the sum of rows[starts[bag]..<starts[bag + 1]].
  void (*sum_rows)(const float *table, ptrdiff_t stride, ptrdiff_t width, const int32_t *rows, const int32_t *starts,
                   ptrdiff_t count, float *out, ptrdiff_t out_stride);
  /// The same of rows of bytes, each with a scale.
  void (*sum_byte_rows)(const int8_t *table, ptrdiff_t stride, const float *scales, ptrdiff_t width,
                        const int32_t *rows, const int32_t *starts, ptrdiff_t count, float *out, ptrdiff_t out_stride);
  /// Takes the updates in their order.
  void (*update_rows)(float *table, ptrdiff_t stride, ptrdiff_t width, const struct row_update_list *lists,
                      ptrdiff_t list_count, const float *sources, ptrdiff_t source_stride);
  /// out[i] = row i · x
  void (*dot_rows)(const float *table, ptrdiff_t stride, ptrdiff_t width, const int32_t *_Nullable rows,
                   ptrdiff_t count, const float *x, float *out);
  /// Where `sum` is given sum += Σ factors[i] · row i, and where x is given row i += factors[i] · x.
  void (*blend_rows)(float *table, ptrdiff_t stride, ptrdiff_t width, const int32_t *_Nullable rows, ptrdiff_t count,
                     const float *factors, const float *_Nullable x, float *_Nullable sum);
  /// factors[i] = rate · (targets[i] - σ(scores[i])); the sum of -log likelihood is returned, each at most 16.1.
  double (*logistic_factors)(const float *scores, const float *targets, ptrdiff_t count, float rate, float *factors);

  // Rows without anything between them (packed_rows.inc.h), of any width; `table` need not be aligned to anything.
  /// out = the sum of `count` rows
  void (*sum_packed_rows)(const void *table, ptrdiff_t width, const int32_t *rows, ptrdiff_t count, float *out);
  /// out[i] = row first + i · x
  void (*dot_packed_rows)(const void *table, ptrdiff_t width, ptrdiff_t first, ptrdiff_t count, const float *x,
                          float *out);
  /// The same of product-quantised rows.
  void (*sum_quantized_rows)(const struct quantized_rows *table, const int32_t *rows, ptrdiff_t count, float *out);
  void (*dot_quantized_rows)(const struct quantized_rows *table, ptrdiff_t first, ptrdiff_t count, const float *x,
                             float *out);
  /// For each of `count` points of `size` elements, `stride` floats apart, the nearest of 256 centroids, the first one of
  /// equals. Centroids lie element by element, 256 of each; `halves` is half the square of each one's length.
  void (*nearest_centroids)(const float *points, ptrdiff_t stride, ptrdiff_t size, ptrdiff_t count,
                            const float *centroids, const float *halves, uint8_t *codes, ptrdiff_t code_stride);
};

/// The best level that this machine can run.
enum kernel_level kernel_best_level(void);

/// The kernels of a level; NULL where the machine cannot run it.
const struct kernel_table *_Nullable kernel_table(enum kernel_level level);

/// Floats of scratch that `multiply_transposed` needs for m columns.
static inline ptrdiff_t kernel_transposed_scratch(ptrdiff_t m) {
  return (m + KERNEL_ROW_BLOCK - 1) / KERNEL_ROW_BLOCK * (KERNEL_ROW_BLOCK * KERNEL_DEPTH_BLOCK + 16);
}

/// Floats between two of the matrices of `size` floats that Winograd's algorithm has for its points: a cache line more than
/// they take, since matrices at a distance of a power of two would share cache sets.
static inline ptrdiff_t kernel_winograd_stride(ptrdiff_t size) { return size + 16; }

/// The same for filters.
static inline ptrdiff_t kernel_winograd_filter_stride(ptrdiff_t channels, ptrdiff_t n) {
  return kernel_winograd_stride((n + 15) / 16 * 16 * channels);
}

/// Floats from a tile's channels to the next tile's in the gradient of filters: an odd number of cache lines, since those of
/// a few channels are read of many tiles and should not share cache sets.
static inline ptrdiff_t kernel_winograd_row_stride(ptrdiff_t channels) { return ((channels + 15) / 16 | 1) * 16; }

/// Floats of scratch that `winograd` needs.
static inline ptrdiff_t kernel_winograd_scratch(ptrdiff_t channels, ptrdiff_t tiles) {
  return KERNEL_WINOGRAD_POINTS *
         (kernel_winograd_stride(tiles * channels) + kernel_winograd_stride(tiles * 16 * KERNEL_WINOGRAD_PANELS));
}

/// Floats of scratch that `winograd_once` needs.
static inline ptrdiff_t kernel_winograd_once_scratch(ptrdiff_t channels, ptrdiff_t tiles) {
  return KERNEL_WINOGRAD_POINTS * (kernel_winograd_stride(tiles * channels) +
                                   kernel_winograd_stride(tiles * 16 * KERNEL_WINOGRAD_ONCE_PANELS) +
                                   kernel_winograd_stride(16 * KERNEL_WINOGRAD_ONCE_PANELS * KERNEL_WINOGRAD_DEPTH));
}

/// Floats of the transformed tiles of an input.
static inline ptrdiff_t kernel_winograd_inputs(ptrdiff_t channels, ptrdiff_t tiles) {
  return KERNEL_WINOGRAD_POINTS * kernel_winograd_stride(tiles * kernel_winograd_row_stride(channels));
}

/// Floats of the transformed tiles of a gradient.
static inline ptrdiff_t kernel_winograd_gradients(ptrdiff_t n, ptrdiff_t tiles) {
  return KERNEL_WINOGRAD_POINTS * kernel_winograd_stride((n + 15) / 16 * 16 * tiles);
}

static inline ptrdiff_t kernel_local_response_scratch(ptrdiff_t channels, ptrdiff_t size) {
  return 2 * (channels + size + 16);
}

/// Floats of a packed K × N matrix.
static inline ptrdiff_t kernel_packed_size(ptrdiff_t k, ptrdiff_t n) {
  return (n + KERNEL_PANEL_WIDTH - 1) / KERNEL_PANEL_WIDTH * KERNEL_PANEL_WIDTH * k;
}

/// Bytes of a packed K × N matrix of bytes.
static inline ptrdiff_t kernel_byte_panel_size(ptrdiff_t k, ptrdiff_t n) {
  return (n + KERNEL_PANEL_WIDTH - 1) / KERNEL_PANEL_WIDTH * KERNEL_PANEL_WIDTH * ((k + 3) / 4 * 4);
}

/// Tells the processor that this thread waits in a loop.
static inline void kernel_spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#pragma clang assume_nonnull end
#endif
