/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/selftest/ops.h"

#include "tests/selftest/abi.h"

static int command(const struct libiommu_sys *sys, int iommufd, struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	return sys->ioctl(sys->data, iommufd, IOMMU_TEST_CMD, cmd);
}

int ops_make(const struct libiommu_sys *sys, int iommufd, uint32_t pt, uint32_t flags,
	     struct ops_made *made)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
		.id = pt,
		.mock_domain_flags = { .dev_flags = flags },
	};
	int rc = command(sys, iommufd, &cmd);

	made->stdev = cmd.mock_domain_flags.out_stdev_id;
	made->id = cmd.mock_domain_flags.out_idev_id;
	made->hwpt = cmd.mock_domain_flags.out_hwpt_id;
	return rc;
}

int ops_move(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t *pt)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
		.id = stdev,
		.mock_domain_replace = { .pt_id = *pt },
	};
	int rc = command(sys, iommufd, &cmd);

	if (rc >= 0)
		*pt = cmd.mock_domain_replace.pt_id;
	return rc;
}

int ops_reserve(const struct libiommu_sys *sys, int iommufd, uint32_t ioas, uint64_t start,
		uint64_t length)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_ADD_RESERVED,
		.id = ioas,
		.add_reserved = { .start = start, .length = length },
	};

	return command(sys, iommufd, &cmd);
}

int ops_check_map(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint64_t iova,
		  const void *memory, uint64_t length)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MD_CHECK_MAP,
		.id = hwpt,
		.check_map = { .iova = iova, .length = length, .uptr = (uintptr_t)memory },
	};

	return command(sys, iommufd, &cmd);
}

int ops_check_pins(const struct libiommu_sys *sys, int iommufd, const void *memory, uint64_t length,
		   uint32_t pins)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MD_CHECK_REFS,
		.check_refs = { .length = length, .uptr = (uintptr_t)memory, .refs = pins },
	};

	return command(sys, iommufd, &cmd);
}

int ops_track(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE,
		.hwpt_id = hwpt,
	};

	return sys->ioctl(sys->data, iommufd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
}

int ops_write(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint64_t iova)
{
	const uint64_t bit = 1;
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_DIRTY,
		.id = hwpt,
		.dirty = { .iova = iova & ~(uint64_t)(MOCK_PAGE_SIZE - 1),
			   .length = MOCK_PAGE_SIZE,
			   .page_size = MOCK_PAGE_SIZE,
			   .uptr = (uintptr_t)&bit },
	};

	return command(sys, iommufd, &cmd);
}

int ops_read_dirty(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint64_t iova,
		   uint64_t length, uint64_t page, bool keep, uint64_t *bitmap)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.flags = keep ? IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR : 0,
		.iova = iova,
		.length = length,
		.page_size = page,
		.data = (uintptr_t)bitmap,
	};

	return sys->ioctl(sys->data, iommufd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

int ops_pasid_attach(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t pasid,
		     uint32_t pt, bool replaces)
{
	struct iommu_test_cmd cmd = {
		.op = replaces ? IOMMU_TEST_OP_PASID_REPLACE : IOMMU_TEST_OP_PASID_ATTACH,
		.id = stdev,
		.pasid_attach = { .pasid = pasid, .pt_id = pt },
	};

	return command(sys, iommufd, &cmd);
}

int ops_pasid_detach(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t pasid)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_PASID_DETACH,
		.id = stdev,
		.pasid_detach = { .pasid = pasid },
	};

	return command(sys, iommufd, &cmd);
}

int ops_pasid_check(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t pasid,
		    uint32_t hwpt)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_PASID_CHECK_HWPT,
		.id = stdev,
		.pasid_check = { .pasid = pasid, .hwpt_id = hwpt },
	};

	return command(sys, iommufd, &cmd);
}

int ops_check_iotlb(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint32_t entry,
		    uint32_t value)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_MD_CHECK_IOTLB,
		.id = hwpt,
		.check_iotlb = { .id = entry, .iotlb = value },
	};

	return command(sys, iommufd, &cmd);
}

int ops_ask_page(const struct libiommu_sys *sys, int iommufd, const struct ops_page *page)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_IOPF,
		.trigger_iopf = { .dev_id = page->device,
				  .pasid = page->pasid,
				  .grpid = page->group,
				  .perm = page->access,
				  .addr = page->address },
	};

	return command(sys, iommufd, &cmd);
}
