/* SPDX-License-Identifier: BSD-2-Clause */
#define FMT_OPS  libiommu_pgtable_riscv
#define FMT_NAME "riscv"
#include "lib/pgtable/fmt_riscv.h"
#include "lib/pgtable/ops.h"
