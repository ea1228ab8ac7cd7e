/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD I/O page tables, host format: AMD I/O Virtualization Technology
 * specification 3.10, 2.2.3. With AMDV1_GRANULE 11 the variant of the kernel's
 * test device: the same entries for pages of 2 KiB.
 *
 * An entry may skip levels. Lookups follow it, because hardware does; edits make
 * none, and neither does the kernel.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_FMT_AMDV1_H
#define LIBIOMMU_LIB_PGTABLE_FMT_AMDV1_H

#define FMT_GRANULE        AMDV1_GRANULE
#define FMT_MIN_LEVELS     1
#define FMT_MAX_LEVELS     (AMDV1_GRANULE == 12 ? 6 : 5)
#define FMT_USUAL_LEVELS   3
#define FMT_PHYS_BITS      (40 + AMDV1_GRANULE)
#define FMT_READ_ONLY      true
#define FMT_WRITE_ONLY     true
#define FMT_DIRTY          true
#define FMT_PAGE_SET       AMDV1_PR
#define FMT_PAGE_CLEAR     AMDV1_NL
#define FMT_ACCESSED_BIT   AMDV1_U
#define FMT_DIRTY_BIT      AMDV1_D
#define FMT_MARKED_SET     (AMDV1_PR | AMDV1_U | AMDV1_D)
#define FMT_MARKED_CLEAR   AMDV1_NL
#define FMT_RUNS           1
#define FMT_GROWS          1
#define FMT_SKIPS          1
#define FMT_OWN_LEAF_SIZES 1

#include "lib/pgtable/internal.h"
#include "lib/pgtable/shape.h"

#define AMDV1_PR        (UINT64_C(1) << 0)
#define AMDV1_U         (UINT64_C(1) << 5) /* accessed */
#define AMDV1_D         (UINT64_C(1) << 6)
#define AMDV1_NL        (UINT64_C(7) << 9)
#define AMDV1_NL_SHIFT  9
#define AMDV1_NL_SIZED  (UINT64_C(7) << 9) /* a leaf whose size the address tells */
#define AMDV1_OA        UINT64_C(0x000ffffffffff000)
#define AMDV1_OA_SHIFT  12
#define AMDV1_FC        (UINT64_C(1) << 60)
#define AMDV1_IR        (UINT64_C(1) << 61)
#define AMDV1_IW        (UINT64_C(1) << 62)
#define AMDV1_LEAF_MAX  51                  /* log2 of the largest leaf */
#define AMDV1_LEAF_HOLE (UINT64_C(1) << 39) /* 512 GiB, which hardware gets wrong */

#define FMT_PRESENT AMDV1_PR

static inline unsigned int fmt_iova_bits(unsigned int levels)
{
	return levels == 6 ? 64 : FMT_GRANULE + FMT_INDEX_BITS * levels;
}

/* Every power of two. The sizes of a level are those that take less than a table of it. */
static inline uint64_t fmt_leaf_sizes(unsigned int level)
{
	unsigned int first = fmt_level_shift(level), last = first + FMT_INDEX_BITS - 1;

	if (last > AMDV1_LEAF_MAX)
		last = AMDV1_LEAF_MAX;
	if (first > last)
		return 0;
	return ((UINT64_C(2) << last) - (UINT64_C(1) << first)) & ~AMDV1_LEAF_HOLE;
}

static inline bool fmt_attributes(const struct libiommu_pgtable_options *opts,
				  struct pgtable_bits *bits)
{
	uint64_t always = AMDV1_PR;

	if (!(opts->attributes & LIBIOMMU_PGTABLE_AMD_NOT_COHERENT))
		always |= AMDV1_FC;
	bits->leaf[LIBIOMMU_PROT_READ] = always | AMDV1_IR;
	bits->leaf[LIBIOMMU_PROT_WRITE] = always | AMDV1_IW;
	bits->leaf[PROT_RW] = always | AMDV1_IR | AMDV1_IW;
	bits->table = AMDV1_PR | AMDV1_IR | AMDV1_IW;
	return !(opts->attributes & ~LIBIOMMU_PGTABLE_AMD_NOT_COHERENT);
}

/* Bits of entries that are for addresses of more than `phys_bits`. */
static inline uint64_t fmt_too_wide(unsigned int phys_bits)
{
	return AMDV1_OA & ~((UINT64_C(1) << (phys_bits - FMT_GRANULE + AMDV1_OA_SHIFT)) - 1);
}

static inline uint64_t fmt_next_level(unsigned int level)
{
	return (uint64_t)level << AMDV1_NL_SHIFT;
}

