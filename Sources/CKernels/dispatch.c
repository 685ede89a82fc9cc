#include "CKernels.h"

extern const struct kernel_table kernel_table_plain;
#if defined(__x86_64__)
extern const struct kernel_table kernel_table_avx2;
extern const struct kernel_table kernel_table_avx512;
extern const struct kernel_table kernel_table_avx512vnni;
#endif

enum kernel_level kernel_best_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return kernel_level_plain;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return __builtin_cpu_supports("avx512vnni") ? kernel_level_avx512vnni : kernel_level_avx512;
  return kernel_level_avx2;
#else
  return kernel_level_plain;
#endif
}

const struct kernel_table *kernel_table(enum kernel_level level) {
  if (level > kernel_best_level()) return NULL;
#if defined(__x86_64__)
  if (level == kernel_level_avx512vnni) return &kernel_table_avx512vnni;
  if (level == kernel_level_avx512) return &kernel_table_avx512;
  if (level == kernel_level_avx2) return &kernel_table_avx2;
#endif
  return &kernel_table_plain;
}
