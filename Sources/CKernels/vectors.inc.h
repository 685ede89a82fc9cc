// Vectors of eight floats, and the functions of one vector that the kernels share.

typedef float f8 __attribute__((ext_vector_type(8)));
typedef int32_t i8 __attribute__((ext_vector_type(8)));
typedef f8 f8_unaligned __attribute__((aligned(4)));
typedef i8 i8_unaligned __attribute__((aligned(4)));

#define INLINE static inline __attribute__((always_inline))

INLINE f8 load(const float *p) { return *(const f8_unaligned *)p; }
INLINE void store(float *p, f8 v) { *(f8_unaligned *)p = v; }
INLINE f8 splat(float x) { return (f8){x, x, x, x, x, x, x, x}; }
// With a constant first, what is not a number stays so.
INLINE f8 max8(f8 a, f8 b) { return a > b ? a : b; }
INLINE f8 min8(f8 a, f8 b) { return a < b ? a : b; }

/// The first n (< 8) floats, the others zero.
INLINE f8 load_some(const float *p, ptrdiff_t n) {
#ifdef KERNEL_HAS_MASKS
  const i8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  return (f8)_mm256_maskload_ps(p, (__m256i)(lanes < (i8){} + (int32_t)n));
#else
  float x[8] = {0};
  for (ptrdiff_t i = 0; i < n; i++) x[i] = p[i];
  return load(x);
#endif
}
INLINE void store_some(float *p, f8 v, ptrdiff_t n) {
#ifdef KERNEL_HAS_MASKS
  const i8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  _mm256_maskstore_ps(p, (__m256i)(lanes < (i8){} + (int32_t)n), (__m256)v);
#else
  float x[8];
  store(x, v);
  for (ptrdiff_t i = 0; i < n; i++) p[i] = x[i];
#endif
}

/// The first n floats, where there are fewer than a vector has; the others are zero.
INLINE f8 load_up_to(const float *p, ptrdiff_t n) { return n >= 8 ? load(p) : load_some(p, n); }
INLINE void store_up_to(float *p, f8 v, ptrdiff_t n) {
  if (n >= 8) store(p, v);
  else store_some(p, v, n);
}

#if KERNEL_VECTOR_FLOATS == 16
typedef float f16 __attribute__((ext_vector_type(16)));
typedef f16 f16_unaligned __attribute__((aligned(4)));

