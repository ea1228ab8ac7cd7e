/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/selftest/kinds.h"

#include "tests/selftest/abi.h"
#include "tests/selftest/devices.h"

void kinds_apply(struct iommu_hwpt_alloc *alloc)
{
	static struct iommu_hwpt_selftest data;
	const struct device *device = devices_of_id(alloc->dev_id);

	/* What has data already is a stage 1. */
	if (!device || device->pci || alloc->data_type)
		return;
	alloc->flags |= device->table_flags;
	if (device->table_type == MOCK_IOMMUPT_DEFAULT)
		return;
	data.pagetable_type = device->table_type;
	alloc->data_type = IOMMU_HWPT_DATA_SELFTEST;
	alloc->data_len = sizeof(data);
	alloc->data_uptr = (uintptr_t)&data;
}
