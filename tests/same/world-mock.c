/* SPDX-License-Identifier: BSD-2-Clause */
/* The mock, as hardware of the kind of the kernel's test devices. */
#include "tests/same/same.h"

#include <libiommu/mock.h>

#include <stdio.h>
#include <string.h>

static const char machine[] = "personality iommufd\n"
			      "iommu test kernel-selftest\n"
			      "device 0000:00:01.0 iommu=test group=1 driver=vfio-pci prq=yes\n"
			      "device 0000:00:02.0 iommu=test group=2 driver=vfio-pci prq=yes\n"
			      "device 0000:00:03.0 iommu=test group=3 driver=vfio-pci prq=yes "
			      "pasid=20\n";

static struct libiommu_ctx *begin(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = NULL;
	struct libiommu_error *err;

	opts.backend = "mock";
	opts.config = machine;
	if (!libiommu_ctx_new(&opts, &ctx, &err))
		return ctx;
	printf("%s: %s\n", libiommu_error_subject(err), libiommu_error_message(err));
	libiommu_error_free(err);
	return NULL;
}

static bool reaches(struct libiommu_endpoint *ep, uint64_t iova, const char *page)
{
	char got[SAME_PAGE];

	return !libiommu_mock_dma_read(ep, iova, got, sizeof(got), NULL) &&
	       !memcmp(got, page, sizeof(got));
}

static bool ask(struct libiommu_endpoint *ep, uint32_t group, uint32_t access, uint64_t iova)
{
	const struct libiommu_page_request request = { .address = iova, .access = access };
	uint64_t ticket;

	return !libiommu_mock_page_request(ep, &request, 1, group, &ticket, NULL);
}

static bool cached(struct libiommu_endpoint *ep, uint32_t entry, uint32_t value)
{
	uint32_t got;

	return !libiommu_mock_stage1_cached(ep, entry, &got, NULL) && got == value;
}

const struct same_world same_mock = {
	.name = "mock",
	.device = { "0000:00:01.0", "0000:00:02.0", "0000:00:03.0" },
	.begin = begin,
	.reaches = reaches,
	.ask = ask,
	.cached = cached,
};
