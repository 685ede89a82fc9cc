// Activations with two settings, a and b, and their gradients from the input x and the gradient g of the output.

#define ACTIVATION(NAME, FORWARD, GRADIENT)                                                                     \
  static void NAME(const float *xs, float *out, ptrdiff_t n, float a, float b) {                                \
    (void)a, (void)b;                                                                                           \
    for (ptrdiff_t i = 0; i < n; i += 8) {                                                                      \
      f8 x = load_up_to(xs + i, n - i);                                                                         \
      store_up_to(out + i, FORWARD, n - i);                                                                     \
    }                                                                                                           \
  }                                                                                                             \
  static void NAME##_gradient(const float *xs, const float *gradient, float *out, ptrdiff_t n, float a, float b) { \
    (void)a, (void)b;                                                                                           \
    for (ptrdiff_t i = 0; i < n; i += 8) {                                                                      \
      f8 x = load_up_to(xs + i, n - i), g = load_up_to(gradient + i, n - i);                                    \
      store_up_to(out + i, g * (GRADIENT), n - i);                                                              \
    }                                                                                                           \
  }

ACTIVATION(leaky_relu, x > splat(0) ? x : x * splat(a), x > splat(0) ? splat(1) : splat(a))

ACTIVATION(elu, x > splat(0) ? splat(b) * x : splat(a * b) * expm1_8(x),
           x > splat(0) ? splat(b) : splat(a * b) * exp8(x))

/// The standard normal distribution's share below x, and its density. What the erf lacks of -1 far below would grow with x.
INLINE f8 normal_share8(f8 x) {
  return x < splat(-5.5f) ? splat(0) : splat(0.5f) + splat(0.5f) * erf8(x * splat(0.70710678118654752f));
}
INLINE f8 normal_density8(f8 x) { return splat(0.39894228040143268f) * exp8(splat(-0.5f) * x * x); }
ACTIVATION(gelu, x *normal_share8(x), normal_share8(x) + x * normal_density8(x))

/// √(2 / π) · (x + 0.044715 x³)
INLINE f8 gelu_argument8(f8 x) {
  return splat(0.79788456080286536f) * x * (splat(1) + splat(0.044715f) * x * x);
}
INLINE f8 gelu_tanh_gradient8(f8 x) {
  f8 t = tanh8(gelu_argument8(x));
  f8 slope = splat(0.79788456080286536f) * (splat(1) + splat(3 * 0.044715f) * x * x);
  return splat(0.5f) * (splat(1) + t) + splat(0.5f) * x * (splat(1) - t * t) * slope;
}
ACTIVATION(gelu_tanh, splat(0.5f) * x * (splat(1) + tanh8(gelu_argument8(x))), gelu_tanh_gradient8(x))

INLINE f8 silu_gradient8(f8 x) {
  f8 s = sigmoid8(x);
  return s * (splat(1) + x * (splat(1) - s));
}
ACTIVATION(silu, x *sigmoid8(x), silu_gradient8(x))

/// w of tanh(log(1 + e^x)) = w / (w + 2), w = e^x (e^x + 2); beyond 20 the tanh is 1 in Float32.
INLINE f8 mish_weight8(f8 x) {
  f8 e = exp8(min8(splat(20), x));
  return e * (e + splat(2));
}
INLINE f8 mish_gradient8(f8 x) {
  f8 w = mish_weight8(x), inverse = splat(1) / (w + splat(2));
  // 1 - tanh² = 4 (w + 1) / (w + 2)²
  return w * inverse + x * sigmoid8(x) * splat(4) * (w + splat(1)) * inverse * inverse;
}
ACTIVATION(mish, x *(mish_weight8(x) / (mish_weight8(x) + splat(2))), mish_gradient8(x))

ACTIVATION(softplus, x *splat(a) > splat(b) ? x : softplus8(x * splat(a)) / splat(a),
           x *splat(a) > splat(b) ? splat(1) : sigmoid8(x * splat(a)))

INLINE f8 hard_sigmoid8(f8 x) { return max8(splat(0), min8(splat(1), x * splat(1.0f / 6) + splat(0.5f))); }
INLINE f8 hard_sigmoid_gradient8(f8 x) { return absolute8(x) < splat(3) ? splat(1.0f / 6) : splat(0); }
ACTIVATION(hard_sigmoid, hard_sigmoid8(x), hard_sigmoid_gradient8(x))
ACTIVATION(hard_swish, x *hard_sigmoid8(x),
           x <= splat(-3) ? splat(0) : x < splat(3) ? x * splat(1.0f / 3) + splat(0.5f) : splat(1))

static void prelu(const float *x, const float *slopes, float *out, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i += 8) {
    f8 v = load_up_to(x + i, n - i), slope = load_up_to(slopes + i, n - i);
    store_up_to(out + i, v > splat(0) ? v : v * slope, n - i);
  }
}

static void prelu_gradient(const float *x, const float *slopes, const float *gradient, float *out,
                           float *slope_gradients, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i += 8) {
    f8 v = load_up_to(x + i, n - i), slope = load_up_to(slopes + i, n - i), g = load_up_to(gradient + i, n - i);
    store_up_to(out + i, v > splat(0) ? g : g * slope, n - i);
    f8 sum = load_up_to(slope_gradients + i, n - i);
    store_up_to(slope_gradients + i, sum + (v > splat(0) ? splat(0) : g * v), n - i);
  }
}

static void random_leaky_relu(const float *x, const float *y, float lower, float upper, const uint32_t key[2],
                              uint64_t first, float *out, ptrdiff_t n) {
  FOR_RANDOM_NUMBERS(out[done] = x[done] > 0 ? y[done] : y[done] * (lower + (upper - lower) * random))
}

static void maxout(const float *x, ptrdiff_t pieces, float *out, int32_t *arguments, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++, x += pieces) {
    float best = x[0];
    int32_t argument = 0;
    for (int32_t piece = 1; piece < pieces; piece++) {
      argument = x[piece] > best ? piece : argument;
      best = x[piece] > best ? x[piece] : best;
    }
    out[i] = best;
    arguments[i] = argument;
  }
}

static void maxout_gradient(const float *gradient, const int32_t *arguments, ptrdiff_t pieces, float *out,
                            ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++, out += pieces)
    for (int32_t piece = 0; piece < pieces; piece++) out[piece] = piece == arguments[i] ? gradient[i] : 0;
}
