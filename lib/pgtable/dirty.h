/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hardware has marked, read into a bitmap and taken back. Written once and
 * compiled for each format; not a header for others.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_DIRTY_H
#define LIBIOMMU_LIB_PGTABLE_DIRTY_H

static inline bool is_marked(bool accessed, uint64_t entry)
{
	return is_present(entry) && (accessed ? fmt_accessed(entry) : fmt_dirty(entry));
}

/*
 * An entry with both marks is nothing that hardware would change, so a store
 * cannot undo what it does meanwhile. Otherwise it might add a mark.
 */
static inline void clean(bool accessed, uint64_t *slot, uint64_t entry)
{
	if (pgtable_likely(fmt_accessed(entry) && fmt_dirty(entry))) {
		pgtable_store(slot, fmt_unmark(entry, !accessed));
		return;
	}
	while (!__atomic_compare_exchange_n(slot, &entry, fmt_unmark(entry, !accessed), false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* One leaf is marked: all its bits in the range, and no entry of it is marked any more. */
static void harvest_leaf(struct pgtable_harvest *h, uint64_t *slot, unsigned int level,
			 uint64_t iova, uint64_t entry)
{
	uint64_t mask = (UINT64_C(1) << fmt_leaf_shift(level, entry)) - 1;
	unsigned int i, run = (unsigned int)((mask >> fmt_level_shift(level)) + 1);

	libiommu_pgtable_set_bits(h, iova & ~mask, iova | mask);
	if (h->keep)
		return;
	changed(h->gather, level, iova & ~mask, iova | mask);
	if (run == 1) {
		clean(h->accessed, slot, entry);
		return;
	}
	slot = first_of_run(slot, level, iova, run);
	for (i = 0; i < run; i++) {
		entry = pgtable_load(&slot[i]);
		if (is_marked(h->accessed, entry))
			clean(h->accessed, &slot[i], entry);
	}
}

/* Has an entry both marks, and is it a leaf of its own? */
static inline bool is_plainly_marked(uint64_t entry)
{
	return pgtable_has(entry, FMT_MARKED_SET | FMT_MARKED_CLEAR, FMT_MARKED_SET) &&
	       ((FMT_MARKED_SET & FMT_PRESENT) || is_present(entry));
}

/* The same as below for one entry that is marked in any way. */
static __attribute__((noinline)) uint64_t harvest_one(struct pgtable_harvest *h, uint64_t *slot,
						      uint64_t iova, uint64_t entry)
{
	if (!fmt_is_single(1, entry)) {
		harvest_leaf(h, slot, 1, iova, entry);
		return 0;
	}
	if (!h->keep)
		clean(h->accessed, slot, entry);
	return 1;
}

/* 1: an entry of the lowest level is marked by itself. What is asked for are constants. */
static inline __attribute__((always_inline)) uint64_t harvest_entry(struct pgtable_harvest *h,
								    uint64_t *slot, uint64_t iova,
								    bool accessed, bool keep)
{
	uint64_t entry = pgtable_load(slot);

	if (pgtable_likely(is_plainly_marked(entry))) {
		/* Hardware has nothing left to change here. */
		if (!keep)
			pgtable_store(slot, entry ^ (accessed ? FMT_ACCESSED_BIT : FMT_DIRTY_BIT));
		return 1;
	}
	return is_marked(accessed, entry) ? harvest_one(h, slot, iova, entry) : 0;
}

/* Up to 64 entries of the lowest level. A bit of the result for each that is marked. */
static inline __attribute__((always_inline)) uint64_t harvest_as(struct pgtable_harvest *h,
								 uint64_t *slot, unsigned int n,
								 uint64_t iova, bool accessed,
								 bool keep)
{
	uint64_t page = span_mask(1) + 1, found = 0, eight;
	unsigned int i, j;

	for (i = 0; i + 8 <= n; i += 8) {
		eight = 0;
		UNROLL
		for (j = 0; j < 8; j++)
			eight |= harvest_entry(h, &slot[i + j], iova + (i + j) * page, accessed,
					       keep)
				 << j;
		found |= eight << i;
	}
	for (; i < n; i++)
		found |= harvest_entry(h, &slot[i], iova + i * page, accessed, keep) << i;
	return found;
}

static uint64_t harvest_smallest(struct pgtable_harvest *h, uint64_t *slot, unsigned int n,
				 uint64_t iova)
{
	if (h->keep)
		return h->accessed ? harvest_as(h, slot, n, iova, true, true)
				   : harvest_as(h, slot, n, iova, false, true);
	return h->accessed ? harvest_as(h, slot, n, iova, true, false)
			   : harvest_as(h, slot, n, iova, false, false);
}

/* Mostly nothing is: asked of many entries at once. */
static inline bool may_be_marked(const struct pgtable_harvest *h, const uint64_t *slot,
				 unsigned int n)
{
	if (FMT_CLEAR_IS_DIRTY && !h->accessed)
		return any_clear(slot, n, FMT_CLEAR_IS_DIRTY);
	return any_bit(slot, n, h->marks);
}

static void harvest_lowest(struct pgtable_harvest *h, uint64_t *table, uint64_t iova, uint64_t last)
{
	unsigned int from = index_at(1, iova), to = index_at(1, last), n;
	uint64_t found, base = iova & ~span_mask(2), at;

	for (; from <= to; from += n) {
		n = to - from + 1 < 64 ? to - from + 1 : 64;
		at = base + ((uint64_t)from << fmt_level_shift(1));
		if (!may_be_marked(h, &table[from], n))
			continue;
		found = harvest_smallest(h, &table[from], n, at);
		if (!found)
			continue;
		libiommu_pgtable_set_word(h, at, found, FMT_GRANULE);
		if (!h->keep)
			changed(h->gather, 1,
				at + ((uint64_t)__builtin_ctzll(found) << fmt_level_shift(1)),
				at +
					((uint64_t)(63 - __builtin_clzll(found))
					 << fmt_level_shift(1)) +
					span_mask(1));
	}
}

static void harvest(struct pgtable_harvest *h, uint64_t *table, unsigned int level, uint64_t iova,
		    uint64_t last)
{
	uint64_t at = iova, end, reach, entry, *slot, *next;
	unsigned int lower;

	if (level == 1) {
		harvest_lowest(h, table, iova, last);
		return;
	}
	for (;; at = end + 1) {
		end = at | span_mask(level);
		slot = &table[index_at(level, at)];
		entry = pgtable_load_acquire(slot);
		if (!is_present(entry)) {
			/* a hole */
		} else if (fmt_is_leaf(level, entry)) {
			if (is_marked(h->accessed, entry))
				harvest_leaf(h, slot, level, at, entry);
		} else {
			reach = end < last ? end : last;
			next = table_from(h->pt, level, entry, at, &lower, &reach);
			if (next)
				harvest(h, next, lower, at, reach);
		}
		if (end >= last)
			return;
	}
}

/* The leaf at an end: of several entries those beyond the range can have the mark. */
static void harvest_end(struct pgtable_harvest *h, uint64_t iova)
{
	struct libiommu_pgtable_leaf leaf;
	struct pgtable_place place;

	look_up(h->pt, iova, &place);
	if (place.kind != LIBIOMMU_PGTABLE_LEAF)
		return;
	report_leaf(h->pt, &place, iova, &leaf);
	if (h->accessed ? leaf.accessed : leaf.dirty)
		libiommu_pgtable_set_bits(h, leaf.iova, leaf.iova + leaf.length - 1);
}

static int op_read_marks(struct pgtable_harvest *h, uint64_t iova, uint64_t last,
			 struct libiommu_error **err)
{
	const struct libiommu_pgtable *pt = h->pt;
	uint64_t end, top = pgtable_top(pt);

	if (!reaches(top, iova))
		return 0;
	last = clip(top, last);
	if (!h->keep && (is_cut(pt, top, iova, iova, last) || is_cut(pt, top, last, iova, last)))
		return libiommu_pgtable_refuse(pt, LIBIOMMU_REASON_WOULD_SPLIT, iova,
					       last - iova + 1, err);
	if (FMT_RUNS && h->keep) {
		harvest_end(h, iova);
		harvest_end(h, last);
	}
	h->marks = h->accessed ? fmt_unmark(UINT64_MAX, false) : fmt_unmark(UINT64_MAX, true);
	h->marks = ~h->marks;
	for (;; iova = end + 1) {
		end = last_of_root(pt, iova);
		if (end > last)
			end = last;
		harvest(h, root_of(pt, top, iova), pgtable_levels(top), iova, end);
		if (end == last)
			return 0;
	}
}

#endif
