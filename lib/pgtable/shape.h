/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a format need not say when it is like most: tables of 512 entries, the
 * smallest pages of 4 KiB, leaves in the three lowest levels, every leaf one
 * entry, a root of one table. Included by fmt_*.h behind its own FMT_* macros.
 *
 * Most entries are plain and are known by a few bits. Each format says which:
 * FMT_PAGE_SET and FMT_PAGE_CLEAR are set and clear in a leaf of one smallest page
 * that has nothing odd, FMT_MARKED_SET and FMT_MARKED_CLEAR in a leaf of one entry
 * that is accessed and dirty. FMT_ACCESSED_BIT and FMT_DIRTY_BIT are what hardware
 * turns over to say so.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_SHAPE_H
#define LIBIOMMU_LIB_PGTABLE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#ifndef FMT_GRANULE
#define FMT_GRANULE 12 /* log2 of the smallest page */
#endif
#ifndef FMT_INDEX_BITS
#define FMT_INDEX_BITS 9 /* address bits that one table resolves */
#endif
#ifndef FMT_RUNS
#define FMT_RUNS 0 /* can a leaf take several equal entries? */
#endif
#ifndef FMT_GROWS
#define FMT_GROWS 0 /* are levels added when addresses need them? */
#endif
#ifndef FMT_ROOT_EXTRA
#define FMT_ROOT_EXTRA 0 /* address bits that a root can resolve beyond those of a table */
#endif

#ifndef FMT_HINTS
#define FMT_HINTS 0 /* the bit by which entries, each with its own address, make one leaf */
#endif
#ifndef FMT_SPLIT_BIT
#define FMT_SPLIT_BIT 0 /* from here on upward, an address's bits lie elsewhere in an entry */
#endif
#ifndef FMT_USUAL_IOVA_BITS
#define FMT_USUAL_IOVA_BITS 0 /* all that the usual levels reach */
#endif
#ifndef FMT_IOVA_IN_PHYS
#define FMT_IOVA_IN_PHYS 0 /* must addresses be no wider than physical ones? */
#endif
#ifndef FMT_WIDE_SIZES
#define FMT_WIDE_SIZES 0 /* leaf sizes that come with the widest physical addresses */
#endif
#ifndef FMT_PAGE_SEEN
#define FMT_PAGE_SEEN 0 /* the bit without which hardware that does not set it faults */
#endif
#ifndef FMT_SKIPS
#define FMT_SKIPS 0 /* can an entry lead to a table that is not the next lower one? */
#endif
#ifndef FMT_CLEAR_IS_DIRTY
#define FMT_CLEAR_IS_DIRTY \
	0 /* the bit that is clear where a leaf is dirty; else a set one says so */
#endif

#define FMT_ENTRIES     (1u << FMT_INDEX_BITS)
#define FMT_TABLE_BYTES (8u * FMT_ENTRIES)

/* log2 of the bytes that one entry of a level spans. */
static inline unsigned int fmt_level_shift(unsigned int level)
{
	return FMT_GRANULE + FMT_INDEX_BITS * (level - 1);
}

#ifndef FMT_OWN_LEAF_SIZES
/* Bit n: a leaf of 2^n bytes can lie in a table of this level. */
static inline uint64_t fmt_leaf_sizes(unsigned int level)
{
	return level <= 3 ? UINT64_C(1) << fmt_level_shift(level) : 0;
}
#endif

#ifndef FMT_OWN_ROOT
/* log2 of the root's entries, when so many address bits are wanted of so many levels. */
static inline unsigned int fmt_root_bits(unsigned int levels, unsigned int iova_bits)
{
	(void)levels;
	(void)iova_bits;
	return FMT_INDEX_BITS + FMT_ROOT_EXTRA;
}
#endif

#ifndef FMT_OWN_LEVELS
/* Would hardware walk so many levels for addresses of these widths? */
static inline bool fmt_levels_fit(unsigned int levels, unsigned int iova_bits,
				  unsigned int phys_bits)
{
	(void)levels;
	(void)phys_bits;
	return iova_bits > FMT_GRANULE;
}
#endif

#ifndef FMT_OWN_TRACKED
static inline bool fmt_tracked(const struct libiommu_pgtable_options *opts)
{
	(void)opts;
	return true;
}

/* Is a missing mark what forbids an access? */
static inline bool fmt_is_unmarked(const struct pgtable_bits *bits, uint64_t entry, uint32_t prot)
{
	(void)bits;
	(void)entry;
	(void)prot;
	return false;
}
#endif

#if !FMT_SKIPS
/* The level of the table that an entry of a level leads to. */
static inline unsigned int fmt_level_below(unsigned int level, uint64_t entry)
{
	(void)entry;
	return level - 1;
}
#endif

#if !FMT_RUNS
/* Is a leaf one entry? */
static inline bool fmt_is_single(unsigned int level, uint64_t entry)
{
	(void)level;
	(void)entry;
	return true;
}

/* log2 of the bytes of the leaf that this entry belongs to. */
static inline unsigned int fmt_leaf_shift(unsigned int level, uint64_t entry)
{
	(void)entry;
	return fmt_level_shift(level);
}
#endif

#endif
