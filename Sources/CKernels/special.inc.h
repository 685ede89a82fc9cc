// Functions of one vector that losses and activations share.

INLINE f8 load_up_to(const float *p, ptrdiff_t n) { return n >= 8 ? load(p) : load_some(p, n); }
INLINE void store_up_to(float *p, f8 v, ptrdiff_t n) {
  if (n >= 8) store(p, v);
  else store_some(p, v, n);
}

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
