/* SPDX-License-Identifier: BSD-2-Clause */
/* map-buffer [BACKEND DEVICE]: lend a buffer to a device; without arguments, on the mock. */
#include <libiommu/libiommu.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	const char *name = argc > 2 ? argv[2] : "0000:00:03.0";
	struct libiommu_ctx *ctx = NULL;
	struct libiommu_device *dev;
	struct libiommu_domain *dom;
	struct libiommu_error *err;
	void *buffer = aligned_alloc(4096, 4096);
	uint64_t iova;
	int ret;

	opts.backend = argc > 2 ? argv[1] : "mock"; /* "vfio" on hardware */
	if (libiommu_ctx_new(&opts, &ctx, &err) || libiommu_device_open(ctx, name, &dev, &err) ||
	    libiommu_domain_new(ctx, NULL, &dom, &err) ||
	    libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err) ||
	    libiommu_domain_map_any(dom, libiommu_source_memory(buffer), 4096,
				    LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, &iova, &err)) {
		fprintf(stderr, "%s: %s %s\n", libiommu_error_subject(err),
			libiommu_error_message(err), libiommu_error_hint(err));
		libiommu_error_free(err);
		ret = 1;
	} else {
		printf("%s reaches the buffer at IOVA %#" PRIx64 "\n", name, iova);
		ret = 0;
	}
	libiommu_ctx_free(ctx); /* detaches, unmaps and closes in the right order */
	free(buffer);
	return ret;
}
