/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/front.h"

/* What is left of the address space at a cursor. */
struct bounds {
	uint64_t cursor;
	uint64_t skip; /* last address of a reserved range that holds the cursor */
	bool skips;
	uint64_t end;  /* last address before the next reserved range, or the aperture's */
	uint64_t last; /* the aperture's */
	uint64_t page_sizes;
	uint64_t granule; /* the largest */
	bool tells_page_sizes;
};

static void see_range(struct bounds *at, const struct libiommu_range *range)
{
	if (range->start > at->cursor) {
		if (range->start - 1 < at->end)
			at->end = range->start - 1;
	} else if (range->last >= at->cursor && (!at->skips || range->last > at->skip)) {
		at->skips = true;
		at->skip = range->last;
	}
}

static void see_reserved(struct bounds *at, const struct mock_reserved *list)
{
	for (; list; list = list->next) {
		/* Firmware gives these up for devices that are lent. */
		if (list->what.type != LIBIOMMU_RESERVED_DIRECT_RELAXABLE)
			see_range(at, &list->what.range);
	}
}

/* What lies between windows cannot be reached. */
static void see_windows(struct bounds *at, const struct libiommu_range *windows, size_t count)
{
	struct libiommu_range hole = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		hole.last = windows[i].start - 1;
		if (windows[i].start > hole.start)
			see_range(at, &hole);
		hole.start = windows[i].last + 1;
	}
	hole.last = UINT64_MAX;
	if (count && hole.start)
		see_range(at, &hole);
}

static void see_hw(struct bounds *at, const struct mock_hw *hw)
{
	at->page_sizes &= hw->page_sizes;
	if (mock_hw_granule(hw) > at->granule)
		at->granule = mock_hw_granule(hw);
	if (mock_hw_iova_last(hw) < at->last)
		at->last = mock_hw_iova_last(hw);
	for (size_t i = 0; i < hw->hole_count; i++)
		see_range(at, &hw->holes[i].what.range);
	see_windows(at, hw->windows, hw->window_count);
}

/* A nest parent has a table of its own kind. */
static void see_parent(struct bounds *at, const struct mock_hw *hw)
{
	if (hw->parent_format && UINT64_MAX >> (64 - hw->parent_width) < at->last)
		at->last = UINT64_MAX >> (64 - hw->parent_width);
}

static void see_machine(struct bounds *at, const struct mock_machine *machine)
{
	at->tells_page_sizes = machine->personality->tells_page_sizes;
	/* type1 pins pages of the CPU. */
	if (machine->personality->vessels && machine->page > at->granule)
		at->granule = machine->page;
}

static void see_group(struct bounds *at, const struct mock_group *group)
{
	see_machine(at, group->devices->machine);
	see_hw(at, &group->iommu->hw);
	see_windows(at, group->windows, group->window_count);
	see_reserved(at, group->iommu->reserved);
	for (const struct mock_device *dev = group->devices; dev; dev = dev->in_group) {
		if (!mock_device_is_gone(dev))
			see_reserved(at, dev->reserved);
	}
}

static struct bounds look(const struct mock_domain *dom, const struct mock_group *plus,
			  uint64_t cursor)
{
	struct bounds at = {
		.cursor = cursor, .end = UINT64_MAX, .last = UINT64_MAX, .page_sizes = UINT64_MAX
	};
	const struct mock_space *space = !dom          ? NULL
					 : dom->parent ? dom->parent->spaces
						       : dom->spaces;
	const bool parent = dom && (dom->parent || dom->nest_parent);

	for (; space; space = space->in_domain) {
		/* Nested domains have a table and no group. */
		for (const struct mock_table *table = space->tables; table; table = table->next) {
			see_machine(&at, space->machine);
			see_hw(&at, &table->iommu->hw);
			if (parent)
				see_parent(&at, &table->iommu->hw);
		}
		for (const struct mock_pasid *pasid = space->pasids; pasid; pasid = pasid->in_space)
			see_group(&at, pasid->dev->group);
		for (const struct mock_group *group = space->groups; group; group = group->in_space)
			see_group(&at, group);
	}
	if (plus)
		see_group(&at, plus);
	if (plus && parent)
		see_parent(&at, &plus->iommu->hw);
	if (at.end > at.last)
		at.end = at.last;
	return at;
}

int mock_geometry(const struct libiommu_backend_env *env, const struct mock_domain *dom,
		  const struct mock_group *plus, struct libiommu_geometry *geometry,
		  struct libiommu_failure *failure)
{
	struct bounds at = look(dom, plus, 0);

	geometry->page_min = at.granule ? at.granule : MOCK_PAGE;
	geometry->page_sizes = at.tells_page_sizes ? at.page_sizes : 0;
	while (at.cursor <= at.last) {
		uint64_t reached = at.skips ? at.skip : at.end;

		if (!at.skips) {
			int error =
				libiommu_geometry_add(env, geometry, at.cursor, at.end, failure);

			if (error)
				return error;
		}
		if (reached >= at.last)
			break;
		at = look(dom, plus, reached + 1);
	}
	return 0;
}
