/* SPDX-License-Identifier: BSD-2-Clause */
#define FMT_OPS       libiommu_pgtable_riscv_g
#define FMT_NAME      "riscv-g"
#define RISCV_G_STAGE 1
#include "lib/pgtable/fmt_riscv.h"
#include "lib/pgtable/ops.h"
