// The scanners for any processor: blocks are examined byte by byte, or eight bytes in a 64-bit word.
#include "CTextKernels.h"

#define KERNEL_SUFFIX plain
#include "blocks_plain.inc.h"
#include "kernels.inc.h"
