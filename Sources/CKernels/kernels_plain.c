// The kernels for any processor that clang knows: vector types without any instruction set asked for.
#define KERNEL_SUFFIX plain
#define KERNEL_VECTOR_FLOATS 8
#include "kernels.inc.h"
