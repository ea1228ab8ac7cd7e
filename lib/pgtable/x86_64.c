/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/pgtable/fmt_x86_64.h"
#include "lib/pgtable/ops.h"
