/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel VT-d second stage: VT-d specification 4.1, 3.7 (walk) and 9.8 (entries). */
#ifndef LIBIOMMU_LIB_PGTABLE_FMT_VTD_SS_H
#define LIBIOMMU_LIB_PGTABLE_FMT_VTD_SS_H

#include "lib/pgtable/shape.h"
#include "lib/pgtable/internal.h"

#define FMT_OPS          libiommu_pgtable_vtd_ss
#define FMT_NAME         "vtd-ss"
#define FMT_MIN_LEVELS   3
#define FMT_MAX_LEVELS   5
#define FMT_USUAL_LEVELS 4
#define FMT_PHYS_BITS    52
#define FMT_READ_ONLY    true
#define FMT_WRITE_ONLY   true
#define FMT_DIRTY        true

#define VTD_SS_R     (UINT64_C(1) << 0)
#define VTD_SS_W     (UINT64_C(1) << 1)
#define VTD_SS_PS    (UINT64_C(1) << 7)
#define VTD_SS_A     (UINT64_C(1) << 8)
#define VTD_SS_D     (UINT64_C(1) << 9)
#define VTD_SS_SNP   (UINT64_C(1) << 11) /* leaves only */
#define VTD_SS_OA    UINT64_C(0x000ffffffffff000)
#define VTD_SS_BIT62 (UINT64_C(1) << 62) /* reserved since transient mappings are gone */

/* There is no present bit: an entry that allows nothing is not there. */
#define FMT_PRESENT (VTD_SS_R | VTD_SS_W)

static inline uint64_t fmt_iova_last(unsigned int levels)
{
	return (UINT64_C(1) << fmt_level_shift(levels + 1)) - 1;
}

/* A table that allows everything and has nothing odd: what edits make. */
static inline bool fmt_is_plain_table(uint64_t entry)
{
	return (entry & (VTD_SS_R | VTD_SS_W | VTD_SS_PS | VTD_SS_SNP | VTD_SS_BIT62)) ==
	       (VTD_SS_R | VTD_SS_W);
}

static inline bool fmt_is_leaf(unsigned int level, uint64_t entry)
{
	return level == 1 || (entry & VTD_SS_PS);
}

/* log2 of the bytes of the leaf that this entry belongs to. */
static inline unsigned int fmt_leaf_shift(unsigned int level, uint64_t entry)
{
	(void)entry;
	return fmt_level_shift(level);
}

static inline uint64_t fmt_leaf_phys(unsigned int level, uint64_t entry)
{
	return entry & VTD_SS_OA & ~((UINT64_C(1) << fmt_level_shift(level)) - 1);
}

static inline uint64_t fmt_table_phys(uint64_t entry)
{
	return entry & VTD_SS_OA;
}

/* Does a present entry carry bits that must be zero? */
static inline bool fmt_reserved(unsigned int level, uint64_t entry, bool leaf)
{
	uint64_t low = ((UINT64_C(1) << fmt_level_shift(level)) - 1) & VTD_SS_OA;

	return entry & (VTD_SS_BIT62 | (leaf ? low : VTD_SS_SNP));
}

static inline uint64_t fmt_leaf(unsigned int level, unsigned int shift, uint64_t phys,
				uint32_t prot)
{
	(void)shift;
	return phys | (level > 1 ? VTD_SS_PS : 0) | (prot & LIBIOMMU_PROT_READ ? VTD_SS_R : 0) |
	       (prot & LIBIOMMU_PROT_WRITE ? VTD_SS_W : 0);
}

static inline uint64_t fmt_table(uint64_t phys)
{
	return phys | VTD_SS_R | VTD_SS_W;
}

static inline uint32_t fmt_prot(uint64_t entry)
{
	static_assert(VTD_SS_R == LIBIOMMU_PROT_READ && VTD_SS_W == LIBIOMMU_PROT_WRITE,
		      "the bits are those of the interface");
	return entry & (VTD_SS_R | VTD_SS_W);
}

static inline bool fmt_accessed(uint64_t entry)
{
	return entry & VTD_SS_A;
}

static inline bool fmt_dirty(uint64_t entry)
{
	return entry & VTD_SS_D;
}

static inline uint64_t fmt_marks(bool write)
{
	return VTD_SS_A | (write ? VTD_SS_D : 0);
}

#endif
