// The kernels for any processor that clang knows: vector types without any instruction set asked for.
#define KERNEL_SUFFIX plain
#include "kernels.inc.h"
