/* SPDX-License-Identifier: BSD-2-Clause */
#define FMT_OPS     libiommu_pgtable_arm_s1_16k
#define FMT_NAME    "arm-s1-16k"
#define ARM_STAGE   1
#define FMT_GRANULE 14
#include "lib/pgtable/fmt_arm_lpae.h"
#include "lib/pgtable/ops.h"
