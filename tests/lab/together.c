/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-together: several devices, each alone in its group, in one address space. The first one is
 * an edu and tells by DMA what the others' coming and going does to it: nothing.
 */
#include "edu.h"
#include "tally.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define IOVA UINT64_C(0x500000)

static struct libiommu_device *dev[TALLY_DEVICES];
static struct libiommu_region *bar;

/* The first page's bytes arrive in the second one. */
static bool copies(char *mem, char value)
{
	memset(mem, value, PAGE);
	memset(mem + PAGE, 0, PAGE);
	libiommu_device_set_bus_master(dev[0], true, NULL);
	edu_read(bar, IOVA, 64);
	edu_write(bar, IOVA + PAGE, 64);
	return !memcmp(mem, mem + PAGE, 64);
}

static bool attach_all(const struct tally *t, struct libiommu_ctx *ctx, struct libiommu_domain *dom)
{
	struct libiommu_error *err;
	char what[64];
	int ret;

	for (size_t i = 0; i < t->devices; i++) {
		snprintf(what, sizeof(what), "open %s", t->device[i]);
		ret = libiommu_device_open(ctx, t->device[i], &dev[i], &err);
		if (!tally_call(ret, err, what))
			return false;
		snprintf(what, sizeof(what), "attach %s to the same domain", t->device[i]);
		ret = libiommu_endpoint_attach(libiommu_device_endpoint(dev[i]), dom, &err);
		if (!tally_call(ret, err, what))
			return false;
	}
	for (size_t i = 1; i < t->devices; i++)
		tally(libiommu_device_group_id(dev[i]) != libiommu_device_group_id(dev[i - 1]),
		      "groups of their own");
	return true;
}

static void detach_others(const struct tally *t, char *mem)
{
	struct libiommu_error *err;
	char what[64];
	int ret;

	for (size_t i = t->devices; i-- > 1;) {
		snprintf(what, sizeof(what), "detach %s", t->device[i]);
		ret = libiommu_endpoint_detach(libiommu_device_endpoint(dev[i]),
					       LIBIOMMU_DETACH_MAY_REOPEN, &err);
		tally_call(ret, err, what);
		tally(copies(mem, (char)(0x40 + i)), "the first device's DMA goes on");
	}
}

int main(int argc, char **argv)
{
	struct tally t = tally_arguments(argc, argv);
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	struct libiommu_domain *dom;
	struct libiommu_ctx *ctx;
	char *mem =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t removed = 0;
	int ret;

	opts.backend = t.backend;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (mem == MAP_FAILED || !tally_call(ret, err, "a context"))
		return tally_end();
	ret = libiommu_domain_new(ctx, NULL, &dom, &err);
	if (!tally_call(ret, err, "a domain") || !attach_all(&t, ctx, dom))
		goto out;
	ret = libiommu_domain_map(dom, IOVA, libiommu_source_memory(mem), 2 * PAGE,
				  LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, &err);
	tally_call(ret, err, "map for all of them");
	ret = libiommu_region_open(dev[0], LIBIOMMU_REGION_BAR0, &bar, &err);
	if (!tally_call(ret, err, "registers of the first"))
		goto out;
	tally(copies(mem, 0x33), "DMA arrives");
	detach_others(&t, mem);
	ret = libiommu_domain_unmap(dom, IOVA, 2 * PAGE, &removed, &err);
	tally_call(ret, err, "unmap");
	tally(removed == 2 * PAGE, "the map was one");
	libiommu_region_close(bar);
out:
	libiommu_ctx_free(ctx);
	return tally_end();
}
