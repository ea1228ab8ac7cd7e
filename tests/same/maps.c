/* SPDX-License-Identifier: BSD-2-Clause */
/* What a domain takes, before and after a device has come. */
#include "tests/same/same.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

static void ranges(struct same *s, const char *step, struct libiommu_domain *dom)
{
	struct libiommu_range r[4];
	size_t count = 4;
	int code = libiommu_domain_iova_ranges(dom, r, &count, NULL);

	if (code)
		same_fact(s, step, "errno %d", -code);
	else
		same_fact(s, step, "%zu: %#" PRIx64 "-%#" PRIx64, count, r[0].start, r[0].last);
}

static void map(struct same *s, const char *step, struct libiommu_domain *dom, uint64_t iova,
		uint64_t offset, uint64_t length)
{
	struct libiommu_error *err;
	int code = libiommu_domain_map(dom, iova, libiommu_source_memory(s->memory + offset),
				       length, SAME_BOTH, &err);

	same_call(s, step, code, err);
}

static void unmap(struct same *s, const char *step, struct libiommu_domain *dom, uint64_t iova,
		  uint64_t length)
{
	struct libiommu_error *err;
	uint64_t removed = 0;
	int code = libiommu_domain_unmap(dom, iova, length, &removed, &err);

	if (code)
		same_call(s, step, code, err);
	else
		same_fact(s, step, "%" PRIu64 " bytes", removed);
}

static void attach(struct same *s, const char *step, struct libiommu_device *dev,
		   struct libiommu_domain *dom)
{
	struct libiommu_error *err;
	int code = libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err);

	same_call(s, step, code, err);
}

/* Nothing is known of any device, and nearly everything is taken. */
static void before(struct same *s, struct libiommu_domain *dom, struct libiommu_device *dev)
{
	ranges(s, "ranges without a device", dom);
	same_fact(s, "page size without a device", "%" PRIu64, libiommu_domain_page_size(dom));
	map(s, "map below the aperture, early", dom, SAME_PAGE, 0, SAME_PAGE);
	attach(s, "attach with a mapping below the aperture", dev, dom);
	unmap(s, "take it away", dom, SAME_PAGE, SAME_PAGE);
	map(s, "map over the end of the aperture, early", dom, 0x7ffff000, 0, 2 * SAME_PAGE);
	attach(s, "attach with a mapping over the end", dev, dom);
	unmap(s, "take that away", dom, 0x7ffff000, 2 * SAME_PAGE);
	map(s, "map before the attach", dom, SAME_IOVA, 0, 2 * SAME_PAGE);
	mprotect(s->memory + 8 * SAME_PAGE, SAME_PAGE, PROT_NONE);
	map(s, "map bad memory, early", dom, SAME_IOVA + 8 * SAME_PAGE, 8 * SAME_PAGE, SAME_PAGE);
	attach(s, "attach with bad memory", dev, dom);
	unmap(s, "take bad memory away", dom, SAME_IOVA + 8 * SAME_PAGE, SAME_PAGE);
	attach(s, "attach", dev, dom);
}

