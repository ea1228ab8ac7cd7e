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

static inline uint64_t span_mask(unsigned int level)
{
	return (UINT64_C(1) << fmt_level_shift(level)) - 1;
}

static inline unsigned int index_at(unsigned int level, uint64_t iova)
{
	return (iova >> fmt_level_shift(level)) & (FMT_ENTRIES - 1);
}

/* Do two addresses lie below the same table of this level? */
static inline bool same_table(unsigned int level, uint64_t a, uint64_t b)
{
	return (a ^ b) >> fmt_level_shift(level) >> FMT_INDEX_BITS == 0;
}

static inline bool is_present(uint64_t entry)
{
	return entry & FMT_PRESENT;
}

/*
 * The table of the highest level that iova belongs to. A root that resolves more
 * bits than a table is so many tables one behind the other.
 */
static inline uint64_t *root_of(const struct libiommu_pgtable *pt, uint64_t top, uint64_t iova)
{
	if (!FMT_ROOT_EXTRA)
		return pgtable_root(top);
	return pgtable_root(top) + (iova >> pt->root_shift << FMT_INDEX_BITS);
}

/* The last address below a root's table that holds iova. */
static inline uint64_t last_of_root(const struct libiommu_pgtable *pt, uint64_t iova)
{
	return FMT_ROOT_EXTRA ? iova | ((UINT64_C(1) << pt->root_shift) - 1) : UINT64_MAX;
}

/* Do the present levels reach an address? Those that grow may not yet. */
static inline bool reaches(uint64_t top, uint64_t iova)
{
	return !FMT_GROWS || pgtable_levels(top) == FMT_MAX_LEVELS ||
	       iova >> fmt_level_shift(pgtable_levels(top) + 1) == 0;
}

/* As hardware judges an entry; a table's reachability is left to the caller. */
static inline enum libiommu_pgtable_entry classify(const struct libiommu_pgtable *pt,
						   unsigned int level, uint64_t entry)
{
	unsigned int shift;
	bool leaf;

	if (!is_present(entry))
		return LIBIOMMU_PGTABLE_EMPTY;
	leaf = fmt_is_leaf(level, entry);
	if (pgtable_unlikely((entry & pt->reserved) || fmt_reserved(level, entry, leaf)))
		return LIBIOMMU_PGTABLE_BROKEN;
	if (!leaf)
		return level > 1 ? LIBIOMMU_PGTABLE_TABLE : LIBIOMMU_PGTABLE_BROKEN;
	shift = FMT_HINTS ? fmt_level_shift(level) : fmt_leaf_shift(level, entry);
	if (pgtable_likely(pt->leaf_sizes >> shift & 1))
		return LIBIOMMU_PGTABLE_LEAF;
	return LIBIOMMU_PGTABLE_BROKEN;
}

/* Where the table is that an entry points to. `identity` is a constant at every call. */
static inline __attribute__((always_inline)) uint64_t *table_of(const struct libiommu_pgtable *pt,
								uint64_t entry, bool identity)
{
	if (identity)
		return (uint64_t *)(uintptr_t)fmt_table_phys(entry);
	return pt->memory.virt(pt->memory.data, fmt_table_phys(entry), FMT_TABLE_BYTES);
}

static inline uint64_t *below(const struct libiommu_pgtable *pt, uint64_t entry)
{
	return table_of(pt, entry, pt->identity);
}

/*
 * Does an entry that skips levels lead to a table for this address? In the bits
 * that the skipped levels would have resolved it must have nothing.
 */
static inline bool leads_to(unsigned int level, uint64_t entry, uint64_t iova)
{
	return !FMT_SKIPS ||
	       (iova & span_mask(level) & ~span_mask(fmt_level_below(level, entry) + 1)) == 0;
}

/*
 * The table that an entry leads to from an address on, or NULL. *last is where a
 * caller stops; it moves down to where the table ends.
 */
static inline uint64_t *table_from(const struct libiommu_pgtable *pt, unsigned int level,
				   uint64_t entry, uint64_t iova, unsigned int *lower,
				   uint64_t *last)
{
	uint64_t reach;

	*lower = fmt_level_below(level, entry);
	if (FMT_SKIPS && (*lower >= level || !leads_to(level, entry, iova)))
		return NULL;
	reach = iova | span_mask(*lower + 1);
	if (reach < *last)
		*last = reach;
	return below(pt, entry);
}

