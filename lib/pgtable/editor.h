/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Edits, written once and compiled for each format. Include after walker.h; not
 * a header for others.
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
#ifndef LIBIOMMU_LIB_PGTABLE_EDITOR_H
#define LIBIOMMU_LIB_PGTABLE_EDITOR_H

/* The inner loops are so short that their own counting would show. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll_count(8)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

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

/* A place in the tree that moves upward with a map. */
struct cursor {
	struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather *gather;
	uint64_t iova;
	unsigned int level; /* tables of this level and above belong to iova */
	uint64_t *table[FMT_MAX_LEVELS + 1];
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

static inline unsigned int count_leaves(const uint64_t *slot, unsigned int n)
{
	unsigned int i, found = 0;

	UNROLL
	for (i = 0; i < n; i++)
		found += fmt_present(pgtable_load(&slot[i]));
	return found;
}

/* Put a table aside with all below it. The entry that led here is gone already. */
static void detach(struct erasure *e, uint64_t *table, unsigned int level)
{
	unsigned int i, n = 1u << fmt_level_bits(level);
	uint64_t entry, *next;

	if (level == 1) {
		if (e->count)
			e->removed += (uint64_t)count_leaves(table, n) << fmt_level_shift(1);
		e->gather->levels |= 1u << 1;
		put_aside(e, table);
		return;
	}
	for (i = 0; i < n; i++) {
		entry = pgtable_load_acquire(&table[i]);
		if (!fmt_present(entry))
			continue;
		e->gather->levels |= 1u << level;
		if (fmt_is_leaf(level, entry)) {
			e->removed += span_mask(level) + 1;
			continue;
		}
		next = pgtable_virt(e->pt, fmt_table_phys(entry));
		if (next)
			detach(e, next, level - 1);
	}
	put_aside(e, table);
}

/* Clear entries of one table of level 1. */
static void erase_leaves(struct erasure *e, uint64_t *table, uint64_t iova, uint64_t last)
{
	unsigned int i, found = 0, from = index_at(1, iova), to = index_at(1, last);

	while (!fmt_present(pgtable_load(&table[from]))) {
		if (from++ == to)
			return;
	}
	while (!fmt_present(pgtable_load(&table[to])))
		to--;
	UNROLL
	for (i = from; i <= to; i++) {
		found += fmt_present(pgtable_load(&table[i]));
		pgtable_store(&table[i], 0);
	}
	e->removed += (uint64_t)found << fmt_level_shift(1);
	iova &= ~(span_mask(2));
	changed(e->gather, 1, iova + ((uint64_t)from << fmt_level_shift(1)),
		iova + ((uint64_t)to << fmt_level_shift(1)) + span_mask(1));
}

/* Both ends have been checked: no leaf here sticks out of the range. */
static void erase(struct erasure *e, uint64_t *table, unsigned int level, uint64_t iova,
		  uint64_t last)
{
	uint64_t at = iova, end, entry, *slot, *next;
	bool whole;

	if (level == 1) {
		erase_leaves(e, table, iova, last);
		return;
	}
	for (;; at = end + 1) {
		end = at | span_mask(level);
		whole = !(at & span_mask(level)) && end <= last;
		slot = &table[index_at(level, at)];
		entry = pgtable_load_acquire(slot);
		if (!fmt_present(entry)) {
			/* a hole */
		} else if (fmt_is_leaf(level, entry)) {
			pgtable_store(slot, 0);
			e->removed += span_mask(level) + 1;
			changed(e->gather, level, at, end);
		} else {
			next = pgtable_virt(e->pt, fmt_table_phys(entry));
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

/* Does the leaf that holds iova stick out of the range? */
static bool is_cut(const struct libiommu_pgtable *pt, uint64_t at, uint64_t iova, uint64_t last)
{
	uint64_t entry, mask, *table = pt->root;
	unsigned int level;

	for (level = pt->levels; table; level--) {
		entry = pgtable_load_acquire(&table[index_at(level, at)]);
		if (!fmt_present(entry))
			return false;
		if (fmt_is_leaf(level, entry)) {
			mask = (UINT64_C(1) << fmt_leaf_shift(level, entry)) - 1;
			return (at & ~mask) < iova || (at | mask) > last;
		}
		table = pgtable_virt(pt, fmt_table_phys(entry));
	}
	return false;
}

/*
 * The table of level 1 that holds iova. NULL when there is none; `stop` tells
 * then whether a leaf was met on the way.
 */
static inline __attribute__((always_inline)) uint64_t *
lowest_table(const struct libiommu_pgtable *pt, uint64_t iova, bool *stop)
{
	uint64_t entry, *table = pt->root;

	*stop = false;
#define STEP(n)                                                                                    \
	if (FMT_MAX_LEVELS >= (n) && (FMT_MIN_LEVELS >= (n) || pt->levels >= (n))) {               \
		entry = pgtable_load_acquire(&table[index_at((n), iova)]);                         \
		if (pgtable_unlikely(!fmt_present(entry)))                                         \
			return NULL;                                                               \
		*stop = fmt_is_leaf((n), entry);                                                   \
		if (pgtable_unlikely(*stop))                                                       \
			return NULL;                                                               \
		table = pgtable_virt(pt, fmt_table_phys(entry));                                   \
		if (pgtable_unlikely(!table))                                                      \
			return NULL;                                                               \
	}
	STEP(6)
	STEP(5)
	STEP(4)
	STEP(3)
	STEP(2)
#undef STEP
	return table;
}

/* Is the range part of one lowest table, so that it can only hold smallest leaves? */
static inline bool is_small(uint64_t iova, uint64_t last)
{
	return !FMT_RUNS && same_table(1, iova, last) && last - iova < span_mask(2);
}

static enum libiommu_reason op_unmap(struct libiommu_pgtable *pt, uint64_t iova, uint64_t last,
				     uint64_t *removed, struct libiommu_pgtable_gather *gather)
{
	struct erasure e = { .pt = pt, .gather = gather, .count = removed != NULL };
	uint64_t *table;
	bool stop;

	if (is_small(iova, last)) {
		table = lowest_table(pt, iova, &stop);
		if (pgtable_likely(table))
			erase_leaves(&e, table, iova, last);
		else if (stop)
			return LIBIOMMU_REASON_WOULD_SPLIT;
	} else {
		if (is_cut(pt, iova, iova, last) || is_cut(pt, last, iova, last))
			return LIBIOMMU_REASON_WOULD_SPLIT;
		erase(&e, pt->root, pt->levels, iova, last);
	}
	if (removed)
		*removed = e.removed;
	return REASON_NONE;
}

static bool is_empty(const struct libiommu_pgtable *pt, const uint64_t *table, unsigned int level)
{
	unsigned int i, n = 1u << fmt_level_bits(level);
	const uint64_t *next;
	uint64_t entry;

	if (level == 1)
		return !count_leaves(table, n);
	for (i = 0; i < n; i++) {
		entry = pgtable_load_acquire(&table[i]);
		if (!fmt_present(entry))
			continue;
		if (fmt_is_leaf(level, entry))
			return false;
		next = pgtable_virt(pt, fmt_table_phys(entry));
		if (!next || !is_empty(pt, next, level - 1))
			return false;
	}
	return true;
}

/* Write `n` entries of level 1 for contiguous memory, or none. */
static inline enum libiommu_reason fill_lowest(uint64_t *slot, uint64_t phys, unsigned int n,
					       uint32_t prot)
{
	unsigned int i;

	if (pgtable_unlikely(count_leaves(slot, n)))
		return REASON_EXISTS;
	UNROLL
	for (i = 0; i < n; i++, phys += UINT64_C(1) << fmt_level_shift(1))
		pgtable_store(&slot[i], fmt_leaf(1, fmt_level_shift(1), phys, prot));
	return REASON_NONE;
}

/* Are all entries free for leaves, at most with empty tables that these replace? */
static bool can_fill(struct cursor *c, unsigned int level, const uint64_t *slot, unsigned int n)
{
	const uint64_t *next;
	unsigned int i;
	uint64_t entry;

	for (i = 0; i < n; i++) {
		entry = pgtable_load_acquire(&slot[i]);
		if (pgtable_likely(!fmt_present(entry)))
			continue;
		if (fmt_is_leaf(level, entry))
			return false;
		next = pgtable_virt(c->pt, fmt_table_phys(entry));
		if (!next || !is_empty(c->pt, next, level - 1))
			return false;
	}
	return true;
}

/* Write the entries of `n` leaves of 2^shift bytes, or none. */
static enum libiommu_reason fill(struct cursor *c, unsigned int level, unsigned int shift,
				 uint64_t phys, unsigned int n, uint32_t prot)
{
	struct erasure e = { .pt = c->pt, .gather = c->gather };
	unsigned int i, run = 1u << (shift - fmt_level_shift(level));
	uint64_t at = c->iova, old, *slot = &c->table[level][index_at(level, at)];

	if (level == 1 && run == 1)
		return fill_lowest(slot, phys, n, prot);
	if (!can_fill(c, level, slot, n * run))
		return REASON_EXISTS;
	for (i = 0; i < n * run; i++, at += span_mask(level) + 1) {
		old = pgtable_load_acquire(&slot[i]);
		pgtable_store(&slot[i], fmt_leaf(level, shift, phys, prot));
		if (pgtable_unlikely(fmt_present(old))) {
			changed(c->gather, level, at, at | span_mask(level));
			detach(&e, pgtable_virt(c->pt, fmt_table_phys(old)), level - 1);
		}
		if ((i + 1) % run == 0)
			phys += UINT64_C(1) << shift;
	}
	return REASON_NONE;
}

/* The table behind an entry; made when there is none. */
static enum libiommu_reason open_table(struct libiommu_pgtable *pt, uint64_t *slot,
				       unsigned int level, uint64_t **out)
{
	uint64_t phys, *page = NULL, entry = pgtable_load_acquire(slot);
	enum libiommu_reason reason;

	while (!fmt_present(entry)) {
		if (!page) {
			reason = libiommu_pgtable_alloc_page(pt, &page, &phys);
			if (reason)
				return reason;
		}
		if (__atomic_compare_exchange_n(slot, &entry, fmt_table(phys), false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			__atomic_add_fetch(&pt->pages, 1, __ATOMIC_RELAXED);
			*out = page;
			return REASON_NONE;
		}
	}
	if (page)
		pgtable_free_page(pt, page); /* a neighbour was faster */
	if (fmt_is_leaf(level, entry))
		return REASON_EXISTS;
	*out = pgtable_virt(pt, fmt_table_phys(entry));
	return *out ? REASON_NONE : REASON_EXISTS;
}

/* Move to iova and make sure of the tables down to `level`. */
static enum libiommu_reason seek(struct cursor *c, uint64_t iova, unsigned int level)
{
	enum libiommu_reason reason;

	while (c->level < level || !same_table(c->level, c->iova, iova))
		c->level++;
	c->iova = iova;
	while (c->level > level) {
		reason = open_table(c->pt, &c->table[c->level][index_at(c->level, iova)], c->level,
				    &c->table[c->level - 1]);
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
static inline unsigned int count_next(const struct libiommu_pgtable *pt, unsigned int level,
				      unsigned int shift, uint64_t iova, uint64_t phys,
				      uint64_t length)
{
	unsigned int end = fmt_level_shift(level) + fmt_level_bits(level);
	uint64_t larger = pt->leaf_sizes & ~((UINT64_C(2) << shift) - 1);
	uint64_t n;

	if (larger) {
		larger &= -larger;
		if (!((iova ^ phys) & (larger - 1)) && larger >> end == 0)
			end = (unsigned int)__builtin_ctzll(larger);
	}
	n = (UINT64_C(1) << (end - shift)) - ((iova >> shift) & ((UINT64_C(1) << (end - shift)) - 1));
	return (unsigned int)(n < length >> shift ? n : length >> shift);
}

/* Map one piece. *done is moved behind each part that is complete. */
static enum libiommu_reason map_piece(struct cursor *c, uint64_t *done, uint64_t phys,
				      uint64_t length, uint32_t prot)
{
	struct libiommu_pgtable *pt = c->pt;
	enum libiommu_reason reason;
	unsigned int level, shift, n;
	uint64_t bytes;

	while (length) {
		shift = best_shift(pt->leaf_sizes, *done, phys, length);
		for (level = 1; fmt_level_shift(level + 1) <= shift;)
			level++;
		n = count_next(pt, level, shift, *done, phys, length);
		reason = seek(c, *done, level);
		if (!reason)
			reason = fill(c, level, shift, phys, n, prot);
		if (reason)
			return reason;
		bytes = (uint64_t)n << shift;
		*done += bytes;
		phys += bytes;
		length -= bytes;
	}
	return REASON_NONE;
}

static void start(struct cursor *c, struct libiommu_pgtable *pt, uint64_t iova,
		  struct libiommu_pgtable_gather *gather)
{
	c->pt = pt;
	c->gather = gather;
	c->iova = iova;
	c->level = pt->levels;
	c->table[pt->levels] = pt->root;
}

/* Take back what a map has done. Caches may have seen it, so the gather learns of it. */
static void undo(struct cursor *c, uint64_t iova, uint64_t done)
{
	struct erasure e = { .pt = c->pt, .gather = c->gather, .keep_tables = true };

	if (done > iova)
		erase(&e, c->pt->root, c->pt->levels, iova, done - 1);
}

static __attribute__((noinline)) enum libiommu_reason
map_large(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length, uint32_t prot,
	  struct libiommu_pgtable_gather *gather)
{
	enum libiommu_reason reason;
	uint64_t done = iova;
	struct cursor c;

	start(&c, pt, iova, gather);
	reason = map_piece(&c, &done, phys, length, prot);
	if (reason)
		undo(&c, iova, done);
	return reason;
}

static enum libiommu_reason op_map(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys,
				   uint64_t length, uint32_t prot,
				   struct libiommu_pgtable_gather *gather)
{
	uint64_t *table;
	bool stop;

	if (is_small(iova, iova + length - 1)) {
		table = lowest_table(pt, iova, &stop);
		if (pgtable_likely(table))
			return fill_lowest(&table[index_at(1, iova)], phys,
					   (unsigned int)(length >> fmt_level_shift(1)), prot);
	}
	return map_large(pt, iova, phys, length, prot, gather);
}

static enum libiommu_reason op_map_list(struct libiommu_pgtable *pt, uint64_t iova,
					const struct libiommu_pgtable_piece *pieces, size_t count,
					uint32_t prot, struct libiommu_pgtable_gather *gather)
{
	const struct libiommu_pgtable_piece *p, *end = pieces + count;
	enum libiommu_reason reason = REASON_NONE;
	uint64_t done = iova, *slot;
	struct cursor c;

	start(&c, pt, iova, gather);
	for (p = pieces; p < end && !reason; p++) {
		if (p->length > span_mask(1) + 1 || c.level > 1 || !same_table(1, c.iova, done)) {
			reason = map_piece(&c, &done, p->phys, p->length, prot);
			continue;
		}
		slot = &c.table[1][index_at(1, done)];
		if (pgtable_unlikely(fmt_present(pgtable_load(slot)))) {
			reason = REASON_EXISTS;
			break;
		}
		pgtable_store(slot, fmt_leaf(1, fmt_level_shift(1), p->phys, prot));
		done += span_mask(1) + 1;
	}
	if (reason)
		undo(&c, iova, done);
	return reason;
}

static void free_below(struct libiommu_pgtable *pt, uint64_t *table, unsigned int level)
{
	unsigned int i, n = 1u << fmt_level_bits(level);
	uint64_t entry, *next;

	for (i = 0; level > 1 && i < n; i++) {
		entry = pgtable_load_acquire(&table[i]);
		if (!fmt_present(entry) || fmt_is_leaf(level, entry))
			continue;
		next = pgtable_virt(pt, fmt_table_phys(entry));
		if (next)
			free_below(pt, next, level - 1);
	}
	pgtable_free_page(pt, table);
}

static void op_free_tables(struct libiommu_pgtable *pt)
{
	free_below(pt, pt->root, pt->levels);
}

static void op_describe(unsigned int levels, struct libiommu_pgtable_desc *desc)
{
	unsigned int level;

	desc->name = FMT_NAME;
	desc->levels = levels;
	desc->index_bits = FMT_INDEX_BITS;
	desc->granule = FMT_GRANULE;
	desc->leaf_sizes = 0;
	for (level = 1; level <= levels; level++)
		desc->leaf_sizes |= fmt_leaf_sizes(level);
	desc->iova_last = fmt_iova_last(levels);
	desc->phys_bits = FMT_PHYS_BITS;
	desc->read_only = FMT_READ_ONLY;
	desc->write_only = FMT_WRITE_ONLY;
	desc->dirty = FMT_DIRTY;
}

const struct pgtable_ops FMT_OPS = {
	.min_levels = FMT_MIN_LEVELS,
	.max_levels = FMT_MAX_LEVELS,
	.usual_levels = FMT_USUAL_LEVELS,
	.describe = op_describe,
	.map = op_map,
	.map_list = op_map_list,
	.unmap = op_unmap,
	.walk = op_walk,
	.translate = op_translate,
	.mark = op_mark,
	.next_leaf = op_next_leaf,
	.free_tables = op_free_tables,
};

#endif
