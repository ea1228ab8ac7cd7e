/* SPDX-License-Identifier: BSD-2-Clause */
/* Mapping, written once and compiled for each format; not a header for others. */
#ifndef LIBIOMMU_LIB_PGTABLE_MAP_H
#define LIBIOMMU_LIB_PGTABLE_MAP_H

/* A place in the tree that moves upward with a map. */
struct cursor {
	struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather *gather;
	uint64_t iova;
	uint64_t top;
	uint64_t sizes;     /* of leaves, as far as there are tables for them */
	unsigned int level; /* tables of this level and above belong to iova */
	uint64_t bits;      /* of the leaves */
	uint64_t *table[FMT_MAX_LEVELS + 1];
	bool made[FMT_MAX_LEVELS + 1]; /* by this map: what it has not filled is empty */
};

static bool is_empty(const struct libiommu_pgtable *pt, const uint64_t *table, unsigned int level)
{
	unsigned int i, n = FMT_ENTRIES;
	const uint64_t *next;
	uint64_t entry;

	if (level == 1)
		return !any_present(table, n);
	for (i = 0; i < n; i++) {
		entry = pgtable_load_acquire(&table[i]);
		if (!is_present(entry))
			continue;
		if (fmt_is_leaf(level, entry))
			return false;
		next = below(pt, entry);
		if (!next || !is_empty(pt, next, level - 1))
			return false;
	}
	return true;
}

static inline enum libiommu_reason fill_one(uint64_t *slot, uint64_t phys, uint64_t bits)
{
	if (pgtable_unlikely(is_present(pgtable_load(slot))))
		return REASON_EXISTS;
	pgtable_store(slot, fmt_leaf(1, fmt_level_shift(1), phys, bits));
	return REASON_NONE;
}

/* Are all entries free for leaves, at most with empty tables that these replace? */
static bool can_fill(const struct libiommu_pgtable *pt, unsigned int level, const uint64_t *slot,
		     unsigned int n)
{
	const uint64_t *next;
	unsigned int i;
	uint64_t entry;

	for (i = 0; i < n; i++) {
		entry = pgtable_load_acquire(&slot[i]);
		if (!is_present(entry))
			continue;
		if (fmt_is_leaf(level, entry))
			return false;
		next = below(pt, entry);
		if (!next || !is_empty(pt, next, level - 1))
			return false;
	}
	return true;
}

/* Write a leaf's entry where an empty table may be. */
static void replace(struct cursor *c, unsigned int level, uint64_t iova, uint64_t *slot,
		    uint64_t entry)
{
	struct erasure e = { .pt = c->pt, .gather = c->gather, .count = true };
	uint64_t old = pgtable_load_acquire(slot);

	pgtable_store(slot, entry);
	if (is_present(old)) {
		changed(c->gather, level, iova, iova | span_mask(level));
		detach(&e, below(c->pt, old), level - 1);
	}
}

/* Write the entries of `n` leaves of 2^shift bytes over empty tables, or none. */
static __attribute__((noinline)) enum libiommu_reason fill_over_tables(
	struct cursor *c, unsigned int level, unsigned int shift, uint64_t phys, unsigned int n)
{
	unsigned int i, j, run = 1u << (shift - fmt_level_shift(level));
	uint64_t entry, at = c->iova, *slot = &c->table[level][index_at(level, at)];

	if (level == 1 || !can_fill(c->pt, level, slot, n * run))
		return REASON_EXISTS;
	for (i = 0; i < n; i++, phys += UINT64_C(1) << shift) {
		for (j = 0; j < run; j++, slot++, at += span_mask(level) + 1) {
			entry = fmt_leaf(level, shift,
					 FMT_HINTS ? phys + j * (span_mask(level) + 1) : phys,
					 c->bits);
			replace(c, level, at, slot, entry);
		}
	}
	return REASON_NONE;
}

/* Write the entries of `n` leaves of 2^shift bytes, or none. */
static enum libiommu_reason fill(struct cursor *c, unsigned int level, unsigned int shift,
				 uint64_t phys, unsigned int n)
{
	unsigned int run = FMT_RUNS ? 1u << (shift - fmt_level_shift(level)) : 1;
	uint64_t *slot = &c->table[level][index_at(level, c->iova)];

	if (!c->made[level] && pgtable_unlikely(any_present(slot, n * run)))
		return fill_over_tables(c, level, shift, phys, n);
	if (run == 1)
		write_leaves(slot, level, shift, phys, n, c->bits);
	else if (FMT_HINTS)
		write_leaves(slot, level, fmt_level_shift(level), phys, n * run,
			     c->bits | FMT_HINTS);
	else
		write_runs(slot, level, shift, phys, n, run, c->bits);
	return REASON_NONE;
}

