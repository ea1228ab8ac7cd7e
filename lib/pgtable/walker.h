/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups, written once and compiled for each format. Include after fmt_*.h,
 * whose functions turn into constants here; not a header for others.
 *
 * Lookups hold no lock: entries are read atomically, each once, and what was
 * read is what is judged.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_WALKER_H
#define LIBIOMMU_LIB_PGTABLE_WALKER_H

#include <string.h>

static inline uint64_t span_mask(unsigned int level)
{
	return (UINT64_C(1) << fmt_level_shift(level)) - 1;
}

static inline unsigned int index_at(unsigned int level, uint64_t iova)
{
	return (iova >> fmt_level_shift(level)) & ((1u << fmt_level_bits(level)) - 1);
}

/* Do two addresses lie below the same table of this level? */
static inline bool same_table(unsigned int level, uint64_t a, uint64_t b)
{
	return (a ^ b) >> fmt_level_shift(level) >> fmt_level_bits(level) == 0;
}

/* As hardware judges an entry; a table's reachability is left to the caller. */
static inline enum libiommu_pgtable_entry classify(const struct libiommu_pgtable *pt,
						   unsigned int level, uint64_t entry)
{
	bool leaf;

	if (!fmt_present(entry))
		return LIBIOMMU_PGTABLE_EMPTY;
	leaf = fmt_is_leaf(level, entry);
	if (pgtable_unlikely(fmt_reserved(level, entry, leaf)))
		return LIBIOMMU_PGTABLE_BROKEN;
	if (!leaf)
		return LIBIOMMU_PGTABLE_TABLE;
	if (pgtable_likely(pt->leaf_sizes >> fmt_leaf_shift(level, entry) & 1))
		return LIBIOMMU_PGTABLE_LEAF;
	return LIBIOMMU_PGTABLE_BROKEN;
}

/* One level of a lookup: the next table, or NULL where it ends. */
static inline __attribute__((always_inline)) uint64_t *
step_down(const struct libiommu_pgtable *pt, uint64_t *table, unsigned int level, uint64_t iova,
	  struct pgtable_place *place)
{
	uint64_t *next;

	place->level = level;
	place->slot = &table[index_at(level, iova)];
	place->entry = pgtable_load_acquire(place->slot);
	place->kind = classify(pt, level, place->entry);
	if (place->kind == LIBIOMMU_PGTABLE_EMPTY || place->kind == LIBIOMMU_PGTABLE_BROKEN)
		return NULL;
	place->prot &= fmt_prot(place->entry);
	if (level == 1 || place->kind == LIBIOMMU_PGTABLE_LEAF)
		return NULL;
	next = pgtable_virt(pt, fmt_table_phys(place->entry));
	if (pgtable_unlikely(!next))
		place->kind = LIBIOMMU_PGTABLE_BROKEN;
	return next;
}

/* The levels are unrolled so that each has its shifts and masks as constants. */
static inline __attribute__((always_inline)) void
look_up(const struct libiommu_pgtable *pt, uint64_t iova, struct pgtable_place *place)
{
	uint64_t *table = pt->root;

	static_assert(FMT_MAX_LEVELS <= 6 && LIBIOMMU_PGTABLE_MAX_LEVELS == 6, "six steps below");
	place->prot = LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE;
#define STEP(n)                                                                                    \
	if (FMT_MAX_LEVELS >= (n) && (FMT_MIN_LEVELS >= (n) || pt->levels >= (n))) {               \
		table = step_down(pt, table, (n), iova, place);                                    \
		if (!table)                                                                        \
			return;                                                                    \
	}
	STEP(6)
	STEP(5)
	STEP(4)
	STEP(3)
	STEP(2)
	STEP(1)
#undef STEP
}

/* The first of the entries that together make one leaf. */
static inline uint64_t *first_of_run(uint64_t *slot, unsigned int run)
{
	return (uint64_t *)((uintptr_t)slot & ~((uintptr_t)run * sizeof(*slot) - 1));
}

