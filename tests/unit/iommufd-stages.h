/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of PASIDs, nesting and page requests on the backend "iommufd" have in common. */
#ifndef UNIT_IOMMUFD_STAGES_H
#define UNIT_IOMMUFD_STAGES_H

#include "tests/unit/iommufd-fixture.h"

#include <libiommu/nesting.h>

#include <errno.h>

/* Devices have PASIDs of 20 bits, and VT-d's driver has nested tables. */
static inline void start(const char *config)
{
	fake_kernel_set(kernel, FAKE_PASID_BITS, 20);
	fake_kernel_set(kernel, FAKE_NESTING, 1);
	again(config);
}

static inline struct libiommu_domain *domain_with(bool pasid, bool nest_parent,
						  struct libiommu_fault_queue *queue)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *out = NULL;

	opts.pasid = pasid;
	opts.nest_parent = nest_parent;
	opts.faults = queue;
	OK(libiommu_domain_new(ctx, &opts, &out, NULL));
	return out;
}

static inline struct libiommu_domain *domain_for_pasids(void)
{
	return domain_with(true, false, NULL);
}

static inline struct libiommu_endpoint *open_pasid(struct libiommu_device *device, uint32_t number)
{
	struct libiommu_endpoint *out = NULL;

	OK(libiommu_pasid_open(device, number, &out, NULL));
	ck_assert_uint_eq(libiommu_endpoint_pasid(out), number);
	return out;
}

static unsigned long stops_at;
static bool stopped;

/* From the first such call on nothing moves any more. */
static inline int stop_moving(void *data, int fd, unsigned long request, void *argument)
{
	if (request == stops_at)
		stopped = true;
	if (stopped && (request == stops_at || request == VFIO_DEVICE_ATTACH_IOMMUFD_PT))
		return -EIO;
	return sys()->ioctl(data, fd, request, argument);
}

static inline void no_way_back_from(unsigned long request)
{
	stops_at = request;
	stopped = false;
	pass_on = stop_moving;
}

#endif
