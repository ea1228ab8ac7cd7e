/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One page of the smallest size, or one lookup, in process memory, with all
 * tables there: by far the most frequent case. Whatever is odd is left to the
 * functions that know everything. Written once and compiled for each format, and
 * for each number of levels: these are constants here. Not a header for others.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_PAGE_H
#define LIBIOMMU_LIB_PGTABLE_PAGE_H

/* Is it a table of so many levels, which reach an address? Only one that grows may not be. */
static inline bool begins_with(uint64_t top, unsigned int levels, uint64_t iova)
{
	return !FMT_GROWS || (pgtable_levels(top) == levels && reaches(top, iova));
}

/* Where the root has the entry of an address that it reaches; tables of a root lie side by side. */
static inline uint64_t *slot_in_root(uint64_t top, unsigned int levels, uint64_t iova)
{
	return (uint64_t *)(uintptr_t)(top - levels) + (iova >> fmt_level_shift(levels));
}

/* X(n) for each level above the lowest, downward; `levels` is a constant. */
#define EACH_UPPER(levels, X)      \
	do {                       \
		if ((levels) >= 6) \
			X(6);      \
		if ((levels) >= 5) \
			X(5);      \
		if ((levels) >= 4) \
			X(4);      \
		if ((levels) >= 3) \
			X(3);      \
		if ((levels) >= 2) \
			X(2);      \
	} while (0)

/* The entry of the smallest page at an address, where plain tables lead to it; else NULL. */
static inline __attribute__((always_inline)) uint64_t *slot_of_page(
	const struct libiommu_pgtable *pt, uint64_t iova, unsigned int levels)
{
	uint64_t entry, top = pgtable_top(pt), *slot;

	static_assert(LIBIOMMU_PGTABLE_MAX_LEVELS == 6, "EACH_UPPER knows six");
	if (pgtable_unlikely(!begins_with(top, levels, iova)))
		return NULL;
	slot = slot_in_root(top, levels, iova);
#define STEP(n)                                                           \
	do {                                                              \
		entry = pgtable_load_acquire(slot);                       \
		if (pgtable_unlikely(!fmt_is_plain_table((n), entry)))    \
			return NULL;                                      \
		slot = table_of(pt, entry, true) + index_at((n)-1, iova); \
	} while (0)
	EACH_UPPER(levels, STEP);
#undef STEP
	if (!slot)
		__builtin_unreachable(); /* a table's entry has its address */
	return slot;
}

static inline __attribute__((always_inline)) int map_page(
	struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length, uint32_t prot,
	struct libiommu_pgtable_gather *gather, struct libiommu_error **err, unsigned int levels)
{
	const uint64_t page = span_mask(1) + 1;
	uint64_t *slot, bits;

	if (pgtable_unlikely(length != page))
		return libiommu_pgtable_map_any(pt, iova, phys, length, prot, gather, err);
	if (pgtable_unlikely(prot > PROT_RW || ((iova & pt->not_iova) | (phys & pt->not_phys))))
		goto otherwise;
	slot = slot_of_page(pt, iova, levels);
	if (pgtable_unlikely(!slot))
		goto otherwise;
	bits = pt->bits.leaf[prot];
	if (pgtable_unlikely(!bits || is_present(pgtable_load(slot))))
		goto otherwise;
	pgtable_store(slot, fmt_leaf(1, fmt_level_shift(1), phys, bits));
	return 0;
otherwise:
	return libiommu_pgtable_map_any(pt, iova, phys, page, prot, gather, err);
}

static inline __attribute__((always_inline)) int unmap_page(
	struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, uint64_t *removed,
	struct libiommu_pgtable_gather *gather, struct libiommu_error **err, unsigned int levels)
{
	uint64_t *slot, entry;

