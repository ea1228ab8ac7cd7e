/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One function per test command that is used here. All of them return a negative errno when the
 * kernel refuses; -ENOTTY: it has no test devices.
 */
#ifndef SELFTEST_OPS_H
#define SELFTEST_OPS_H

#include <libiommu/hooks.h>

struct ops_made {
	uint32_t stdev; /* to destroy it and to move it */
	uint32_t id;    /* of the device in the iommufd */
	uint32_t hwpt;  /* what it is attached to */
};

/* A test device, attached to an address space or a page table. @param flags MOCK_FLAGS_DEVICE_* */
int ops_make(const struct libiommu_sys *sys, int iommufd, uint32_t pt, uint32_t flags,
	     struct ops_made *made);
/* @param[in,out] pt id of an address space or a page table; out: of the page table */
int ops_move(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t *pt);
/* Take a range out of an address space, as the reserved region of a device does. */
int ops_reserve(const struct libiommu_sys *sys, int iommufd, uint32_t ioas, uint64_t start,
		uint64_t length);
/*
 * Does a page table lead to this memory of the process, page by page? @return 0; -EINVAL when
 * something else or nothing is there; -ENOENT when there is no such page table
 */
int ops_check_map(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint64_t iova,
		  const void *memory, uint64_t length);
/* How often is each page of this memory pinned? @return 0 when it is so often; -EIO */
int ops_check_pins(const struct libiommu_sys *sys, int iommufd, const void *memory, uint64_t length,
		   uint32_t pins);

/* Let a page table tell what was written to. */
int ops_track(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt);
/* As if a device had written there; it says nothing of whether something is mapped. */
int ops_write(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint64_t iova);
/*
 * What was written to, by pages of this size.
 * @param keep does not take the marks away
 * @param bitmap bits are set in it
 */
int ops_read_dirty(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint64_t iova,
		   uint64_t length, uint64_t page, bool keep, uint64_t *bitmap);

/* Give a PASID of a device a page table. @param replaces the one that it has */
int ops_pasid_attach(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t pasid,
		     uint32_t pt, bool replaces);
int ops_pasid_detach(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t pasid);
/* Is this the page table of a PASID? @param hwpt 0: none @return 0; -EINVAL: no */
int ops_pasid_check(const struct libiommu_sys *sys, int iommufd, uint32_t stdev, uint32_t pasid,
		    uint32_t hwpt);

/* Does a nested page table cache this, in one of four entries? @return 0; -EINVAL: no */
int ops_check_iotlb(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt, uint32_t entry,
		    uint32_t value);

/* A device asks for a page. */
struct ops_page {
	uint32_t device; /* its id */
	uint32_t pasid;  /* NO_PASID: without */
	uint32_t group, access;
	uint64_t address;
};
int ops_ask_page(const struct libiommu_sys *sys, int iommufd, const struct ops_page *page);

#endif