/* One level of a lookup: the next table, or NULL where it ends. */
static inline __attribute__((always_inline)) uint64_t *step_down(const struct libiommu_pgtable *pt,
								 uint64_t *table,
								 unsigned int level, uint64_t iova,
								 struct pgtable_place *place,
								 bool identity)
{
	uint64_t *next, *slot = &table[index_at(level, iova)];
	uint64_t entry = pgtable_load_acquire(slot);

	if (pgtable_likely(level > 1 && fmt_is_plain_table(level, entry)) &&
	    (identity || !(entry & pt->reserved))) {
		next = table_of(pt, entry, identity);
		if (identity || pgtable_likely(next != NULL))
			return next;
	}
	place->level = level;
	place->slot = slot;
	place->entry = entry;
	place->kind = classify(pt, level, entry);
	if (place->kind == LIBIOMMU_PGTABLE_LEAF)
		place->prot &= fmt_leaf_prot(&pt->bits, entry);
	if (level == 1 || place->kind != LIBIOMMU_PGTABLE_TABLE)
		return NULL;
	place->prot &= fmt_table_prot(entry);
	next = table_of(pt, entry, identity);
	if (!next)
		place->kind = LIBIOMMU_PGTABLE_BROKEN;
	return next;
}

/*
 * The levels are unrolled so that each has its shifts and masks as constants.
 * X(n) is one step; the formats' minimum saves the question.
 */
#define EACH_LEVEL(levels, X)                                                      \
	do {                                                                       \
		if (FMT_MAX_LEVELS >= 6 && (levels) >= 6)                          \
			X(6);                                                      \
		if (FMT_MAX_LEVELS >= 5 && (FMT_MIN_LEVELS >= 5 || (levels) >= 5)) \
			X(5);                                                      \
		if (FMT_MAX_LEVELS >= 4 && (FMT_MIN_LEVELS >= 4 || (levels) >= 4)) \
			X(4);                                                      \
		if (FMT_MAX_LEVELS >= 3 && (FMT_MIN_LEVELS >= 3 || (levels) >= 3)) \
			X(3);                                                      \
		if (FMT_MAX_LEVELS >= 2 && (FMT_MIN_LEVELS >= 2 || (levels) >= 2)) \
			X(2);                                                      \
	} while (0)

/* A lookup where an entry says of which level the next table is. */
static void descend_by_entries(const struct libiommu_pgtable *pt, uint64_t iova,
			       struct pgtable_place *place)
{
	uint64_t top = pgtable_top(pt), *table = root_of(pt, top, iova);
	unsigned int level = pgtable_levels(top);

	place->prot = PROT_RW;
	place->kind = LIBIOMMU_PGTABLE_EMPTY;
	if (!reaches(top, iova))
		return;
	for (;; level = fmt_level_below(level, place->entry)) {
		place->level = level;
		place->slot = &table[index_at(level, iova)];
		place->entry = pgtable_load_acquire(place->slot);
		place->kind = classify(pt, level, place->entry);
		if (place->kind == LIBIOMMU_PGTABLE_LEAF)
			place->prot &= fmt_leaf_prot(&pt->bits, place->entry);
		if (place->kind != LIBIOMMU_PGTABLE_TABLE)
			return;
		if (!leads_to(level, place->entry, iova)) {
			place->kind = LIBIOMMU_PGTABLE_EMPTY;
			return;
		}
		place->prot &= fmt_table_prot(place->entry);
		table = below(pt, place->entry);
		if (!table) {
			place->kind = LIBIOMMU_PGTABLE_BROKEN;
			return;
		}
	}
}

static inline __attribute__((always_inline)) void descend(const struct libiommu_pgtable *pt,
							  uint64_t iova,
							  struct pgtable_place *place,
							  bool identity)
{
	uint64_t top = pgtable_top(pt), *table = root_of(pt, top, iova);
	unsigned int levels = pgtable_levels(top);

	static_assert(LIBIOMMU_PGTABLE_MAX_LEVELS == 6, "EACH_LEVEL knows six");
	place->prot = PROT_RW;
	place->kind = LIBIOMMU_PGTABLE_EMPTY;
	if (pgtable_unlikely(!reaches(top, iova)))
		return;
#define STEP(n)                                                           \
	do {                                                              \
		table = step_down(pt, table, (n), iova, place, identity); \
		if (pgtable_unlikely(!table))                             \
			return;                                           \
	} while (0)
	EACH_LEVEL(levels, STEP);
	STEP(1);
#undef STEP
}

static __attribute__((noinline)) void descend_by_hooks(const struct libiommu_pgtable *pt,
						       uint64_t iova, struct pgtable_place *place)
{
	descend(pt, iova, place, false);
}

