/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"

#define MEGABYTES_2 (UINT64_C(2) << 20)
#define GIGABYTE    (UINT64_C(1) << 30)

/* What is looked for: `length` bytes at an address that is `offset` modulo `unit`, and its guards. */
struct wish {
	uint64_t length;
	uint64_t unit;
	uint64_t offset;
	uint64_t guard;
};

/* Move full_below over what is taken from there on without a gap. */
static void advance_full_below(struct libiommu_domain *dom)
{
	struct holes *holes = &dom->ledger.holes;
	struct ledger_node *node, *before;
	struct libiommu_range usable;
	struct ledger_place place;

	if (holes->full_below < atomic_load(&dom->page_min))
		holes->full_below = atomic_load(&dom->page_min); /* 0 is never handed out */
	node = ledger_seek(&dom->ledger, holes->full_below, &place);
	before = ledger_before(&dom->ledger, &place);
	if (before && ledger_taken_to(before) >= holes->full_below)
		node = before;
	while (node && ledger_taken_to(node) != UINT64_MAX &&
	       domain_next_usable(dom, holes->full_below, &usable)) {
		if (usable.start < holes->full_below)
			usable.start = holes->full_below;
		if (ledger_taken_from(node) > usable.start)
			break;
		holes->full_below = ledger_taken_to(node) + 1;
		node = ledger_next(node);
	}
}

/* The next address at or above `from` that is `offset` modulo `unit`; false: none. */
static bool align_up(uint64_t from, uint64_t unit, uint64_t offset, uint64_t *out)
{
	uint64_t step = (offset - from) & (unit - 1);

	*out = from + step;
	return *out >= from;
}

/* The lowest place that begins in `starts` and ends at `last` at most; false: there is none. */
static bool fit(struct ledger *ledger, struct libiommu_range starts, uint64_t last,
		const struct wish *wish, uint64_t *iova, struct ledger_place *place)
{
	uint64_t from = starts.start;

	while (align_up(from, wish->unit, wish->offset, iova)) {
		const struct ledger_node *node;
		uint64_t apart = wish->guard;

		if (*iova > starts.last || last - *iova < wish->length - 1)
			return false;
		node = ledger_obstacle(ledger, *iova, *iova + (wish->length - 1), wish->guard,
				       place);
		if (!node)
			return true;
		if (apart < node->guard)
			apart = node->guard;
		if (UINT64_MAX - node->last <= apart)
			return false;
		from = node->last + apart + 1;
	}
	return false;
}

/* The lowest place that begins in `starts`, as far as that can be used. */
static bool fit_usable(struct libiommu_domain *dom, struct libiommu_range starts,
		       const struct wish *wish, uint64_t *iova, struct ledger_place *place)
{
	uint64_t from = starts.start, end = UINT64_MAX - wish->guard;
	struct libiommu_range range;

	if (from < wish->guard)
		from = wish->guard;
	if (starts.last > end)
		starts.last = end;
	while (domain_next_usable(dom, from, &range) && range.start <= starts.last) {
		uint64_t last = range.last;

		if (range.start < from)
			range.start = from;
		if (range.last > starts.last)
			range.last = starts.last;
		if (fit(&dom->ledger, range, last < end ? last : end, wish, iova, place))
			return true;
		if (last >= starts.last)
			break;
		from = last + 1;
	}
	return false;
}

/* Cut off what is taken at its start; false: nothing is left. */
static bool trim(struct libiommu_domain *dom, struct libiommu_range *hole)
{
	struct ledger_place place;
	const struct ledger_node *node = ledger_seek(&dom->ledger, hole->start, &place);
	const struct ledger_node *before = ledger_before(&dom->ledger, &place);

	if (hole->start < atomic_load(&dom->page_min))
		hole->start = atomic_load(&dom->page_min);
	if (before)
		node = before;
	for (; node && ledger_taken_from(node) <= hole->start; node = ledger_next(node)) {
		if (ledger_taken_to(node) >= hole->last)
			return false;
		if (ledger_taken_to(node) >= hole->start)
			hole->start = ledger_taken_to(node) + 1;
	}
	return hole->start <= hole->last;
}

static bool fit_in_holes(struct libiommu_domain *dom, const struct wish *wish, uint64_t *iova,
			 struct ledger_place *place)
{
	struct holes *holes = &dom->ledger.holes;
	size_t i = 0;

	while (i < holes->count) {
		if (!trim(dom, &holes->hole[i]))
			holes_drop(holes, i);
		else if (holes_sink(holes, i))
			continue;
		else if (fit_usable(dom, holes->hole[i], wish, iova, place))
			return true;
		else
			i++;
	}
	return false;
}

static int exhausted(const struct libiommu_map_request *request, struct libiommu_failure *f)
{
	unsigned long long length = request->length, guard = request->guard;

	if (guard)
		return libiommu_refuse(f, LIBIOMMU_REASON_IOVA_EXHAUSTED, NULL,
				       "0x%llx bytes between guards of 0x%llx are wanted.", length,
				       guard);
	return libiommu_refuse(f, LIBIOMMU_REASON_IOVA_EXHAUSTED, NULL, "0x%llx bytes are wanted.",
			       length);
}

int iova_choose(struct libiommu_domain *dom, struct libiommu_map_request *request,
		struct ledger_place *place, struct libiommu_failure *f)
{
	uint64_t length = request->length, *iova = &request->iova;
	struct wish wish = { .length = length,
			     .unit = atomic_load(&dom->page_min),
			     .guard = request->guard };
	struct libiommu_range above = { .last = UINT64_MAX };

	/* Only at the same place within a large page as the source large leaves can be used. */
	if (length >= GIGABYTE)
		wish.unit = GIGABYTE;
	else if (length >= MEGABYTES_2)
		wish.unit = MEGABYTES_2;
	wish.offset = request->source.start & (wish.unit - 1);
	if (fit_in_holes(dom, &wish, iova, place))
		return 0;
	advance_full_below(dom);
	above.start = dom->ledger.holes.full_below;
	if (fit_usable(dom, above, &wish, iova, place))
		return 0;
	return exhausted(request, f);
}
