/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/pgtable/fmt_vtd_ss.h"
#include "lib/pgtable/ops.h"