static inline __attribute__((always_inline)) void look_up(const struct libiommu_pgtable *pt,
							  uint64_t iova,
							  struct pgtable_place *place)
{
	if (FMT_SKIPS)
		descend_by_entries(pt, iova, place);
	else if (pgtable_likely(pt->identity))
		descend(pt, iova, place, true);
	else
		descend_by_hooks(pt, iova, place);
}

/* The first of the entries that together make the leaf of iova. */
static inline uint64_t *first_of_run(uint64_t *slot, unsigned int level, uint64_t iova,
				     unsigned int run)
{
	return slot - (index_at(level, iova) & (run - 1));
}

/* A hint at what a root has no room for joins nothing. */
static inline bool is_empty_hint(const struct libiommu_pgtable *pt, unsigned int level,
				 uint64_t entry, uint64_t iova)
{
	return FMT_HINTS &&
	       (iova | ((UINT64_C(1) << fmt_leaf_shift(level, entry)) - 1)) > pt->iova_last;
}

static inline void report_leaf(const struct libiommu_pgtable *pt, const struct pgtable_place *place,
			       uint64_t iova, struct libiommu_pgtable_leaf *leaf)
{
	uint64_t entry = place->entry;
	unsigned int i, run, shift;

	if (pgtable_unlikely(is_empty_hint(pt, place->level, entry, iova)))
		entry &= ~(uint64_t)FMT_HINTS;
	shift = fmt_leaf_shift(place->level, entry);
	run = 1u << (shift - fmt_level_shift(place->level));
	leaf->length = UINT64_C(1) << shift;
	leaf->iova = iova & ~(leaf->length - 1);
	leaf->phys = fmt_leaf_phys(place->level, entry);
	leaf->prot = place->prot;
	leaf->accessed = fmt_accessed(entry);
	leaf->dirty = fmt_dirty(entry);
	/* Hardware may mark any entry of a run. */
	for (i = 0; FMT_RUNS && run > 1 && i < run; i++) {
		entry = pgtable_load(first_of_run(place->slot, place->level, iova, run) + i);
		leaf->accessed |= fmt_accessed(entry);
		leaf->dirty |= fmt_dirty(entry);
	}
}

/* The table of level 1 that holds iova, where plain tables lead to it; else NULL. */
static __attribute__((noinline)) uint64_t *lowest_table(const struct libiommu_pgtable *pt,
							uint64_t iova)
{
	uint64_t entry, top = pgtable_top(pt), *table = root_of(pt, top, iova);
	unsigned int level;

	if (!reaches(top, iova))
		return NULL;
	for (level = pgtable_levels(top); table && level > 1; level--) {
		entry = pgtable_load_acquire(&table[index_at(level, iova)]);
		if (!fmt_is_plain_table(level, entry))
			return NULL;
		table = below(pt, entry);
	}
	return table;
}

static void op_walk(const struct libiommu_pgtable *pt, uint64_t iova,
		    struct libiommu_pgtable_walk *out)
{
	uint64_t top = pgtable_top(pt), *next, *table = pgtable_root(top);
	uint64_t phys = pgtable_root_phys(pt, top);
	struct libiommu_pgtable_step *step = out->step;
	unsigned int level = pgtable_levels(top);

	if (!reaches(top, iova))
		table = NULL;
	for (; table; level = fmt_level_below(level, step++->entry), table = next) {
		step->level = level;
		step->index = index_at(level, iova);
		if (FMT_ROOT_EXTRA && step == out->step)
			step->index = (unsigned int)(iova >> fmt_level_shift(level));
		step->table = phys;
		step->entry = pgtable_load_acquire(&table[step->index]);
		step->kind = classify(pt, level, step->entry);
		step->next = 0;
		next = NULL;
		if (step->kind == LIBIOMMU_PGTABLE_TABLE && !leads_to(level, step->entry, iova))
			step->kind = LIBIOMMU_PGTABLE_EMPTY;
		if (step->kind == LIBIOMMU_PGTABLE_EMPTY)
			continue;
		step->next = fmt_is_leaf(level, step->entry) ? fmt_leaf_phys(level, step->entry)
							     : fmt_table_phys(step->entry);
		if (step->kind != LIBIOMMU_PGTABLE_TABLE)
			continue;
		next = below(pt, step->entry);
		if (!next)
			step->kind = LIBIOMMU_PGTABLE_BROKEN;
		phys = step->next;
	}
	out->steps = (unsigned int)(step - out->step);
}

/* A search for leaves: what it may still look through, and where it has come to. */
struct search {
	const struct libiommu_pgtable *pt;
	struct libiommu_pgtable_leaf *leaf;
	size_t tables;
	uint64_t at;
};