	if (pgtable_unlikely(length != span_mask(1) + 1 || (iova & pt->not_iova)))
		goto otherwise;
	slot = slot_of_page(pt, iova, levels);
	if (pgtable_unlikely(!slot))
		goto otherwise;
	entry = pgtable_load(slot);
	if (pgtable_unlikely(!is_present(entry) || !fmt_is_single(1, entry)))
		goto otherwise;
	pgtable_store(slot, 0);
	changed(gather, 1, iova, iova | span_mask(1));
	if (removed)
		*removed = span_mask(1) + 1;
	return 0;
otherwise:
	return libiommu_pgtable_unmap_any(pt, iova, length, removed, gather, err);
}

#ifndef FMT_OWN_PLAIN_LEAF
/* Is it a leaf of its level's own size, above the lowest, that has nothing odd? */
static inline bool fmt_is_plain_leaf(unsigned int level, uint64_t entry)
{
	return is_present(entry) && fmt_is_leaf(level, entry) && fmt_is_single(level, entry) &&
	       !fmt_reserved(level, entry, true);
}
#endif

#ifndef FMT_OWN_PAGE_PROT
static inline uint32_t fmt_page_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	return fmt_leaf_prot(bits, entry);
}
#endif

/* The same of all levels, and with regard to what the hardware supports. */
static inline bool is_plain_leaf(const struct libiommu_pgtable *pt, unsigned int level,
				 uint64_t entry)
{
	if (level == 1)
		return pgtable_has(entry, pt->page_mask, pt->page_set) &&
		       ((FMT_PAGE_SET & FMT_PRESENT) || is_present(entry));
	return fmt_is_plain_leaf(level, entry) && !(entry & pt->reserved) &&
	       (pt->leaf_sizes >> fmt_level_shift(level) & 1);
}

/* A lookup in any table of the format. */
static bool op_translate(const struct libiommu_pgtable *pt, uint64_t iova,
			 struct libiommu_pgtable_leaf *leaf)
{
	struct pgtable_place place;

	if (iova > pt->iova_last)
		return false;
	look_up(pt, iova, &place);
	if (place.kind != LIBIOMMU_PGTABLE_LEAF)
		return false;
	report_leaf(pt, &place, iova, leaf);
	return true;
}

/* Something about this entry is not plain; mostly, that there is nothing. */
static __attribute__((noinline)) bool translate_odd(const struct libiommu_pgtable *pt,
						    uint64_t iova,
						    struct libiommu_pgtable_leaf *leaf,
						    uint64_t entry)
{
	return is_present(entry) && op_translate(pt, iova, leaf);
}

/* The walk has come to this entry by plain tables; `level` is a constant. */
static inline __attribute__((always_inline)) bool translate_here(const struct libiommu_pgtable *pt,
								 unsigned int level, uint64_t entry,
								 uint64_t iova,
								 struct libiommu_pgtable_leaf *leaf)
{
	if (pgtable_unlikely(!is_plain_leaf(pt, level, entry)))
		return translate_odd(pt, iova, leaf, entry);
	leaf->length = span_mask(level) + 1;
	leaf->iova = iova & ~span_mask(level);
	/* Of a page the address is where that of a table is. */
	leaf->phys = level == 1 ? fmt_table_phys(entry) : fmt_leaf_phys(level, entry);
	leaf->prot = level == 1 ? fmt_page_prot(&pt->bits, entry) : fmt_leaf_prot(&pt->bits, entry);
	leaf->accessed = fmt_accessed(entry);
	leaf->dirty = fmt_dirty(entry);
	return true;
}

static inline __attribute__((always_inline)) bool translate_page(const struct libiommu_pgtable *pt,
								 uint64_t iova,
								 struct libiommu_pgtable_leaf *leaf,
								 unsigned int levels)
{
	uint64_t entry, top = pgtable_top(pt), *slot;

	if (pgtable_unlikely(iova > pt->iova_last))
		return false;
	if (pgtable_unlikely(!begins_with(top, levels, iova)))
		return op_translate(pt, iova, leaf);
	slot = slot_in_root(top, levels, iova);
#define STEP(n)                                                            \
	do {                                                               \
		entry = pgtable_load_acquire(slot);                        \
		if (pgtable_unlikely(!fmt_is_plain_table((n), entry)))     \
			return translate_here(pt, (n), entry, iova, leaf); \
		slot = table_of(pt, entry, true) + index_at((n)-1, iova);  \
	} while (0)
	EACH_UPPER(levels, STEP);
#undef STEP
	return translate_here(pt, 1, pgtable_load(slot), iova, leaf);
}

