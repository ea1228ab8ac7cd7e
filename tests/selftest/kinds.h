/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables of several kinds. The library asks the kernel for one as the driver makes them; drivers
 * of real IOMMUs then differ, the one of the test devices does not. So what a device's driver would
 * do by itself is written into the library's request on its way.
 */
#ifndef SELFTEST_KINDS_H
#define SELFTEST_KINDS_H

#include "backends/iommufd/uapi_layout.h"

void kinds_apply(struct iommu_hwpt_alloc *alloc);

#endif
