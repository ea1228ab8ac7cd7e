/* SPDX-License-Identifier: BSD-2-Clause */
/* The test devices of a kernel that has some, through the library's backend iommufd. */
#include "tests/same/same.h"
#include "tests/selftest/devices.h"
#include "tests/selftest/ops.h"

#include <stdio.h>

static struct libiommu_iommufd_transport transport;

static struct libiommu_ctx *begin(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = NULL;
	struct libiommu_error *err;

	opts.backend = "iommufd";
	transport = devices_transport;
	opts.backend_object = &transport;
	if (!libiommu_ctx_new(&opts, &ctx, &err))
		return ctx;
	printf("%s: %s\n", libiommu_error_subject(err), libiommu_error_message(err));
	libiommu_error_free(err);
	return NULL;
}

static const struct device *device_of(const struct libiommu_endpoint *ep)
{
	return devices_find(libiommu_device_name(libiommu_endpoint_device(ep)));
}

static uint32_t table_of(const struct libiommu_endpoint *ep)
{
	const uint32_t pasid = libiommu_endpoint_pasid(ep);
	const struct device *device = device_of(ep);

	return pasid ? devices_pasid(device, pasid) : device->hwpt;
}

static bool reaches(struct libiommu_endpoint *ep, uint64_t iova, const char *page)
{
	const uint32_t table = table_of(ep);

	return table && !ops_check_map(libiommu_sys_default(), devices_iommufd(), table, iova, page,
				       SAME_PAGE);
}

static bool ask(struct libiommu_endpoint *ep, uint32_t group, uint32_t access, uint64_t iova)
{
	const struct ops_page page = {
		.device = device_of(ep)->id,
		.pasid = libiommu_endpoint_pasid(ep),
		.group = group,
		/* The kernel's bits are the library's. */
		.access = access,
		.address = iova,
	};

	return ops_ask_page(libiommu_sys_default(), devices_iommufd(), &page) >= 0;
}

static bool cached(struct libiommu_endpoint *ep, uint32_t entry, uint32_t value)
{
	return !ops_check_iotlb(libiommu_sys_default(), devices_iommufd(), table_of(ep), entry,
				value);
}

const struct same_world same_kernel = {
	.name = "kernel",
	.device = { PLAIN, TWIN, NUMBERED },
	.begin = begin,
	.reaches = reaches,
	.ask = ask,
	.cached = cached,
};
