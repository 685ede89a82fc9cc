// The scanners for x86-64 with AVX2: blocks of 64 bytes are two vectors.
#if defined(__x86_64__)
#include <immintrin.h>

#include "CTextKernels.h"

#pragma clang attribute push(__attribute__((target("avx2,bmi"))), apply_to = function)
#define KERNEL_SUFFIX avx2
#include "blocks_avx2.inc.h"
#include "kernels.inc.h"
#pragma clang attribute pop
#endif
