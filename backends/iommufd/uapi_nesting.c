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

/* The others' data are the kernel's structs as they are. */
void libiommu_iommufd_stage1(struct libiommu_iommufd_hwpt_ask *ask,
			     union libiommu_iommufd_stage1 *own)
{
	const struct libiommu_stage1_selftest *selftest = ask->data;

	if (ask->data_type != IOMMU_HWPT_DATA_SELFTEST || ask->data_size != sizeof(*selftest))
		return;
	*own = (union libiommu_iommufd_stage1){ .selftest = { .iotlb = selftest->iotlb } };
	ask->data = own;
	ask->data_size = sizeof(own->selftest);
}

static struct iommu_hwpt_vtd_s1_invalidate vtd(const struct libiommu_invalidation *command)
{
	const uint64_t first = command->range.start >> 12, last = command->range.last >> 12;
	const bool range = command->kind == LIBIOMMU_INVALIDATE_RANGE &&
			   (first || command->range.last != UINT64_MAX);

	return (struct iommu_hwpt_vtd_s1_invalidate){
		.addr = range ? first << 12 : 0,
		.npages = range ? last - first + 1 : UINT64_MAX,
		.flags = command->flags & LIBIOMMU_INVALIDATE_LEAVES ? IOMMU_VTD_INV_FLAGS_LEAF : 0,
	};
}

bool libiommu_iommufd_commands(enum libiommu_stage1_type stage1,
			       const struct libiommu_invalidation *commands, size_t count,
			       void *out, uint32_t *type, uint32_t *length)
{
	struct iommu_hwpt_vtd_s1_invalidate *of_vtd = out;
	struct iommu_hwpt_invalidate_selftest *of_selftest = out;

	switch (stage1) {
	case LIBIOMMU_STAGE1_VTD:
		*type = IOMMU_HWPT_INVALIDATE_DATA_VTD_S1;
		*length = sizeof(*of_vtd);
		for (size_t i = 0; i < count; i++)
			of_vtd[i] = vtd(&commands[i]);
		return true;
	case LIBIOMMU_STAGE1_SELFTEST:
		*type = IOMMU_HWPT_INVALIDATE_DATA_SELFTEST;
		*length = sizeof(*of_selftest);
		/* What the devices cache has no addresses: each command drops all of it. */
		for (size_t i = 0; i < count; i++)
			of_selftest[i] = (struct iommu_hwpt_invalidate_selftest){
				.flags = IOMMU_TEST_INVALIDATE_FLAG_ALL
			};
		return true;
	default:
		/* SMMUv3's and AMD's go through virtual IOMMUs. */
		return false;
	}
}
