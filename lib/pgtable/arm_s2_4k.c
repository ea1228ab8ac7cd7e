/* SPDX-License-Identifier: BSD-2-Clause */
#define FMT_OPS     libiommu_pgtable_arm_s2_4k
#define FMT_NAME    "arm-s2-4k"
#define ARM_STAGE   2
#define FMT_GRANULE 12
#include "lib/pgtable/fmt_arm_lpae.h"
#include "lib/pgtable/ops.h"
