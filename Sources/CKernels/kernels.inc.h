// The implementation of every kernel, included once for each instruction set with KERNEL_SUFFIX as its name.
#include <math.h>
#include <string.h>

#include "CKernels.h"

// Vectors of 8 are what AVX2 holds in a register; elsewhere clang splits them.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma STDC FP_CONTRACT ON

#include "vectors.inc.h"
#include "elementwise.inc.h"
#include "matrix_product.inc.h"
#include "byte_product.inc.h"
#include "recurrent.inc.h"
#include "convolution.inc.h"
#include "convolution_gradient.inc.h"
#include "column_fold.inc.h"
#include "convolution_max.inc.h"
#include "special.inc.h"
#include "winograd.inc.h"
#include "winograd_gradient.inc.h"
#include "pooling.inc.h"
#include "losses.inc.h"
#include "activations.inc.h"
#include "normalization.inc.h"
#include "optimizer_steps.inc.h"
#include "bags.inc.h"
#include "packed_rows.inc.h"

#define KERNEL_JOIN_(a, b) a##b
#define KERNEL_JOIN(a, b) KERNEL_JOIN_(a, b)
#define KERNEL_STRING_(a) #a
#define KERNEL_STRING(a) KERNEL_STRING_(a)

const struct kernel_table KERNEL_JOIN(kernel_table_, KERNEL_SUFFIX) = {
    .name = KERNEL_STRING(KERNEL_SUFFIX),
    .vector_floats = KERNEL_VECTOR_FLOATS,
    .multiply_adds = multiply_adds,
    .pack_panels = pack_panels,
    .multiply_panels = multiply_panels,
    .gather_panels = gather_panels,
    .multiply_transposed = multiply_transposed,
    .multiply_by_rows = multiply_by_rows,
    .pack_byte_panels = pack_byte_panels,
    .quantize_rows = quantize_rows,
    .quantize_between = quantize_between,
    .multiply_bytes = multiply_bytes,
    .convolve_bytes = convolve_bytes,
    .lstm_forward_step = lstm_forward_step,
    .gru_forward_step = gru_forward_step,
    .rnn_tanh_forward_step = rnn_tanh_forward_step,
    .rnn_relu_forward_step = rnn_relu_forward_step,
    .lstm_backward_step = lstm_backward_step,
    .gru_backward_step = gru_backward_step,
    .rnn_tanh_backward_step = rnn_tanh_backward_step,
    .rnn_relu_backward_step = rnn_relu_backward_step,
    .convolve = convolve,
    .convolution_filter_gradient = convolution_filter_gradient,
    .fold_columns = fold_columns,
    .winograd_filters = winograd_filters,
    .winograd = winograd,
    .winograd_once = winograd_once,
    .winograd_gradient_tiles = winograd_gradient_tiles,
    .winograd_gradient_products = winograd_gradient_products,
    .winograd_gradient_filters = winograd_gradient_filters,
    .convolve_depthwise = convolve_depthwise,
    .depthwise_filter_gradient = depthwise_filter_gradient,
    .pack_filters = pack_filters,
    .unpack_filters = unpack_filters,
    .pool_maximum = pool_maximum,
    .pool_maximum_gradient = pool_maximum_gradient,
    .pool_average = pool_average,
    .pool_average_gradient = pool_average_gradient,
    .local_response = local_response,
    .local_response_gradient = local_response_gradient,
    .convolve_max = convolve_max,
    .convolve_max_indexed = convolve_max_indexed,
    .add = add,
    .subtract = subtract,
    .multiply = multiply,
    .scale = scale,
    .add_scaled = add_scaled,
    .dot = dot,
    .sum = sum,
    .sum_of_squares = sum_of_squares,
    .maximum = maximum,
    .exponential = exponential,
    .sigmoid = sigmoid,
    .hyperbolic_tangent = hyperbolic_tangent,
    .relu = relu,
    .sigmoid_gradient = sigmoid_gradient,
    .hyperbolic_tangent_gradient = hyperbolic_tangent_gradient,
    .relu_gradient = relu_gradient,
    .running_maximum = running_maximum,
    .dropout = dropout,
    .uniform = uniform,
    .transpose = transpose,
    .softmax_cross_entropy = softmax_cross_entropy,
    .softmax = softmax,
    .softmax_gradient = softmax_gradient,
    .log_softmax = log_softmax,
    .log_softmax_gradient = log_softmax_gradient,
    .cross_entropy_gradient = cross_entropy_gradient,
    .multi_margin = multi_margin,
    .multi_margin_gradient = multi_margin_gradient,
    .binary_cross_entropy = binary_cross_entropy,
    .binary_cross_entropy_gradient = binary_cross_entropy_gradient,
    .binary_focal_loss = binary_focal_loss,
    .binary_focal_loss_gradient = binary_focal_loss_gradient,
    .squared_error = squared_error,
    .squared_error_gradient = squared_error_gradient,
    .smooth_l1 = smooth_l1,
    .smooth_l1_gradient = smooth_l1_gradient,
    .hinge = hinge,
    .hinge_gradient = hinge_gradient,
    .leaky_relu = {leaky_relu, leaky_relu_gradient},
    .elu = {elu, elu_gradient},
    .gelu = {gelu, gelu_gradient},
    .gelu_tanh = {gelu_tanh, gelu_tanh_gradient},
    .silu = {silu, silu_gradient},
    .mish = {mish, mish_gradient},
    .softplus = {softplus, softplus_gradient},
    .hard_sigmoid = {hard_sigmoid, hard_sigmoid_gradient},
    .hard_swish = {hard_swish, hard_swish_gradient},
    .prelu = prelu,
    .prelu_gradient = prelu_gradient,
    .random_leaky_relu = random_leaky_relu,
    .maxout = maxout,
    .maxout_gradient = maxout_gradient,
    .centered_squares = centered_squares,
    .normalize = normalize,
    .normalize_sums = normalize_sums,
    .normalize_gradient = normalize_gradient,
    .column_sums = column_sums,
    .column_moments = column_moments,
    .normalize_columns = normalize_columns,
    .normalize_columns_sums = normalize_columns_sums,
    .normalize_columns_gradient = normalize_columns_gradient,
    .gradient_descent = gradient_descent,
    .adagrad = adagrad,
    .adadelta = adadelta,
    .rmsprop = rmsprop,
    .adam = adam,
    .adamax = adamax,
    .nadam = nadam,
    .lamb_direction = lamb_direction,
    .sum_rows = sum_rows,
    .sum_byte_rows = sum_byte_rows,
    .update_rows = update_rows,
    .dot_rows = dot_rows,
    .blend_rows = blend_rows,
    .logistic_factors = logistic_factors,
    .sum_packed_rows = sum_packed_rows,
    .dot_packed_rows = dot_packed_rows,
    .sum_quantized_rows = sum_quantized_rows,
    .dot_quantized_rows = dot_quantized_rows,
    .nearest_centroids = nearest_centroids,
};
