/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/uapi.h"

int libiommu_iommufd_hwpt_make(const struct libiommu_sys *sys, int iommufd,
			       const struct libiommu_iommufd_hwpt_ask *ask, uint32_t *hwpt)
{
	struct iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = ask->flags,
		.dev_id = ask->device,
		.pt_id = ask->parent,
		.data_type = ask->data_type,
		.data_len = ask->data_size,
		.data_uptr = (uintptr_t)ask->data,
		.fault_id = ask->fault,
	};
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_HWPT_ALLOC, &alloc);

	*hwpt = alloc.out_hwpt_id;
	return rc;
}

int libiommu_iommufd_invalidate(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt,
				uint32_t type, const void *commands, uint32_t entry,
				uint32_t *count)
{
	struct iommu_hwpt_invalidate invalidate = {
		.size = sizeof(invalidate),
		.hwpt_id = hwpt,
		.data_uptr = (uintptr_t)commands,
		.data_type = type,
		.entry_len = entry,
		.entry_num = *count,
	};
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_HWPT_INVALIDATE, &invalidate);

	/*
	 * Whoever refuses before the commands are looked at does not write it back; then the number
	 * is still what was asked for, and nothing is done.
	 */
	*count = rc < 0 && invalidate.entry_num >= *count ? 0 : invalidate.entry_num;
	return rc;
}

int libiommu_iommufd_hw_data(const struct libiommu_sys *sys, int iommufd, uint32_t device,
			     uint32_t *type, void *data, uint32_t *size)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = device,
		.data_len = *size,
		.data_uptr = (uintptr_t)data,
	};
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_GET_HW_INFO, &info);

	if (rc < 0)
		return rc;
	*type = info.out_data_type;
	*size = info.data_len;
	return 0;
}