/* The table behind an entry; made when there is none. */
static enum libiommu_reason open_table(struct libiommu_pgtable *pt, uint64_t *slot,
				       unsigned int level, uint64_t **out, bool *made)
{
	uint64_t phys, *page = NULL, entry = pgtable_load_acquire(slot);
	enum libiommu_reason reason;

	while (!is_present(entry)) {
		if (!page) {
			reason = libiommu_pgtable_alloc_table(pt, FMT_TABLE_BYTES, &page, &phys);
			if (reason)
				return reason;
		}
		if (__atomic_compare_exchange_n(slot, &entry,
						fmt_table(level, phys, pt->bits.table), false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			__atomic_add_fetch(&pt->pages, 1, __ATOMIC_RELAXED);
			*out = page;
			*made = true;
			return REASON_NONE;
		}
	}
	if (page) /* a neighbour was faster */
		libiommu_pgtable_free_table(pt, page, FMT_TABLE_BYTES);
	*made = false;
	if (fmt_is_leaf(level, entry))
		return REASON_EXISTS;
	*out = below(pt, entry);
	return *out ? REASON_NONE : REASON_EXISTS;
}

/* Move to iova and make sure of the tables down to `level`. */
static enum libiommu_reason seek(struct cursor *c, uint64_t iova, unsigned int level)
{
	enum libiommu_reason reason;

	while (c->level < level || !same_table(c->level, c->iova, iova)) {
		if (FMT_ROOT_EXTRA && c->level == pgtable_levels(c->top)) {
			c->table[c->level] = root_of(c->pt, c->top, iova);
			break;
		}
		c->level++;
	}
	c->iova = iova;
	while (c->level > level) {
		reason = open_table(c->pt, &c->table[c->level][index_at(c->level, iova)], c->level,
				    &c->table[c->level - 1], &c->made[c->level - 1]);
		if (reason)
			return reason;
		c->level--;
	}
	return REASON_NONE;
}

/* log2 of the largest leaf for the start of a range. */
static inline unsigned int best_shift(uint64_t sizes, uint64_t iova, uint64_t phys, uint64_t length)
{
	unsigned int fits = 63 - (unsigned int)__builtin_clzll(length);
	unsigned int aligned = iova | phys ? (unsigned int)__builtin_ctzll(iova | phys) : 63;

	if (aligned < fits)
		fits = aligned;
	return 63 - (unsigned int)__builtin_clzll(sizes & ((UINT64_C(2) << fits) - 1));
}

/* How many leaves of this size come next, until the table ends or larger ones are possible. */
static inline unsigned int count_next(uint64_t sizes, unsigned int level, unsigned int shift,
				      uint64_t iova, uint64_t phys, uint64_t length)
{
	unsigned int end = fmt_level_shift(level) + FMT_INDEX_BITS;
	uint64_t larger = sizes & ~((UINT64_C(2) << shift) - 1);
	uint64_t n;

	if (larger) {
		larger &= -larger;
		if (!((iova ^ phys) & (larger - 1)) && larger >> end == 0)
			end = (unsigned int)__builtin_ctzll(larger);
	}
	n = (UINT64_C(1) << (end - shift)) -
	    ((iova >> shift) & ((UINT64_C(1) << (end - shift)) - 1));
	return (unsigned int)(n < length >> shift ? n : length >> shift);
}

/* Map one piece. *done is moved behind each part that is complete. */
static enum libiommu_reason map_piece(struct cursor *c, uint64_t *done, uint64_t phys,
				      uint64_t length)
{
	enum libiommu_reason reason;
	unsigned int level, shift, n;
	uint64_t bytes;

	while (length) {
		shift = best_shift(c->pt->leaf_sizes, *done, phys, length);
		for (level = 1; fmt_level_shift(level + 1) <= shift;)
			level++;
		n = count_next(c->pt->leaf_sizes, level, shift, *done, phys, length);
		reason = seek(c, *done, level);
		if (!reason)
			reason = fill(c, level, shift, phys, n);
		if (reason)
			return reason;
		bytes = (uint64_t)n << shift;
		*done += bytes;
		phys += bytes;
		length -= bytes;
	}
	return REASON_NONE;
}

/* Is there a level for each leaf that the range could take, up to its last address? */
static inline bool has_room(uint64_t top, uint64_t last, uint64_t length)
{
	return !FMT_GROWS || pgtable_levels(top) == FMT_MAX_LEVELS ||
	       (reaches(top, last) && length - 1 < span_mask(pgtable_levels(top) + 1));
}

/* Add levels until a range has room. Lookups beside see the old root or the new one. */
static __attribute__((noinline)) enum libiommu_reason grow(struct libiommu_pgtable *pt,
							   uint64_t last, uint64_t length,
							   struct libiommu_pgtable_gather *gather)
{
	uint64_t phys, *page = NULL, top = pgtable_top(pt);
	enum libiommu_reason reason;
	unsigned int levels;

	while (!has_room(top, last, length)) {
		if (!page) {
			reason = libiommu_pgtable_alloc_table(pt, FMT_TABLE_BYTES, &page, &phys);
			if (reason)
				return reason;
		}
		levels = pgtable_levels(top) + 1;
		pgtable_store(&page[0],
			      fmt_table(levels, pgtable_root_phys(pt, top), pt->bits.table));
		if (__atomic_compare_exchange_n(&pt->top, &top, (uintptr_t)page | levels, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			__atomic_add_fetch(&pt->pages, 1, __ATOMIC_RELAXED);
			gather->root_changed = true;
			top = (uintptr_t)page | levels;
			page = NULL;
			libiommu_pgtable_choose(pt, levels);
		}
	}
	if (page) /* a neighbour was faster */
		libiommu_pgtable_free_table(pt, page, FMT_TABLE_BYTES);
	return REASON_NONE;
}

static enum libiommu_reason start(struct cursor *c, struct libiommu_pgtable *pt, uint64_t iova,
				  uint64_t length, uint32_t prot,
				  struct libiommu_pgtable_gather *gather)
{
	enum libiommu_reason reason = REASON_NONE;

	if (!has_room(pgtable_top(pt), iova + length - 1, length))
		reason = grow(pt, iova + length - 1, length, gather);
	c->pt = pt;
	c->gather = gather;
	c->iova = iova;
	c->top = pgtable_top(pt);
	c->level = pgtable_levels(c->top);
	c->bits = pt->bits.leaf[prot];
	c->table[c->level] = root_of(pt, c->top, iova);
	c->made[c->level] = false;
	return reason;
}

/* Take back what a map has done. Caches may have seen it, so the gather learns of it. */
static void undo(struct cursor *c, uint64_t iova, uint64_t done)
{
	struct erasure e = { .pt = c->pt, .gather = c->gather, .keep_tables = true };

	if (done > iova)
		erase_from_root(&e, c->top, iova, done - 1);
}

static __attribute__((noinline)) int map_large(struct libiommu_pgtable *pt, uint64_t iova,
					       uint64_t phys, uint64_t length, uint32_t prot,
					       struct libiommu_pgtable_gather *gather,
					       struct libiommu_error **err)
{
	enum libiommu_reason reason;
	uint64_t done = iova;
	struct cursor c;

	reason = start(&c, pt, iova, length, prot, gather);
	if (!reason)
		reason = map_piece(&c, &done, phys, length);
	if (!reason)
		return 0;
	undo(&c, iova, done);
	return libiommu_pgtable_refuse(pt, reason, iova, length, err);
}

static int op_map(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length,
		  uint32_t prot, struct libiommu_pgtable_gather *gather,
		  struct libiommu_error **err)
{
	uint64_t *table;

	if (length > span_mask(1) + 1)
		return map_large(pt, iova, phys, length, prot, gather, err);
	table = lowest_table(pt, iova);
	if (!table)
		return map_large(pt, iova, phys, length, prot, gather, err);
	if (fill_one(&table[index_at(1, iova)], phys, pt->bits.leaf[prot]))
		return libiommu_pgtable_refuse(pt, REASON_EXISTS, iova, length, err);
	return 0;
}

static int op_map_list(struct libiommu_pgtable *pt, uint64_t iova,
		       const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
		       struct libiommu_pgtable_gather *gather, struct libiommu_error **err)
{
	const struct libiommu_pgtable_piece *p, *end = pieces + count;
	enum libiommu_reason reason;
	uint64_t done = iova, length = 0;
	struct cursor c;

	for (p = pieces; p < end; p++)
		length += p->length;
	reason = start(&c, pt, iova, length, prot, gather);
	for (p = pieces; p < end && !reason; p++) {
		if (p->length > span_mask(1) + 1 || c.level > 1 || !same_table(1, c.iova, done)) {
			reason = map_piece(&c, &done, p->phys, p->length);
			continue;
		}
		reason = fill_one(&c.table[1][index_at(1, done)], p->phys, c.bits);
		if (pgtable_unlikely(reason))
			break;
		done += span_mask(1) + 1;
	}
	if (!reason)
		return 0;
	undo(&c, iova, done);
	return libiommu_pgtable_refuse(pt, reason, iova, length, err);
}

/* Pieces of the smallest size each: as many at a time as their table holds. */
static int op_map_pages(struct libiommu_pgtable *pt, uint64_t iova,
			const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
			struct libiommu_pgtable_gather *gather, struct libiommu_error **err)
{
	uint64_t *slot, bits = pt->bits.leaf[prot], done = iova;
	uint64_t length = (uint64_t)count << fmt_level_shift(1);
	enum libiommu_reason reason;
	struct cursor c;
	size_t i, n;

	reason = start(&c, pt, iova, length, prot, gather);
	for (; count && !reason; pieces += n, count -= n, done += n << fmt_level_shift(1)) {
		reason = seek(&c, done, 1);
		if (reason)
			break;
		slot = &c.table[1][index_at(1, done)];
		n = FMT_ENTRIES - index_at(1, done);
		if (n > count)
			n = count;
		if (!c.made[1] && any_present(slot, (unsigned int)n)) {
			reason = REASON_EXISTS;
			break;
		}
		UNROLL
		for (i = 0; i < n; i++)
			pgtable_store(&slot[i],
				      fmt_leaf(1, fmt_level_shift(1), pieces[i].phys, bits));
	}
	if (!reason)
		return 0;
	undo(&c, iova, done);
	return libiommu_pgtable_refuse(pt, reason, iova, length, err);
}

#endif
