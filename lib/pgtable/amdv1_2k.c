/* SPDX-License-Identifier: BSD-2-Clause */
#define FMT_OPS       libiommu_pgtable_amdv1_2k
#define FMT_NAME      "amdv1-2k"
#define AMDV1_GRANULE 11
#include "lib/pgtable/fmt_amdv1.h"
#include "lib/pgtable/ops.h"
