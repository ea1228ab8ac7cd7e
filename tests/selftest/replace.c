/* SPDX-License-Identifier: BSD-2-Clause */
/* Replacing the domain of one device while others stay, and what a refusal leaves. */
#include "tests/selftest/cases.h"
#include "tests/selftest/stage.h"

#include <sys/mman.h>

static int replace(struct libiommu_device *dev, struct libiommu_domain *dom,
		   struct libiommu_error **err)
{
	return libiommu_endpoint_replace(libiommu_device_endpoint(dev), dom, 0, err);
}

static void must_replace(struct libiommu_device *dev, struct libiommu_domain *dom)
{
	struct libiommu_error *err;
	int ret = replace(dev, dom, &err);

	tally_call(ret, err, "replace");
}

/* In `from` are both devices, in `to` nobody. */
static void refused(struct libiommu_device *plain, struct libiommu_device *other,
		    struct libiommu_domain *to)
{
	const uint32_t first = stage_table(plain), second = stage_table(other);
	struct libiommu_error *err;
	uint32_t objects;
	int ret;

	stage_map(to, PAGE, 8, 1);
	objects = stage_objects();
	ret = replace(plain, to, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_MAPPING_CONFLICT, "0x1000-0x1fff",
		      "a mapping that the device cannot reach is named");
	tally(stage_table(plain) == first && stage_holds(first, IOVA, 0, 1),
	      "the device has its old page table");
	tally(stage_objects() == objects, "and nothing new is left in the kernel");
	stage_unmap(to, PAGE, 1);

	mprotect(memory + 8 * PAGE, PAGE, PROT_NONE);
	stage_map(to, IOVA, 8, 1);
	ret = replace(plain, to, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_BAD_MEMORY, "0x10000000", "bad memory is named");
	mprotect(memory + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	tally(stage_table(plain) == first && stage_holds(first, IOVA, 0, 1),
	      "the device has its old page table again");
	tally(stage_table(other) == second && stage_holds(second, IOVA, 0, 1),
	      "and the other one was not touched");
	tally(stage_objects() == objects, "still nothing new is left");
	stage_unmap(to, IOVA, 1);
}

static void exchanged(struct libiommu_device *plain, struct libiommu_device *other,
		      struct libiommu_domain *from, struct libiommu_domain *to)
{
	const uint32_t first = stage_table(plain), second = stage_table(other);

	stage_map(to, IOVA, 4, 1);
	must_replace(plain, to);
	tally(stage_table(plain) != first && stage_table(plain) != second,
	      "the device has a page table of the new domain");
	tally(stage_holds(stage_table(plain), IOVA, 4, 1), "with its mapping");
	tally(stage_gone(first), "the old one is gone");
	tally(stage_table(other) == second && stage_holds(second, IOVA, 0, 1),
	      "the other device stays where it is");
	must_replace(other, to);
	tally(stage_table(other) != stage_table(plain) &&
		      stage_holds(stage_table(other), IOVA, 4, 1),
	      "the other one follows, with a page table of its own");
	tally(stage_gone(second) || second == stage_table(plain), "its old one is gone as well");
	tally(stage_pinned(0, 1, 0) && stage_pinned(4, 1, 1), "and its memory is free");
	must_replace(plain, from);
	tally(stage_holds(stage_table(plain), IOVA, 0, 1) &&
		      stage_holds(stage_table(other), IOVA, 4, 1),
	      "and one goes back alone");
}

void case_replace(void)
{
	struct libiommu_device *plain, *other;
	struct libiommu_domain *from, *to;

	if (!stage_begin("replace", "hwpt=explicit"))
		return;
	plain = stage_open(PLAIN);
	other = stage_open(OTHER);
	from = stage_domain();
	to = stage_domain();
	stage_attach(plain, from);
	stage_attach(other, from);
	stage_map(from, IOVA, 0, 1);
	refused(plain, other, to);
	exchanged(plain, other, from, to);
	stage_end();
}
