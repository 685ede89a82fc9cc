#include "CTextKernels.h"

extern const struct text_kernels text_kernels_plain;
#if defined(__x86_64__)
extern const struct text_kernels text_kernels_avx2;
#endif

enum text_kernel_level text_kernel_best_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return text_kernel_level_avx2;
#endif
  return text_kernel_level_plain;
}

const struct text_kernels *text_kernel_table(enum text_kernel_level level) {
  if (level > text_kernel_best_level()) return NULL;
#if defined(__x86_64__)
  if (level == text_kernel_level_avx2) return &text_kernels_avx2;
#endif
  return &text_kernels_plain;
}

const struct text_kernels *text_kernels_of_this_machine(void) {
#if defined(__x86_64__)
  if (text_kernel_best_level() == text_kernel_level_avx2) return &text_kernels_avx2;
#endif
  return &text_kernels_plain;
}
