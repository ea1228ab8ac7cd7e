/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call with which a kernel that was built with CONFIG_IOMMUFD_TEST makes test devices and tells
 * what has become of them. The names are the kernel's, the layouts are facts that
 * tests/unit/selftest-layout.c checks.
 */
#ifndef SELFTEST_ABI_H
#define SELFTEST_ABI_H

#include "backends/iommufd/uapi_layout.h"

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
	IOMMU_TEST_OP_MD_CHECK_IOTLB = 14,
	IOMMU_TEST_OP_TRIGGER_IOPF = 15,
	IOMMU_TEST_OP_PASID_ATTACH = 18,
	IOMMU_TEST_OP_PASID_REPLACE = 19,
	IOMMU_TEST_OP_PASID_DETACH = 20,
	IOMMU_TEST_OP_PASID_CHECK_HWPT = 21,
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

/* The register that each of them has, and what it caches of a nested page table. */
#define IOMMU_HW_INFO_SELFTEST_REGVAL 0xdeadbeefu
#define IOMMU_TEST_IOTLB_DEFAULT      0xbadbeefu
#define MOCK_NESTED_DOMAIN_IOTLB_NUM  4u
/* The first time that this one is given a page table after another one, memory is exhausted. */
#define IOMMU_TEST_PASID_RESERVED 1024u

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
		struct {
			uint32_t id;
			uint32_t iotlb;
		} check_iotlb;
		struct {
			uint32_t dev_id;
			uint32_t pasid;
			uint32_t grpid;
			uint32_t perm;
			uint64_t addr;
		} trigger_iopf;
		struct {
			uint32_t pasid;
			uint32_t pt_id;
		} pasid_attach, pasid_replace;
		struct {
			uint32_t pasid;
		} pasid_detach;
		struct {
			uint32_t pasid;
			uint32_t hwpt_id;
		} pasid_check;
		uint64_t whole[6];
	};
	uint32_t last;
};

/* In the data of IOMMU_HWPT_ALLOC for page tables of test devices. */
enum {
	MOCK_IOMMUPT_DEFAULT = 0,
	MOCK_IOMMUPT_HUGE = 1, /* pages of 4 KiB and 1 MiB, everywhere */
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

#endif
