/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices that these tests open by name, and the transport that brings them: the kernel's test
 * devices, and VFIO's nodes for devices with an address on the PCI bus. A test device that is
 * detached is in an address space of its own, which stays empty.
 */
#ifndef SELFTEST_DEVICES_H
#define SELFTEST_DEVICES_H

#include "backends/iommufd/transport.h"

#define DEVICES_NAME 32

struct device {
	char name[DEVICES_NAME];
	bool pci;
	uint32_t flags;       /* MOCK_FLAGS_DEVICE_* */
	uint32_t table_flags; /* of page tables that are made for it: IOMMU_HWPT_ALLOC_* */
	uint32_t table_type;  /* MOCK_IOMMUPT_* */
	/* While it is open. */
	uint32_t id, stdev, parking;
	uint32_t parked; /* where it waits: in that space, or a page table of it */
	uint32_t hwpt;   /* where it is; 0: detached */
	struct {
		uint32_t pasid, hwpt;
	} pasids[4]; /* the same of those; pasid 0: a free place */
};

/*
 * The first four cannot be attached to each other's page tables when PLAIN or TWIN come first: OTHER
 * and its twin have no dirty bits. They have larger pages, and reach further.
 */
#define PLAIN      "plain"
#define TWIN       "twin"
#define OTHER      "other"
#define OTHER_TWIN "other twin"
/* The same the other way round: the second one has small pages and does not reach so far. */
#define WIDE   "wide"
#define NARROW "narrow"
/* It has PASIDs. */
#define NUMBERED "numbered"

extern const struct libiommu_iommufd_transport devices_transport;

/* The iommufd in which devices were opened last. */
int devices_iommufd(void);
/* A device by its name; those on the PCI bus come into being with their first open. */
struct device *devices_find(const char *name);
/* The page table of a PASID; 0: it has none. */
uint32_t devices_pasid(const struct device *device, uint32_t pasid);
/* An open one by its id in the iommufd, or NULL. */
const struct device *devices_of_id(uint32_t id);

#endif
