/* SPDX-License-Identifier: BSD-2-Clause */
/* A program elsewhere, C and C++ at the same time: lends a page to a device of the mock. */
#include <libiommu/libiommu.h>
#include <libiommu/mock.h>

#include <stdio.h>
#include <string.h>

static char memory[2 * 4096];

/* The device finds the page, and what is in it. */
static int device_sees(struct libiommu_endpoint *ep, uint64_t iova)
{
	char seen[6] = "";

	return !libiommu_mock_dma_read(ep, iova, seen, sizeof(seen), NULL) &&
	       !strcmp(seen, "hello");
}

int main(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	char *page = memory + 4096 - (uintptr_t)memory % 4096;
	struct libiommu_ctx *ctx = NULL;
	struct libiommu_device *dev = NULL;
	struct libiommu_domain *dom = NULL;
	struct libiommu_error *err = NULL;
	int ok;

	opts.backend = "mock";
	memcpy(page, "hello", 6);
	ok = !libiommu_ctx_new(&opts, &ctx, &err) &&
	     !libiommu_device_open(ctx, "0000:00:03.0", &dev, &err) &&
	     !libiommu_domain_new(ctx, NULL, &dom, &err) &&
	     !libiommu_domain_map(dom, 0x10000, libiommu_source_memory(page), 4096,
				  LIBIOMMU_PROT_READ, &err) &&
	     !libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err);
	if (!ok)
		fprintf(stderr, "%s\n", libiommu_error_message(err));
	else
		ok = !libiommu_device_set_bus_master(dev, true, NULL) &&
		     device_sees(libiommu_device_endpoint(dev), 0x10000);
	libiommu_error_free(err);
	libiommu_ctx_free(ctx);
	puts(ok ? libiommu_version() : "failed");
	return !ok;
}
