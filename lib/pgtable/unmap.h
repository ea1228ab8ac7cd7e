/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Removal, and what all edits share. Written once and compiled for each format;
 * not a header for others.
 *
 * The caller keeps ranges of concurrent edits apart. So the entries that lie
 * wholly in the range of an edit are its own: it looks and then stores. Only a
 * new table is installed by compare-and-exchange, because a neighbour may need
 * the same one. A table is removed, or found empty, only by an edit whose range
 * covers all that it can map.
 *
 * Here a present entry is in the way whether or not hardware would like its
 * reserved bits.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_UNMAP_H
#define LIBIOMMU_LIB_PGTABLE_UNMAP_H

#define REASON_EXISTS LIBIOMMU_REASON_MAPPING_EXISTS
#define REASON_NONE   LIBIOMMU_REASON_NONE

/* A removal: what is done, and what was found. */
struct erasure {
	struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather *gather;
	uint64_t removed;
	bool count;       /* removed is wanted */
	bool keep_tables; /* clear leaves only */
};

static inline void changed(struct libiommu_pgtable_gather *gather, unsigned int level,
			   uint64_t iova, uint64_t last)
{
	gather->levels |= 1u << level;
	if (gather->iova.start > iova)
		gather->iova.start = iova;
	if (gather->iova.last < last)
		gather->iova.last = last;
}

/*
 * Waiting tables are linked through their first entries. A walker may still be
 * inside one: the address of a page has all low bits zero, which every format
 * reads as "not present".
 */
static void put_aside(struct erasure *e, uint64_t *table)
{
	pgtable_store(&table[0], (uintptr_t)e->gather->waiting);
	e->gather->waiting = table;
	e->gather->tables++;
	__atomic_sub_fetch(&e->pt->pages, 1, __ATOMIC_RELAXED);
}

/* Put a table aside with all below it. The entry that led here is gone already. */
static void detach(struct erasure *e, uint64_t *table, unsigned int level)
{
	unsigned int i, n = FMT_ENTRIES, found = 1;
	uint64_t entry, *next;

	if (level == 1) {
		/* Unread, it counts as changed. */
		if (e->count)
			found = count_present(table, n);
		if (found)
			e->gather->levels |= 1u << 1;
		e->removed += (uint64_t)found << fmt_level_shift(1);
		put_aside(e, table);
		return;
	}
	for (i = 0; i < n; i++) {
		entry = pgtable_load_acquire(&table[i]);
		if (!is_present(entry))
			continue;
		e->gather->levels |= 1u << level;
		if (fmt_is_leaf(level, entry)) {
			e->removed += span_mask(level) + 1;
			continue;
		}
		next = below(e->pt, entry);
		if (next)
			detach(e, next, level - 1);
	}
	put_aside(e, table);
}

static __attribute__((noinline)) uint64_t erase_run(struct libiommu_pgtable_gather *gather,
						    uint64_t *table, uint64_t iova, uint64_t last)
{
	unsigned int i, found = 0, from = index_at(1, iova), to = index_at(1, last);

	while (!is_present(pgtable_load(&table[from]))) {
		if (from++ == to)
			return 0;
	}
	while (!is_present(pgtable_load(&table[to])))
		to--;
	UNROLL
	for (i = from; i <= to; i++) {
		found += is_present(pgtable_load(&table[i]));
		pgtable_store(&table[i], 0);
	}
	iova &= ~span_mask(2);
	changed(gather, 1, iova + ((uint64_t)from << fmt_level_shift(1)),
		iova + ((uint64_t)to << fmt_level_shift(1)) + span_mask(1));
	return (uint64_t)found << fmt_level_shift(1);
}

/* Clear entries of one table of level 1. Returns the bytes that were mapped. */
static inline uint64_t erase_leaves(struct libiommu_pgtable_gather *gather, uint64_t *table,
				    uint64_t iova, uint64_t last)
{
	uint64_t *slot = &table[index_at(1, iova)];

	if (last - iova > span_mask(1))
		return erase_run(gather, table, iova, last);
	if (!is_present(pgtable_load(slot)))
		return 0;
	pgtable_store(slot, 0);
	changed(gather, 1, iova, last);
	return span_mask(1) + 1;
}

