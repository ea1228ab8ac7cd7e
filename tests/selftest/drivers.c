/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real device and a test device in one domain: the kernel's drivers for their IOMMUs are different
 * ones, so each has a page table of its own. What is in the one is seen by DMA, what is in the other
 * by asking.
 */
#include "tests/lab/edu.h"
#include "tests/selftest/cases.h"
#include "tests/selftest/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The interrupt window of the real IOMMU, which test devices may use. */
#define WINDOW UINT64_C(0xfee00000)

static struct libiommu_region *bar;

/* The page at the first IOVA is copied to the one at the second. */
static bool copies(struct libiommu_device *dev, uint64_t from, unsigned int source, uint64_t to,
		   unsigned int target)
{
	static char value;

	value++;
	memset(memory + source * PAGE, value, PAGE);
	memset(memory + target * PAGE, 0, PAGE);
	libiommu_device_set_bus_master(dev, true, NULL);
	edu_read(bar, from, 64);
	edu_write(bar, to, 64);
	return memory[target * PAGE] == value && memory[target * PAGE + 63] == value;
}

/* Witnesses outside see this one. */
static void must_miss(struct libiommu_device *dev, uint64_t iova)
{
	printf("fault-expected: %s %#" PRIx64 " write\n", libiommu_device_name(dev), iova);
	edu_write(bar, iova, 64);
}

static void replace(struct libiommu_device *dev, struct libiommu_domain *dom)
{
	struct libiommu_error *err;
	int ret = libiommu_endpoint_replace(libiommu_device_endpoint(dev), dom, 0, &err);

	tally_call(ret, err, "replace");
}

static void together(struct libiommu_device *edu, struct libiommu_device *test,
		     struct libiommu_domain *dom)
{
	uint32_t first;

	stage_map(dom, IOVA, 0, 2);
	stage_attach(test, dom);
	first = stage_table(test);
	stage_attach(edu, dom);
	tally(stage_table(edu) && stage_table(edu) != first, "a page table for each IOMMU");
	stage_map(dom, IOVA + 4 * PAGE, 4, 1);
	tally(stage_holds(first, IOVA, 0, 2) && stage_holds(first, IOVA + 4 * PAGE, 4, 1),
	      "the test device's one has what came before and after");
	tally(copies(edu, IOVA, 0, IOVA + 4 * PAGE, 4), "and so has the real device's one");
	stage_unmap(dom, IOVA, 2);
	memset(memory, 0x55, PAGE);
	must_miss(edu, IOVA);
	tally(memory[0] == 0x55 && memory[63] == 0x55, "an unmap takes it away from the one");
	tally(stage_lacks(first, IOVA, 0, 2), "and from the other");
	stage_map(dom, IOVA, 0, 2);
	tally(copies(edu, IOVA, 0, IOVA + PAGE, 1) && stage_holds(first, IOVA, 0, 2),
	      "a map gives it to both");
}

/*
 * A device that is moved into a page table of another driver stops Linux 7.2, which asks only those
 * that are attached: each of these replaces is survived because the library does not try that.
 */
static void apart(struct libiommu_device *edu, struct libiommu_device *test,
		  struct libiommu_domain *dom)
{
	struct libiommu_domain *other = stage_domain();
	const uint32_t first = stage_table(test);

	stage_map(other, IOVA, 8, 2);
	replace(edu, other);
	tally(stage_table(test) == first && stage_holds(first, IOVA, 0, 2),
	      "the test device keeps its mappings");
	tally(copies(edu, IOVA, 8, IOVA + PAGE, 9), "DMA goes to the new domain");
	replace(test, other);
	tally(stage_holds(stage_table(test), IOVA, 8, 2), "where the test device can follow");
	replace(edu, dom);
	tally(copies(edu, IOVA, 0, IOVA + PAGE, 1), "the real device goes back");
	replace(test, dom);
	tally(stage_holds(stage_table(test), IOVA, 0, 2), "and so does the test device");
	stage_detach(test);
	stage_attach(test, dom);
	tally(stage_holds(stage_table(test), IOVA, 0, 2), "which may leave and come again");
	stage_detach(test);
	tally(copies(edu, IOVA, 0, IOVA + 4 * PAGE, 4), "without it the other's DMA goes on");
	stage_unmap(dom, IOVA, 2);
	must_miss(edu, IOVA);
}

/* What is free for the one may be in the way of the other. */
static void windows(struct libiommu_device *edu, struct libiommu_device *test)
{
	struct libiommu_domain *dom = stage_domain();
	struct libiommu_error *err;
	uint32_t objects;
	int ret;

	stage_attach(test, dom);
	stage_map(dom, WINDOW, 0, 1);
	objects = stage_objects();
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(edu), dom, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_MAPPING_CONFLICT, "0xfee00000-0xfee00fff",
		      "a mapping in the other's interrupt window is named");
	tally(stage_holds(stage_table(test), WINDOW, 0, 1) && stage_objects() == objects,
	      "and everything is as it was");
	stage_unmap(dom, WINDOW, 1);
	stage_attach(edu, dom);
	ret = libiommu_domain_map(dom, WINDOW, libiommu_source_memory(memory), PAGE, BOTH, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_RESERVED_REGION, "0xfee00000",
		      "with both it is reserved");
	stage_detach(edu);
	stage_map(dom, WINDOW, 0, 1);
	stage_detach(test);
}

void case_drivers(const char *name)
{
	const char *const configs[] = { "hwpt=automatic", "hwpt=explicit" };
	struct libiommu_device *edu, *test;
	struct libiommu_domain *dom;
	struct libiommu_error *err;
	int ret;

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		if (!stage_begin("two kinds of IOMMU", configs[i]))
			return;
		edu = stage_open(name);
		test = stage_open(OTHER);
		ret = libiommu_region_open(edu, LIBIOMMU_REGION_BAR0, &bar, &err);
		if (!tally_call(ret, err, "registers of the real device"))
			return;
		dom = stage_domain();
		together(edu, test, dom);
		apart(edu, test, dom);
		libiommu_endpoint_detach(libiommu_device_endpoint(edu), 0, NULL);
		libiommu_endpoint_detach(libiommu_device_endpoint(test), 0, NULL);
		/* What the kernel makes for test devices by itself does not reach so far. */
		if (i == 1)
			windows(edu, test);
		libiommu_region_close(bar);
		stage_end();
	}
}
