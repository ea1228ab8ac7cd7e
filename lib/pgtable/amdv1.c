/* SPDX-License-Identifier: BSD-2-Clause */
#define FMT_OPS       libiommu_pgtable_amdv1
#define FMT_NAME      "amdv1"
#define AMDV1_GRANULE 12
#include "lib/pgtable/fmt_amdv1.h"
#include "lib/pgtable/ops.h"