static void inside(struct same *s, struct libiommu_domain *dom, struct libiommu_endpoint *ep)
{
	ranges(s, "ranges with a device", dom);
	same_fact(s, "page size with a device", "%" PRIu64, libiommu_domain_page_size(dom));
	same_truth(s, "what came before is reached", same_reaches(s, ep, SAME_IOVA, 0));
	same_truth(s, "all of it", same_reaches(s, ep, SAME_IOVA + SAME_PAGE, 1));
	same_truth(s, "and no more", same_reaches(s, ep, SAME_IOVA + 2 * SAME_PAGE, 2));
	map(s, "map half a page", dom, SAME_IOVA + 4 * SAME_PAGE, 4 * SAME_PAGE, 2048);
	map(s, "map its other half", dom, SAME_IOVA + 4 * SAME_PAGE + 2048, 4 * SAME_PAGE + 2048,
	    2048);
	same_truth(s, "both halves are the page",
		   same_reaches(s, ep, SAME_IOVA + 4 * SAME_PAGE, 4));
	map(s, "map a quarter of a page", dom, SAME_IOVA + 6 * SAME_PAGE, 0, 1024);
	map(s, "map at an odd IOVA", dom, SAME_IOVA + 6 * SAME_PAGE + 1024, 0, 2048);
	map(s, "map from an odd address", dom, SAME_IOVA + 6 * SAME_PAGE, 1024, 2048);
	map(s, "map nothing", dom, SAME_IOVA + 6 * SAME_PAGE, 0, 0);
	map(s, "map below the aperture", dom, 0xfff000, 0, SAME_PAGE);
	map(s, "map at the beginning of the aperture", dom, 0x1000000, 5 * SAME_PAGE, SAME_PAGE);
	map(s, "map at its end", dom, 0x7ffff000, 6 * SAME_PAGE, SAME_PAGE);
	map(s, "map behind it", dom, 0x80000000, 0, SAME_PAGE);
	map(s, "map over its end", dom, 0x7ffff000 - SAME_PAGE, 0, 4 * SAME_PAGE);
	map(s, "map over another mapping", dom, SAME_IOVA + SAME_PAGE, 0, SAME_PAGE);
	map(s, "map over the end of the space", dom, UINT64_MAX - 4095, 0, 2 * SAME_PAGE);
	map(s, "map bad memory", dom, SAME_IOVA + 8 * SAME_PAGE, 8 * SAME_PAGE, SAME_PAGE);
	same_truth(s, "the beginning is reached", same_reaches(s, ep, 0x1000000, 5));
	same_truth(s, "and the end", same_reaches(s, ep, 0x7ffff000, 6));
}

static void any(struct same *s, struct libiommu_domain *dom, const char *step, uint64_t offset,
		uint64_t length)
{
	struct libiommu_error *err;
	uint64_t iova = 0;
	int code = libiommu_domain_map_any(dom, libiommu_source_memory(s->memory + offset), length,
					   SAME_BOTH, &iova, &err);

	if (code)
		same_call(s, step, code, err);
	else
		same_truth(s, step, iova >= 0x1000000 && iova + length - 1 <= 0x7fffffff);
}

static void away(struct same *s, struct libiommu_domain *dom, struct libiommu_endpoint *ep)
{
	struct libiommu_error *err;
	int code;

	unmap(s, "unmap half of a mapping", dom, SAME_IOVA, SAME_PAGE);
	same_truth(s, "it is still there", same_reaches(s, ep, SAME_IOVA, 0));
	unmap(s, "unmap where nothing is", dom, SAME_IOVA + 12 * SAME_PAGE, SAME_PAGE);
	unmap(s, "unmap two mappings and a hole", dom, SAME_IOVA, 6 * SAME_PAGE);
	same_truth(s, "they are not reached any more", same_reaches(s, ep, SAME_IOVA, 0));
	any(s, dom, "an IOVA of the library's choice", 9 * SAME_PAGE, SAME_PAGE);
	any(s, dom, "an IOVA for half a page", 10 * SAME_PAGE + 2048, 2048);
	code = libiommu_domain_unmap_all(dom, NULL, &err);
	same_call(s, "unmap everything", code, err);
	code = libiommu_domain_unmap_all(dom, NULL, &err);
	same_call(s, "unmap everything, of nothing", code, err);
	same_truth(s, "nothing is reached", same_reaches(s, ep, 0x1000000, 5));
}

void same_maps(struct same *s)
{
	struct libiommu_device *dev = same_open(s, SAME_PLAIN);
	struct libiommu_domain *dom = same_domain(s, false, false, NULL);
	struct libiommu_endpoint *ep = libiommu_device_endpoint(dev);

	before(s, dom, dev);
	inside(s, dom, ep);
	mprotect(s->memory + 8 * SAME_PAGE, SAME_PAGE, PROT_READ | PROT_WRITE);
	away(s, dom, ep);
}