INLINE f16 load16(const float *p) { return *(const f16_unaligned *)p; }
INLINE f16 splat16(float x) { return (f16)(x); }
/// The first n (≤ 16) floats, the others zero.
INLINE f16 load16_up_to(const float *p, ptrdiff_t n) {
  if (n == 16) return load16(p);
  return (f16)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
INLINE void store16_up_to(float *p, f16 v, ptrdiff_t n) {
  if (n == 16) {
    *(f16_unaligned *)p = v;
  } else {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
  }
}
#endif

#if KERNEL_VECTOR_FLOATS == 16
typedef f16 widest;
typedef f16_unaligned widest_unaligned;
#else
typedef f8 widest;
typedef f8_unaligned widest_unaligned;
#endif
/// Floats of the widest vector.
#define WIDEST KERNEL_VECTOR_FLOATS

INLINE widest splat_widest(float x) { return (widest)(x); }
INLINE widest load_widest(const float *p) { return *(const widest_unaligned *)p; }
INLINE widest max_widest(widest a, widest b) { return a > b ? a : b; }
/// The first n floats, where there are fewer than a vector has; the others are zero.
INLINE widest load_widest_up_to(const float *p, ptrdiff_t n) {
#if KERNEL_VECTOR_FLOATS == 16
  return load16_up_to(p, n < 16 ? n : 16);
#else
  return n >= 8 ? load(p) : load_some(p, n);
#endif
}
INLINE void store_widest_up_to(float *p, widest v, ptrdiff_t n) {
#if KERNEL_VECTOR_FLOATS == 16
  store16_up_to(p, v, n < 16 ? n : 16);
#else
  if (n >= 8) {
    store(p, v);
  } else {
    store_some(p, v, n);
  }
#endif
}

INLINE float sum_lanes(f8 v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

INLINE f8 sqrt8(f8 x) { return __builtin_elementwise_sqrt(x); }

/// e^x: the power of two by the exponent bits, the rest by a polynomial on [-ln 2 / 2, ln 2 / 2] (Cephes' expf).
/// Relative error below 2e-7; below -87.3 the result is the smallest normal number, above 88 it is the largest.
INLINE f8 exp8(f8 x) {
  x = min8(splat(88.02f), max8(splat(-87.33f), x));
  // Adding 1.5·2²³ rounds to the nearest integer and leaves it in the low bits.
  const f8 magic = splat(12582912.0f);
  f8 shifted = x * splat(1.44269504088896341f) + magic;
  i8 exponent = (i8)shifted - (i8)magic;
  f8 n = shifted - magic;
  x = x - n * splat(0.693359375f);
  x = x - n * splat(-2.12194440e-4f);
  f8 p = splat(1.9875691500e-4f);
  p = p * x + splat(1.3981999507e-3f);
  p = p * x + splat(8.3334519073e-3f);
  p = p * x + splat(4.1665795894e-2f);
  p = p * x + splat(1.6666665459e-1f);
  p = p * x + splat(5.0000001201e-1f);
  f8 y = p * (x * x) + (x + splat(1.0f));
  return y * (f8)((exponent + 127) << 23);
}

INLINE f8 sigmoid8(f8 x) { return splat(1.0f) / (splat(1.0f) + exp8(-x)); }

/// A fraction that is not divided yet, so that several can share one division.
struct fraction8 {
  f8 numerator, denominator;
};

/// tanh as x·P(x²) / Q(x²) on [-9, 9], beyond which it is 1 in Float32. Coefficients by least squares of the relative
/// error, reweighted towards its maximum: 2e-8; with Float32's rounding 3.2e-7.
INLINE struct fraction8 tanh_fraction8(f8 x) {
  x = min8(splat(9.0f), max8(splat(-9.0f), x));
  f8 s = x * x;
  f8 p = splat(1.3353358347e-8f);
  p = p * s + splat(2.0608145053e-5f);
  p = p * s + splat(3.4955321114e-3f);
  p = p * s + splat(1.3380979106e-1f);
  p = p * s + splat(9.9999997963e-1f);
  f8 q = splat(7.7760246887e-7f);
  q = q * s + splat(3.2855423653e-4f);
  q = q * s + splat(2.5876770851e-2f);
  q = q * s + splat(4.6714294764e-1f);
  q = q * s + splat(1.0f);
  return (struct fraction8){x * p, q};
}

INLINE f8 tanh8(f8 x) {
  struct fraction8 f = tanh_fraction8(x);
  return f.numerator / f.denominator;
}

/// The quotients of four fractions with one division, which costs as much as twelve multiplications. The denominators of
/// tanh_fraction8 are between 1 and 420, so that their product is far from overflow.
INLINE void divide8(const struct fraction8 f[4], f8 quotients[4]) {
  f8 ab = f[0].denominator * f[1].denominator, cd = f[2].denominator * f[3].denominator;
  f8 inverse = splat(1.0f) / (ab * cd), inverse_ab = inverse * cd, inverse_cd = inverse * ab;
  quotients[0] = f[0].numerator * (inverse_ab * f[1].denominator);
  quotients[1] = f[1].numerator * (inverse_ab * f[0].denominator);
  quotients[2] = f[2].numerator * (inverse_cd * f[3].denominator);
  quotients[3] = f[3].numerator * (inverse_cd * f[2].denominator);
}

/// σ(x) = tanh(x / 2) / 2 + 1/2. Absolute error of the gates below 1e-6.
INLINE struct fraction8 sigmoid_fraction8(f8 x) { return tanh_fraction8(x * splat(0.5f)); }
INLINE f8 sigmoid_of_quotient(f8 quotient) { return quotient * splat(0.5f) + splat(0.5f); }

/// σ of x, y, w and tanh of z.
INLINE void lstm_gates8(f8 *x, f8 *y, f8 *z, f8 *w) {
  struct fraction8 f[4] = {sigmoid_fraction8(*x), sigmoid_fraction8(*y), tanh_fraction8(*z), sigmoid_fraction8(*w)};
  f8 q[4];
  divide8(f, q);
  *x = sigmoid_of_quotient(q[0]);
  *y = sigmoid_of_quotient(q[1]);
  *z = q[2];
  *w = sigmoid_of_quotient(q[3]);
}

/// σ of four vectors.
INLINE void sigmoids8(f8 x[4]) {
  struct fraction8 f[4] = {
      sigmoid_fraction8(x[0]), sigmoid_fraction8(x[1]), sigmoid_fraction8(x[2]), sigmoid_fraction8(x[3])};
  divide8(f, x);
  for (int i = 0; i < 4; i++) x[i] = sigmoid_of_quotient(x[i]);
}

/// tanh of two vectors.
INLINE void tanhs8(f8 x[2]) {
  struct fraction8 a = tanh_fraction8(x[0]), b = tanh_fraction8(x[1]);
  f8 inverse = splat(1.0f) / (a.denominator * b.denominator);
  x[0] = a.numerator * (inverse * b.denominator);
  x[1] = b.numerator * (inverse * a.denominator);
}