static inline void report_leaf(const struct pgtable_place *place, uint64_t iova,
			       struct libiommu_pgtable_leaf *leaf)
{
	unsigned int shift = fmt_leaf_shift(place->level, place->entry);
	unsigned int i, run = 1u << (shift - fmt_level_shift(place->level));
	uint64_t entry = place->entry;

	leaf->length = UINT64_C(1) << shift;
	leaf->iova = iova & ~(leaf->length - 1);
	leaf->phys = fmt_leaf_phys(place->level, entry);
	leaf->prot = place->prot;
	leaf->accessed = fmt_accessed(entry);
	leaf->dirty = fmt_dirty(entry);
	/* Hardware may mark any entry of a run. */
	for (i = 0; FMT_RUNS && i < run; i++) {
		entry = pgtable_load(first_of_run(place->slot, run) + i);
		leaf->accessed |= fmt_accessed(entry);
		leaf->dirty |= fmt_dirty(entry);
	}
}

static bool op_translate(const struct libiommu_pgtable *pt, uint64_t iova,
			 struct libiommu_pgtable_leaf *leaf)
{
	struct pgtable_place place;

	look_up(pt, iova, &place);
	if (place.kind != LIBIOMMU_PGTABLE_LEAF)
		return false;
	report_leaf(&place, iova, leaf);
	return true;
}

/*
 * Not a plain OR: between the look and the mark the entry may be removed, or
 * become the link of a list of waiting tables, and must stay untouched then.
 */
static bool op_mark(struct libiommu_pgtable *pt, uint64_t iova, bool write)
{
	uint64_t marks = fmt_marks(write);
	struct pgtable_place place;

	for (;;) {
		look_up(pt, iova, &place);
		if (place.kind != LIBIOMMU_PGTABLE_LEAF)
			return false;
		if ((place.entry & marks) == marks ||
		    __atomic_compare_exchange_n(place.slot, &place.entry, place.entry | marks,
						false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
}

static void op_walk(const struct libiommu_pgtable *pt, uint64_t iova,
		    struct libiommu_pgtable_walk *out)
{
	struct pgtable_place place = { .prot = 0 };
	uint64_t phys = pt->root_phys, *table = pt->root;
	struct libiommu_pgtable_step *step = out->step;
	unsigned int level;

	for (level = pt->levels; level && table; level--, step++) {
		table = step_down(pt, table, level, iova, &place);
		step->level = level;
		step->index = index_at(level, iova);
		step->table = phys;
		step->entry = place.entry;
		step->kind = place.kind;
		step->next = 0;
		if (fmt_present(place.entry))
			step->next = fmt_is_leaf(level, place.entry)
					     ? fmt_leaf_phys(level, place.entry)
					     : fmt_table_phys(place.entry);
		phys = step->next;
	}
	out->steps = (unsigned int)(step - out->step);
}

static bool next_below(const struct libiommu_pgtable *pt, uint64_t *table, unsigned int level,
		       uint32_t prot, uint64_t iova, uint64_t last,
		       struct libiommu_pgtable_leaf *leaf)
{
	uint64_t at = iova, end, *next;
	struct pgtable_place place = { .level = level };

	for (;; at = end + 1) {
		end = at | span_mask(level);
		place.slot = &table[index_at(level, at)];
		place.entry = pgtable_load_acquire(place.slot);
		place.kind = classify(pt, level, place.entry);
		place.prot = prot & fmt_prot(place.entry);
		if (place.kind == LIBIOMMU_PGTABLE_LEAF) {
			report_leaf(&place, at, leaf);
			return true;
		}
		if (place.kind == LIBIOMMU_PGTABLE_TABLE && level > 1) {
			next = pgtable_virt(pt, fmt_table_phys(place.entry));
			if (next && next_below(pt, next, level - 1, place.prot, at,
					       end < last ? end : last, leaf))
				return true;
		}
		if (end >= last)
			return false;
	}
}

static bool op_next_leaf(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t last,
			 struct libiommu_pgtable_leaf *leaf)
{
	return next_below(pt, pt->root, pt->levels, LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, iova,
			  last, leaf);
}

#endif