static enum libiommu_pgtable_found search_below(struct search *s, uint64_t *table,
						unsigned int level, uint32_t prot, uint64_t iova,
						uint64_t last)
{
	struct pgtable_place place = { .level = level };
	uint64_t at = iova, end, reach, *next;
	enum libiommu_pgtable_found found;
	unsigned int lower;

	if (!s->tables) {
		s->at = iova;
		return LIBIOMMU_PGTABLE_FOUND_LATER;
	}
	s->tables--;
	for (;; at = end + 1) {
		end = at | span_mask(level);
		place.slot = &table[index_at(level, at)];
		place.entry = pgtable_load_acquire(place.slot);
		if (end >= last)
			end = last;
		place.kind = classify(s->pt, level, place.entry);
		if (place.kind == LIBIOMMU_PGTABLE_LEAF) {
			place.prot = prot & fmt_leaf_prot(&s->pt->bits, place.entry);
			report_leaf(s->pt, &place, at, s->leaf);
			return LIBIOMMU_PGTABLE_FOUND_LEAF;
		}
		next = NULL;
		reach = end;
		if (place.kind == LIBIOMMU_PGTABLE_TABLE)
			next = table_from(s->pt, level, place.entry, at, &lower, &reach);
		if (next) {
			found = search_below(s, next, lower, prot & fmt_table_prot(place.entry), at,
					     reach);
			if (found)
				return found;
		}
		if (end == last)
			return LIBIOMMU_PGTABLE_FOUND_NONE;
	}
}

/* The last address of a range that the present levels reach; the first is reached. */
static inline uint64_t clip(uint64_t top, uint64_t last)
{
	return reaches(top, last) ? last : span_mask(pgtable_levels(top) + 1);
}

static enum libiommu_pgtable_found op_scan(const struct libiommu_pgtable *pt, uint64_t *iova,
					   uint64_t last, size_t tables,
					   struct libiommu_pgtable_leaf *leaf)
{
	struct search s = { .pt = pt, .leaf = leaf, .tables = tables };
	enum libiommu_pgtable_found found;
	uint64_t end, at = *iova, top = pgtable_top(pt);

	if (!reaches(top, at))
		return LIBIOMMU_PGTABLE_FOUND_NONE;
	last = clip(top, last);
	for (;; at = end + 1) {
		end = last_of_root(pt, at);
		if (end > last)
			end = last;
		found = search_below(&s, root_of(pt, top, at), pgtable_levels(top), PROT_RW, at,
				     end);
		if (found == LIBIOMMU_PGTABLE_FOUND_LATER)
			*iova = s.at;
		if (found || end == last)
			return found;
	}
}

/* What is wrong with an entry that is present, but cannot be used. */
static enum libiommu_pgtable_fault fault_of(const struct libiommu_pgtable *pt, unsigned int level,
					    uint64_t entry)
{
	uint64_t wide = fmt_too_wide(pt->desc.phys_bits);

	/* What is no fault of the entry is one of the address in it. */
	if (classify(pt, level, entry) == LIBIOMMU_PGTABLE_TABLE)
		return LIBIOMMU_PGTABLE_FAULT_UNREACHABLE;
	if ((entry & wide) && classify(pt, level, entry & ~wide) != LIBIOMMU_PGTABLE_BROKEN)
		return LIBIOMMU_PGTABLE_FAULT_WIDTH;
	return LIBIOMMU_PGTABLE_FAULT_RESERVED;
}

static enum libiommu_pgtable_fault op_access(const struct libiommu_pgtable *pt, uint64_t iova,
					     uint32_t prot, struct libiommu_pgtable_leaf *leaf,
					     unsigned int *level)
{
	struct pgtable_place place = { .level = 0 };

	look_up(pt, iova, &place);
	*level = place.level;
	switch (place.kind) {
	case LIBIOMMU_PGTABLE_LEAF:
		report_leaf(pt, &place, iova, leaf);
		if (!(prot & ~place.prot))
			return LIBIOMMU_PGTABLE_FAULT_NONE;
		return fmt_is_unmarked(&pt->bits, place.entry, prot)
			       ? LIBIOMMU_PGTABLE_FAULT_UNMARKED
			       : LIBIOMMU_PGTABLE_FAULT_PROTECTION;
	case LIBIOMMU_PGTABLE_BROKEN:
		return fault_of(pt, place.level, place.entry);
	default:
		return place.level ? LIBIOMMU_PGTABLE_FAULT_EMPTY : LIBIOMMU_PGTABLE_FAULT_ADDRESS;
	}
}

#endif
