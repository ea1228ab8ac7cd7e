/* SPDX-License-Identifier: BSD-2-Clause */
#define FMT_OPS     libiommu_pgtable_arm_s2_16k
#define FMT_NAME    "arm-s2-16k"
#define ARM_STAGE   2
#define FMT_GRANULE 14
#include "lib/pgtable/fmt_arm_lpae.h"
#include "lib/pgtable/ops.h"