/* The level of the table that an entry leads to. */
static inline unsigned int fmt_level_below(unsigned int level, uint64_t entry)
{
	(void)level;
	return (unsigned int)((entry & AMDV1_NL) >> AMDV1_NL_SHIFT);
}

/* A table that allows everything and has nothing odd: what edits make. */
static inline bool fmt_is_plain_table(unsigned int level, uint64_t entry)
{
	return pgtable_has(entry, AMDV1_PR | AMDV1_NL | AMDV1_IR | AMDV1_IW,
			   AMDV1_PR | AMDV1_IR | AMDV1_IW | fmt_next_level(level - 1));
}

static inline bool fmt_is_leaf(unsigned int level, uint64_t entry)
{
	(void)level;
	return !(entry & AMDV1_NL) || (entry & AMDV1_NL) == AMDV1_NL_SIZED;
}

/* The address in smallest pages, and with it the size of a sized leaf. */
static inline uint64_t fmt_pages(uint64_t entry)
{
	return (entry & AMDV1_OA) >> AMDV1_OA_SHIFT;
}

/* Is a leaf one entry? */
static inline bool fmt_is_single(unsigned int level, uint64_t entry)
{
	(void)level;
	return !(entry & AMDV1_NL);
}

/* log2 of the bytes of the leaf that this entry belongs to. */
static inline unsigned int fmt_leaf_shift(unsigned int level, uint64_t entry)
{
	if (!(entry & AMDV1_NL))
		return fmt_level_shift(level);
	return FMT_GRANULE + 1 + (unsigned int)__builtin_ctzll(~fmt_pages(entry));
}

static inline uint64_t fmt_leaf_phys(unsigned int level, uint64_t entry)
{
	uint64_t mask = (UINT64_C(1) << fmt_leaf_shift(level, entry)) - 1;

	return fmt_pages(entry) << FMT_GRANULE & ~mask;
}

static inline uint64_t fmt_table_phys(uint64_t entry)
{
	return fmt_pages(entry) << FMT_GRANULE;
}

/* Is a present entry one that must not be? */
static inline bool fmt_reserved(unsigned int level, uint64_t entry, bool leaf)
{
	if (!leaf)
		return fmt_level_below(level, entry) >= level;
	return !(fmt_leaf_sizes(level) >> fmt_leaf_shift(level, entry) & 1);
}

static inline uint64_t fmt_leaf(unsigned int level, unsigned int shift, uint64_t phys,
				uint64_t bits)
{
	uint64_t pages = phys >> FMT_GRANULE;

	if (shift != fmt_level_shift(level)) {
		pages |= (UINT64_C(1) << (shift - FMT_GRANULE - 1)) - 1;
		bits |= AMDV1_NL_SIZED;
	}
	return pages << AMDV1_OA_SHIFT | bits;
}

/* What the entries of neighbouring leaves differ by. */
static inline uint64_t fmt_step(unsigned int shift)
{
	return UINT64_C(1) << (shift - FMT_GRANULE + AMDV1_OA_SHIFT);
}

static inline uint64_t fmt_table(unsigned int level, uint64_t phys, uint64_t bits)
{
	return phys >> FMT_GRANULE << AMDV1_OA_SHIFT | bits | fmt_next_level(level - 1);
}

static inline uint32_t fmt_leaf_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	(void)bits;
	static_assert(LIBIOMMU_PROT_READ == 1 && LIBIOMMU_PROT_WRITE == 2,
		      "in the order of IR, IW");
	return entry >> 61 & PROT_RW;
}

static inline uint32_t fmt_table_prot(uint64_t entry)
{
	return fmt_leaf_prot(NULL, entry);
}

static inline bool fmt_accessed(uint64_t entry)
{
	return entry & AMDV1_U;
}

static inline bool fmt_dirty(uint64_t entry)
{
	return entry & AMDV1_D;
}

static inline uint64_t fmt_mark(uint64_t entry, bool write)
{
	return entry | AMDV1_U | (write ? AMDV1_D : 0);
}

static inline uint64_t fmt_unmark(uint64_t entry, bool dirty)
{
	return entry & ~(dirty ? AMDV1_D : AMDV1_U);
}

/* Device table entry, first word: mode in bits 11:9. */
static inline void fmt_hardware(const struct libiommu_pgtable_desc *desc,
				struct libiommu_pgtable_hardware *out)
{
	(void)desc;
	out->pointer = out->root | fmt_next_level(out->levels);
	out->control = out->levels;
}

#endif
