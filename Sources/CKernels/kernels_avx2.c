// The kernels for x86-64 with AVX2 and FMA.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define KERNEL_SUFFIX avx2
#define KERNEL_HAS_MASKS
#define KERNEL_VECTOR_FLOATS 8
#include "kernels.inc.h"
#pragma clang attribute pop
#endif
