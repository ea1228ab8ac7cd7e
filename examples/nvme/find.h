/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NVME_FIND_H
#define NVME_FIND_H

#include "failure.h"

/**
 * The device to use.
 * @param wanted its name; NULL: the only NVMe controller that no driver of the kernel has in hand
 * @param[out] name room for size characters
 */
int nvme_find_device(struct libiommu_ctx *ctx, const char *wanted, char *name, size_t size,
		     struct nvme_failure *failure);

#endif
