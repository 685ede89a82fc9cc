// Vectors of eight floats, and the functions of one vector that the kernels share.

typedef float f8 __attribute__((ext_vector_type(8)));
typedef int32_t i8 __attribute__((ext_vector_type(8)));
typedef f8 f8_unaligned __attribute__((aligned(4)));
typedef i8 i8_unaligned __attribute__((aligned(4)));

#define INLINE static inline __attribute__((always_inline))

INLINE f8 load(const float *p) { return *(const f8_unaligned *)p; }
INLINE void store(float *p, f8 v) { *(f8_unaligned *)p = v; }
INLINE f8 splat(float x) { return (f8){x, x, x, x, x, x, x, x}; }
INLINE f8 max8(f8 a, f8 b) { return a > b ? a : b; }
INLINE f8 min8(f8 a, f8 b) { return a < b ? a : b; }

/// The first n (< 8) floats, the others zero.
INLINE f8 load_some(const float *p, ptrdiff_t n) {
  float x[8] = {0};
  for (ptrdiff_t i = 0; i < n; i++) x[i] = p[i];
  return load(x);
}
INLINE void store_some(float *p, f8 v, ptrdiff_t n) {
  float x[8];
  store(x, v);
  for (ptrdiff_t i = 0; i < n; i++) p[i] = x[i];
}

INLINE float sum_lanes(f8 v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

INLINE f8 sqrt8(f8 x) { return __builtin_elementwise_sqrt(x); }

/// e^x: the power of two by the exponent bits, the rest by a polynomial on [-ln 2 / 2, ln 2 / 2] (Cephes' expf).
/// Relative error below 2e-7; below -87.3 the result is the smallest normal number, above 88 it is the largest.
INLINE f8 exp8(f8 x) {
  x = min8(max8(x, splat(-87.33f)), splat(88.02f));
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

/// tanh: by e^(2x), and by its series where that would cancel.
INLINE f8 tanh8(f8 x) {
  f8 magnitude = (f8)((i8)x & 0x7fffffff);
  f8 large = splat(1.0f) - splat(2.0f) / (exp8(magnitude + magnitude) + splat(1.0f));
  large = (f8)((i8)large | ((i8)x & (i8)splat(-0.0f)));
  f8 s = x * x;
  f8 p = splat(-5.70498872745e-3f);
  p = p * s + splat(2.06390887954e-2f);
  p = p * s + splat(-5.37397155531e-2f);
  p = p * s + splat(1.33314422036e-1f);
  p = p * s + splat(-3.33332819422e-1f);
  f8 small = p * s * x + x;
  return magnitude < splat(0.625f) ? small : large;
}