static __attribute__((noinline)) bool mark_odd(struct libiommu_pgtable *pt, uint64_t iova,
					       bool write)
{
	struct pgtable_place place;
	uint64_t marked;

	for (;;) {
		look_up(pt, iova, &place);
		if (place.kind != LIBIOMMU_PGTABLE_LEAF)
			return false;
		marked = fmt_mark(place.entry, write);
		if (marked == place.entry ||
		    __atomic_compare_exchange_n(place.slot, &place.entry, marked, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	}
}

/*
 * Not a plain OR: between the look and the mark the entry may be removed, or
 * become the link of a list of waiting tables, and must stay untouched then.
 */
static bool op_mark(struct libiommu_pgtable *pt, uint64_t iova, bool write)
{
	uint64_t entry, marked, *slot = NULL;

	if (pgtable_likely(pt->identity && pgtable_levels(pgtable_top(pt)) == FMT_USUAL_LEVELS))
		slot = slot_of_page(pt, iova, FMT_USUAL_LEVELS);
	if (pgtable_unlikely(!slot))
		return mark_odd(pt, iova, write);
	entry = pgtable_load(slot);
	if (pgtable_unlikely(!is_plain_leaf(pt, 1, entry)))
		return mark_odd(pt, iova, write);
	marked = fmt_mark(entry, write);
	return marked == entry ||
	       __atomic_compare_exchange_n(slot, &entry, marked, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED) ||
	       mark_odd(pt, iova, write);
}

#define PAGE_FUNCTIONS(n)                                                                      \
	static int map_page_##n(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys,     \
				uint64_t length, uint32_t prot,                                \
				struct libiommu_pgtable_gather *gather,                        \
				struct libiommu_error **err)                                   \
	{                                                                                      \
		return map_page(pt, iova, phys, length, prot, gather, err, n);                 \
	}                                                                                      \
	static int unmap_page_##n(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, \
				  uint64_t *removed, struct libiommu_pgtable_gather *gather,   \
				  struct libiommu_error **err)                                 \
	{                                                                                      \
		return unmap_page(pt, iova, length, removed, gather, err, n);                  \
	}                                                                                      \
	static bool translate_page_##n(const struct libiommu_pgtable *pt, uint64_t iova,       \
				       struct libiommu_pgtable_leaf *leaf)                     \
	{                                                                                      \
		return translate_page(pt, iova, leaf, n);                                      \
	}

#define PAGE_SLOTS(n)                                            \
	{                                                        \
		map_page_##n, unmap_page_##n, translate_page_##n \
	}

#define HAS_LEVELS(n) ((n) >= FMT_MIN_LEVELS && (n) <= FMT_MAX_LEVELS)

#if HAS_LEVELS(2)
PAGE_FUNCTIONS(2)
#endif
#if HAS_LEVELS(3)
PAGE_FUNCTIONS(3)
#endif
#if HAS_LEVELS(4)
PAGE_FUNCTIONS(4)
#endif
#if HAS_LEVELS(5)
PAGE_FUNCTIONS(5)
#endif
#if HAS_LEVELS(6)
PAGE_FUNCTIONS(6)
#endif

static const struct pgtable_page_ops page_ops[LIBIOMMU_PGTABLE_MAX_LEVELS + 1] = {
#if HAS_LEVELS(2)
	[2] = PAGE_SLOTS(2),
#endif
#if HAS_LEVELS(3)
	[3] = PAGE_SLOTS(3),
#endif
#if HAS_LEVELS(4)
	[4] = PAGE_SLOTS(4),
#endif
#if HAS_LEVELS(5)
	[5] = PAGE_SLOTS(5),
#endif
#if HAS_LEVELS(6)
	[6] = PAGE_SLOTS(6),
#endif
};

#endif