/* Both ends have been checked: no leaf here sticks out of the range. */
static void erase(struct erasure *e, uint64_t *table, unsigned int level, uint64_t iova,
		  uint64_t last)
{
	uint64_t at = iova, end, entry, *slot, *next;
	bool whole;

	if (level == 1) {
		e->removed += erase_leaves(e->gather, table, iova, last);
		return;
	}
	for (;; at = end + 1) {
		end = at | span_mask(level);
		whole = !(at & span_mask(level)) && end <= last;
		slot = &table[index_at(level, at)];
		entry = pgtable_load_acquire(slot);
		if (!is_present(entry)) {
			/* a hole */
		} else if (fmt_is_leaf(level, entry)) {
			pgtable_store(slot, 0);
			e->removed += span_mask(level) + 1;
			changed(e->gather, level, at, end);
		} else {
			next = below(e->pt, entry);
			if (whole && !e->keep_tables) {
				pgtable_store(slot, 0);
				changed(e->gather, level, at, end);
				if (next)
					detach(e, next, level - 1);
			} else if (next) {
				erase(e, next, level - 1, at, end < last ? end : last);
			}
		}
		if (end >= last)
			return;
	}
}

/* The same from the root on, for a range that it reaches. */
static void erase_from_root(struct erasure *e, uint64_t top, uint64_t iova, uint64_t last)
{
	uint64_t end;

	for (;; iova = end + 1) {
		end = last_of_root(e->pt, iova);
		if (end > last)
			end = last;
		erase(e, root_of(e->pt, top, iova), pgtable_levels(top), iova, end);
		if (end == last)
			return;
	}
}

static inline bool sticks_out(unsigned int level, uint64_t entry, uint64_t at, uint64_t iova,
			      uint64_t last)
{
	uint64_t mask = (UINT64_C(1) << fmt_leaf_shift(level, entry)) - 1;

	return (at & ~mask) < iova || (at | mask) > last;
}

/* Does the leaf that holds `at` stick out of the range? */
static bool is_cut(const struct libiommu_pgtable *pt, uint64_t top, uint64_t at, uint64_t iova,
		   uint64_t last)
{
	uint64_t entry, *table = root_of(pt, top, at);
	unsigned int level;

	for (level = pgtable_levels(top); table; level--) {
		entry = pgtable_load_acquire(&table[index_at(level, at)]);
		if (!is_present(entry))
			return false;
		if (level == 1 || fmt_is_leaf(level, entry))
			return sticks_out(level, entry, at, iova, last);
		table = below(pt, entry);
	}
	return false;
}

/* Is the range part of one lowest table, so that it can only hold leaves of that level? */
static inline bool is_small(uint64_t iova, uint64_t last)
{
	return same_table(1, iova, last) && last - iova < span_mask(2);
}

/* Does the leaf that holds `at` have several entries, some of them outside the range? */
static inline bool is_cut_run(const uint64_t *table, uint64_t at, uint64_t iova, uint64_t last)
{
	uint64_t entry = pgtable_load(&table[index_at(1, at)]);

	return is_present(entry) && fmt_leaf_shift(1, entry) != fmt_level_shift(1) &&
	       sticks_out(1, entry, at, iova, last);
}

static inline bool cuts_run(const uint64_t *table, uint64_t iova, uint64_t last)
{
	if (!FMT_RUNS)
		return false;
	return is_cut_run(table, iova, iova, last) ||
	       (last - iova > span_mask(1) && is_cut_run(table, last, iova, last));
}

static __attribute__((noinline)) int unmap_large(struct libiommu_pgtable *pt, uint64_t iova,
						 uint64_t length, uint64_t *removed,
						 struct libiommu_pgtable_gather *gather,
						 struct libiommu_error **err)
{
	struct erasure e = { .pt = pt, .gather = gather, .count = removed != NULL };
	uint64_t last = iova + length - 1, top = pgtable_top(pt);

	if (reaches(top, iova)) {
		last = clip(top, last);
		if (is_cut(pt, top, iova, iova, last) || is_cut(pt, top, last, iova, last))
			return libiommu_pgtable_refuse(pt, LIBIOMMU_REASON_WOULD_SPLIT, iova,
						       length, err);
		erase_from_root(&e, top, iova, last);
	}
	if (removed)
		*removed = e.removed;
	return 0;
}

static int op_unmap(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, uint64_t *removed,
		    struct libiommu_pgtable_gather *gather, struct libiommu_error **err)
{
	uint64_t found, *table = NULL, last = iova + length - 1;

	if (is_small(iova, last))
		table = lowest_table(pt, iova);
	if (!table || cuts_run(table, iova, last))
		return unmap_large(pt, iova, length, removed, gather, err);
	found = erase_leaves(gather, table, iova, last);
	if (removed)
		*removed = found;
	return 0;
}

#endif
