/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/pgtable/fmt_vtd_ss.h"
#include "lib/pgtable/walker.h"
#include "lib/pgtable/editor.h"
