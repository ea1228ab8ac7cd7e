/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"

#define MEGABYTES_2 (UINT64_C(2) << 20)
#define GIGABYTE    (UINT64_C(1) << 30)

/* What is looked for: `length` bytes at an address that is `offset` modulo `unit`. */
struct wish {
	uint64_t length;
	uint64_t unit;
	uint64_t offset;
};

/* Move full_below over what is taken from there on without a gap. */
static void advance_full_below(struct libiommu_domain *dom)
{
	struct holes *holes = &dom->ledger.holes;
	struct libiommu_range usable;
	struct ledger_node *node;

	if (holes->full_below < atomic_load(&dom->page_min))
		holes->full_below = atomic_load(&dom->page_min); /* 0 is never handed out */
	node = ledger_at_or_above(&dom->ledger, holes->full_below);
	while (node && node->last != UINT64_MAX &&
	       domain_next_usable(dom, holes->full_below, &usable)) {
		if (usable.start < holes->full_below)
			usable.start = holes->full_below;
		if (node->iova > usable.start)
			break;
		holes->full_below = node->last + 1;
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

		if (*iova > starts.last || last - *iova < wish->length - 1)
			return false;
		node = ledger_seek(ledger, *iova, place);
		if (!node || node->iova > *iova + (wish->length - 1))
			return true;
		if (node->last == UINT64_MAX)
			return false;
		from = node->last + 1;
	}
	return false;
}

/* The lowest place that begins in `starts`, as far as that can be used. */
static bool fit_usable(struct libiommu_domain *dom, struct libiommu_range starts,
		       const struct wish *wish, uint64_t *iova, struct ledger_place *place)
{
	uint64_t from = starts.start;
	struct libiommu_range range;

	while (domain_next_usable(dom, from, &range) && range.start <= starts.last) {
		uint64_t last = range.last;

		if (range.start < from)
			range.start = from;
		if (range.last > starts.last)
			range.last = starts.last;
		if (fit(&dom->ledger, range, last, wish, iova, place))
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
	const struct ledger_node *node = ledger_at_or_above(&dom->ledger, hole->start);

	if (hole->start < atomic_load(&dom->page_min))
		hole->start = atomic_load(&dom->page_min);
	for (; node && node->iova <= hole->start; node = ledger_next(node)) {
		if (node->last >= hole->last)
			return false;
		if (node->last >= hole->start)
			hole->start = node->last + 1;
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

int iova_choose(struct libiommu_domain *dom, uint64_t length, uint64_t source, uint64_t *iova,
		struct ledger_place *place, struct libiommu_failure *f)
{
	struct wish wish = { .length = length, .unit = atomic_load(&dom->page_min) };
	struct libiommu_range above = { .last = UINT64_MAX };

	/* Only at the same place within a large page as the source large leaves can be used. */
	if (length >= GIGABYTE)
		wish.unit = GIGABYTE;
	else if (length >= MEGABYTES_2)
		wish.unit = MEGABYTES_2;
	wish.offset = source & (wish.unit - 1);
	if (fit_in_holes(dom, &wish, iova, place))
		return 0;
	advance_full_below(dom);
	above.start = dom->ledger.holes.full_below;
	if (fit_usable(dom, above, &wish, iova, place))
		return 0;
	return libiommu_refuse(f, LIBIOMMU_REASON_IOVA_EXHAUSTED, NULL, "0x%llx bytes are wanted.",
			       (unsigned long long)length);
}
