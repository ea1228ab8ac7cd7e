/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Edits that add nothing: empty tables go, protections change. Written once and
 * compiled for each format; not a header for others.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_CHANGE_H
#define LIBIOMMU_LIB_PGTABLE_CHANGE_H

/*
 * Free what is empty below a table. Returns whether the table itself is empty
 * as far as the range goes.
 */
static bool trim_below(struct erasure *e, uint64_t *table, unsigned int level, uint64_t iova,
		       uint64_t last)
{
	uint64_t at = iova, end, entry, *slot, *next;
	bool empty = true, whole;

	if (level == 1)
		return !any_present(table, FMT_ENTRIES);
	for (;; at = end + 1) {
		end = at | span_mask(level);
		whole = !(at & span_mask(level)) && end <= last;
		slot = &table[index_at(level, at)];
		entry = pgtable_load_acquire(slot);
		if (is_present(entry)) {
			next = fmt_is_leaf(level, entry) ? NULL : below(e->pt, entry);
			if (next && trim_below(e, next, level - 1, at, end < last ? end : last) &&
			    whole) {
				pgtable_store(slot, 0);
				changed(e->gather, level, at, end);
				put_aside(e, next);
			} else {
				empty = false;
			}
		}
		if (end >= last)
			return empty;
	}
}

static void op_trim(struct libiommu_pgtable *pt, uint64_t iova, uint64_t last,
		    struct libiommu_pgtable_gather *gather)
{
	struct erasure e = { .pt = pt, .gather = gather };
	uint64_t end, top = pgtable_top(pt);

	if (!reaches(top, iova))
		return;
	last = clip(top, last);
	for (;; iova = end + 1) {
		end = last_of_root(pt, iova);
		if (end > last)
			end = last;
		trim_below(&e, root_of(pt, top, iova), pgtable_levels(top), iova, end);
		if (end == last)
			return;
	}
}

/* A change of protection: what is done, and what was found. */
struct protection {
	struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather *gather;
	uint64_t bits;
	uint64_t found; /* bytes that are mapped */
};

/* The entry with other bits. Where a run's entries have addresses of their own, each keeps its. */
static inline uint64_t other_bits(unsigned int level, uint64_t entry, uint64_t bits)
{
	uint64_t alone = entry & ~(uint64_t)FMT_HINTS, wanted;

	wanted = fmt_leaf(level, fmt_leaf_shift(level, alone), fmt_leaf_phys(level, alone), bits);
	if (fmt_accessed(entry))
		wanted = fmt_mark(wanted, fmt_dirty(entry));
	return wanted | (entry & FMT_HINTS);
}

/* Hardware may mark the leaf meanwhile, so the entry is exchanged. */
static void protect_leaf(struct protection *p, uint64_t *slot, unsigned int level, uint64_t iova)
{
	uint64_t wanted, entry = pgtable_load(slot);

	p->found += span_mask(level) + 1;
	do {
		wanted = other_bits(level, entry, p->bits);
		if (wanted == entry)
			return;
	} while (!__atomic_compare_exchange_n(slot, &entry, wanted, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	changed(p->gather, level, iova & ~span_mask(level), iova | span_mask(level));
}

static void protect_below(struct protection *p, uint64_t *table, unsigned int level, uint64_t iova,
			  uint64_t last)
{
	uint64_t at = iova, end, entry, *slot, *next;

	for (;; at = end + 1) {
		end = at | span_mask(level);
		slot = &table[index_at(level, at)];
		entry = pgtable_load_acquire(slot);
		if (!is_present(entry)) {
			/* a hole */
		} else if (level == 1 || fmt_is_leaf(level, entry)) {
			protect_leaf(p, slot, level, at);
		} else {
			next = below(p->pt, entry);
			if (next)
				protect_below(p, next, level - 1, at, end < last ? end : last);
		}
		if (end >= last)
			return;
	}
}

static int op_protect(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, uint32_t prot,
		      uint64_t *found, struct libiommu_pgtable_gather *gather,
		      struct libiommu_error **err)
{
	struct protection p = { .pt = pt, .gather = gather, .bits = pt->bits.leaf[prot] };
	uint64_t end, last = iova + length - 1, at = iova, top = pgtable_top(pt);

	if (reaches(top, iova)) {
		last = clip(top, last);
		if (is_cut(pt, top, iova, iova, last) || is_cut(pt, top, last, iova, last))
			return libiommu_pgtable_refuse(pt, LIBIOMMU_REASON_WOULD_SPLIT, iova,
						       length, err);
		for (;; at = end + 1) {
			end = last_of_root(pt, at);
			if (end > last)
				end = last;
			protect_below(&p, root_of(pt, top, at), pgtable_levels(top), at, end);
			if (end == last)
				break;
		}
	}
	if (found)
		*found = p.found;
	return 0;
}

#endif
