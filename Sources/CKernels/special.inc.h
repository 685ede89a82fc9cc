// Functions of one vector that losses and activations share.

/// The first n lanes, zeros in the others.
INLINE f8 keep8(f8 v, ptrdiff_t n) {
  const i8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  return n >= 8 ? v : (f8)((i8)v & (lanes < (i8){} + (int32_t)n));
}

INLINE f8 absolute8(f8 x) { return (f8)((i8)x & ((i8){} + 0x7fffffff)); }
INLINE f8 sign8(f8 x) { return x > splat(0) ? splat(1) : x < splat(0) ? splat(-1) : splat(0); }

/// log(1 + x) for x of [0, 1], as 2 artanh(x / (2 + x)): the series in s² ≤ 1/9 to s¹⁶. Relative error below 2e-7.
INLINE f8 log1p_unit8(f8 x) {
  f8 s = x / (splat(2.0f) + x), t = s * s;
  f8 p = splat(2.0f / 17);
  p = p * t + splat(2.0f / 15);
  p = p * t + splat(2.0f / 13);
  p = p * t + splat(2.0f / 11);
  p = p * t + splat(2.0f / 9);
  p = p * t + splat(2.0f / 7);
  p = p * t + splat(2.0f / 5);
  p = p * t + splat(2.0f / 3);
  return s * t * p + (s + s);
}

/// log(1 + e^x)
INLINE f8 softplus8(f8 x) { return max8(splat(0), x) + log1p_unit8(exp8(-absolute8(x))); }

/// erf as x·P(x²) / Q(x²) on [-3.92, 3.92], beyond which it is 1 in Float32. Coefficients by least squares of the relative
/// error, reweighted towards its maximum: 2e-8; with Float32's rounding 3.7e-7.
INLINE f8 erf8(f8 x) {
  x = min8(splat(3.92f), max8(splat(-3.92f), x));
  f8 s = x * x;
  f8 p = splat(2.0501057772e-6f);
  p = p * s + splat(2.8488308950e-4f);
  p = p * s + splat(3.7655888934e-3f);
  p = p * s + splat(5.2748636783e-2f);
  p = p * s + splat(1.9040567733e-1f);
  p = p * s + splat(1.1283791461e+0f);
  f8 q = splat(3.8091927151e-5f);
  q = q * s + splat(1.1625306332e-3f);
  q = q * s + splat(1.4969158452e-2f);
  q = q * s + splat(1.1410880214e-1f);
  q = q * s + splat(5.0207537888e-1f);
  q = q * s + splat(1.0f);
  return x * p / q;
}

/// e^x - 1 for x ≤ 0, by 2 tanh(x / 2) / (1 - tanh(x / 2)): relative error below 1e-6 however near to zero x is.
INLINE f8 expm1_8(f8 x) {
  struct fraction8 f = tanh_fraction8(x * splat(0.5f));
  return (f.numerator + f.numerator) / (f.denominator - f.numerator);
}
