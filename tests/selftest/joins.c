/* SPDX-License-Identifier: BSD-2-Clause */
/* Several devices in one domain: who shares a page table, and that mappings are in each of them. */
#include "tests/selftest/cases.h"
#include "tests/selftest/stage.h"

static void alike(const char *config)
{
	struct libiommu_device *plain, *twin;
	struct libiommu_domain *dom;
	uint32_t hwpt;

	if (!stage_begin("devices that are alike", config))
		return;
	plain = stage_open(PLAIN);
	twin = stage_open(TWIN);
	tally(libiommu_device_group_id(plain) != libiommu_device_group_id(twin),
	      "groups of their own");
	dom = stage_domain();
	stage_map(dom, IOVA, 0, 1);
	stage_attach(plain, dom);
	stage_attach(twin, dom);
	hwpt = stage_table(plain);
	tally(hwpt && stage_table(twin) == hwpt, "they share a page table");
	tally(stage_holds(hwpt, IOVA, 0, 1), "which has the mapping from before");
	stage_detach(plain);
	tally(stage_holds(hwpt, IOVA, 0, 1), "and keeps it for the one that stays");
	stage_detach(twin);
	tally(stage_gone(hwpt), "it goes with the last device");
	stage_end();
}

/* Mappings from before both, from between them and from after. */
static struct libiommu_domain *fill(struct libiommu_device *plain, struct libiommu_device *other)
{
	struct libiommu_domain *dom = stage_domain();

	stage_map(dom, IOVA, 0, 2);
	tally(stage_pinned(0, 2, 0), "without a device nothing is pinned");
	stage_attach(plain, dom);
	stage_map(dom, IOVA + 4 * PAGE, 4, 2);
	stage_attach(other, dom);
	stage_map(dom, IOVA + 8 * PAGE, 8, 2);
	return dom;
}

static bool holds_all(uint32_t hwpt)
{
	return stage_holds(hwpt, IOVA, 0, 2) && stage_holds(hwpt, IOVA + 4 * PAGE, 4, 2) &&
	       stage_holds(hwpt, IOVA + 8 * PAGE, 8, 2);
}

static void leave(struct libiommu_device *plain, struct libiommu_device *other,
		  struct libiommu_domain *dom)
{
	const uint32_t first = stage_table(plain), second = stage_table(other);

	stage_detach(other);
	tally(stage_gone(second), "the second page table goes with its device");
	tally(stage_pinned(0, 2, 1), "the memory stays pinned for the first one");
	stage_detach(plain);
	tally(stage_gone(first), "the first one goes with its device");
	tally(stage_pinned(0, 2, 0), "and nothing is pinned any more");
	stage_attach(other, dom);
	tally(stage_holds(stage_table(other), IOVA, 0, 2) &&
		      stage_holds(stage_table(other), IOVA + 8 * PAGE, 8, 2),
	      "the mappings are still the domain's");
	tally(stage_lacks(stage_table(other), IOVA + 4 * PAGE, 4, 2), "but not what was unmapped");
}

static void unlike(void)
{
	struct libiommu_device *plain, *twin, *other, *third;
	struct libiommu_domain *dom;
	uint32_t first, second;

	if (!stage_begin("devices that cannot share", "hwpt=explicit"))
		return;
	plain = stage_open(PLAIN);
	twin = stage_open(TWIN);
	other = stage_open(OTHER);
	third = stage_open(OTHER_TWIN);
	dom = fill(plain, other);
	first = stage_table(plain);
	second = stage_table(other);
	tally(first && second && first != second, "two page tables");
	tally(holds_all(first), "the first one has all the mappings");
	tally(holds_all(second), "and so has the second one");
	tally(stage_pinned(0, 2, 1), "memory is pinned once for both");
	stage_attach(third, dom);
	stage_attach(twin, dom);
	tally(stage_table(twin) == first, "a third device shares the first page table");
	tally(stage_table(third) == second, "a fourth one the second");
	stage_unmap(dom, IOVA + 4 * PAGE, 2);
	tally(stage_lacks(first, IOVA + 4 * PAGE, 4, 2), "an unmap takes it out of the first one");
	tally(stage_lacks(second, IOVA + 4 * PAGE, 4, 2), "and out of the second one");
	tally(stage_pinned(4, 2, 0), "and lets go of the memory");
	stage_detach(twin);
	stage_detach(third);
	tally(stage_holds(first, IOVA, 0, 2) && stage_holds(second, IOVA, 0, 2),
	      "both stay for those that stay");
	leave(plain, other, dom);
	stage_end();
}

void case_joins(void)
{
	alike("hwpt=automatic");
	alike("hwpt=explicit");
	unlike();
}
