/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call with which a kernel that was built with CONFIG_IOMMUFD_TEST makes test devices and tells
 * what has become of them. The names are the kernel's, the layouts are facts that
 * tests/unit/selftest-layout.c checks.
 */
#ifndef SELFTEST_ABI_H
#define SELFTEST_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define IOMMU_TEST_CMD 0x3ba0u

enum {
	IOMMU_TEST_OP_ADD_RESERVED = 1,
	IOMMU_TEST_OP_MD_CHECK_MAP = 3,
	IOMMU_TEST_OP_MD_CHECK_REFS = 4,
	IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE = 10,
	IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS = 12,
	IOMMU_TEST_OP_DIRTY = 13,
};

/* Of a test device. */
enum {
	MOCK_FLAGS_DEVICE_NO_DIRTY = 1,
	MOCK_FLAGS_DEVICE_PASID = 4,
};

/* What every test device can translate, with page tables of the default kind. */
#define MOCK_APERTURE_START 0x1000000u
#define MOCK_APERTURE_LAST  0x7fffffffu
#define MOCK_PASID_WIDTH    20u /* of those that have PASIDs */
#define MOCK_PAGE_SIZE      2048u

struct iommu_test_cmd {
	uint32_t size;
	uint32_t op;
	uint32_t id;
	uint32_t reserved;
	union {
		struct {
			uint64_t start;
			uint64_t length;
		} add_reserved;
		struct {
			uint32_t out_stdev_id;
			uint32_t out_hwpt_id;
			uint32_t out_idev_id;
			uint32_t dev_flags;
		} mock_domain_flags;
		struct {
			uint32_t pt_id;
		} mock_domain_replace;
		struct {
			uint64_t iova;
			uint64_t length;
			uint64_t uptr;
		} check_map;
		struct {
			uint64_t length;
			uint64_t uptr;
			uint32_t refs;
		} check_refs;
		struct {
			uint32_t flags;
			uint64_t iova;
			uint64_t length;
			uint64_t page_size;
			uint64_t uptr;
			uint64_t out_nr_dirty;
		} dirty;
		uint64_t whole[6];
	};
	uint32_t last;
};

/* Data of IOMMU_HWPT_ALLOC for page tables of test devices. */
#define IOMMU_HWPT_DATA_SELFTEST 0xdeadu

enum {
	MOCK_IOMMUPT_DEFAULT = 0,
	MOCK_IOMMUPT_HUGE = 1, /* pages of 4 KiB and 1 MiB, everywhere */
};

struct iommu_hwpt_selftest {
	uint32_t iotlb;
	uint32_t pagetable_type;
};

/* Calls of iommufd for every device, which the library does not make. */
#define IOMMU_HWPT_SET_DIRTY_TRACKING 0x3b8bu
#define IOMMU_HWPT_GET_DIRTY_BITMAP   0x3b8cu

#define IOMMU_HWPT_DIRTY_TRACKING_ENABLE     1u
#define IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR 1u

struct iommu_hwpt_set_dirty_tracking {
	uint32_t size;
	uint32_t flags;
	uint32_t hwpt_id;
	uint32_t reserved;
};

struct iommu_hwpt_get_dirty_bitmap {
	uint32_t size;
	uint32_t hwpt_id;
	uint32_t flags;
	uint32_t reserved;
	uint64_t iova;
	uint64_t length;
	uint64_t page_size;
	uint64_t data;
};

static_assert(sizeof(struct iommu_test_cmd) == 72, "ABI");
static_assert(sizeof(struct iommu_hwpt_set_dirty_tracking) == 16, "ABI");
static_assert(sizeof(struct iommu_hwpt_get_dirty_bitmap) == 48, "ABI");
static_assert(offsetof(struct iommu_test_cmd, last) == 64, "ABI");
static_assert(sizeof(struct iommu_hwpt_selftest) == 8, "ABI");

#endif
