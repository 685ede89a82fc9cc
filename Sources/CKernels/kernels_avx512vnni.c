// The kernels of AVX-512, and of its instructions for products of bytes (VNNI).
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#define KERNEL_SUFFIX avx512vnni
#define KERNEL_HAS_MASKS
#define KERNEL_HAS_VNNI
#define KERNEL_VECTOR_FLOATS 16
#include "kernels.inc.h"
#pragma clang attribute pop
#endif
