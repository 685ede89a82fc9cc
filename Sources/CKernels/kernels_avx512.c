// The kernels for x86-64 with AVX-512: twice as many registers for the vectors of 8, and matrix products by vectors of 16.
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#define KERNEL_SUFFIX avx512
#define KERNEL_HAS_MASKS
#define KERNEL_VECTOR_FLOATS 16
#include "kernels.inc.h"
#pragma clang attribute pop
#endif
