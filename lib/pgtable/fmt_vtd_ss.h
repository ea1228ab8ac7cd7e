/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel VT-d second stage: VT-d specification 4.1, 3.7 (walk) and 9.8 (entries). */
#ifndef LIBIOMMU_LIB_PGTABLE_FMT_VTD_SS_H
#define LIBIOMMU_LIB_PGTABLE_FMT_VTD_SS_H

#include "lib/pgtable/internal.h"
#include "lib/pgtable/shape.h"

#define FMT_OPS          libiommu_pgtable_vtd_ss
#define FMT_NAME         "vtd-ss"
#define FMT_MIN_LEVELS   3
#define FMT_MAX_LEVELS   5
#define FMT_USUAL_LEVELS 4
#define FMT_PHYS_BITS    52
#define FMT_READ_ONLY    true
#define FMT_WRITE_ONLY   true
#define FMT_DIRTY        true
#define FMT_PAGE_SET     0
#define FMT_PAGE_CLEAR   VTD_SS_BIT62
#define FMT_ACCESSED_BIT VTD_SS_A
#define FMT_DIRTY_BIT    VTD_SS_D
#define FMT_MARKED_SET   (VTD_SS_A | VTD_SS_D)
#define FMT_MARKED_CLEAR 0

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

static inline unsigned int fmt_iova_bits(unsigned int levels)
{
	return fmt_level_shift(levels + 1);
}

static inline bool fmt_attributes(const struct libiommu_pgtable_options *opts,
				  struct pgtable_bits *bits)
{
	uint64_t always = opts->attributes & LIBIOMMU_PGTABLE_VTD_SNOOP ? VTD_SS_SNP : 0;

	bits->leaf[LIBIOMMU_PROT_READ] = always | VTD_SS_R;
	bits->leaf[LIBIOMMU_PROT_WRITE] = always | VTD_SS_W;
	bits->leaf[PROT_RW] = always | VTD_SS_R | VTD_SS_W;
	bits->table = VTD_SS_R | VTD_SS_W;
	return !(opts->attributes & ~LIBIOMMU_PGTABLE_VTD_SNOOP);
}

/* Bits of entries that are for addresses of more than `phys_bits`. */
static inline uint64_t fmt_too_wide(unsigned int phys_bits)
{
	return VTD_SS_OA & ~((UINT64_C(1) << phys_bits) - 1);
}

/* A table that allows everything and has nothing odd: what edits make. */
static inline bool fmt_is_plain_table(unsigned int level, uint64_t entry)
{
	(void)level;
	return pgtable_has(entry, VTD_SS_R | VTD_SS_W | VTD_SS_PS | VTD_SS_SNP | VTD_SS_BIT62,
			   VTD_SS_R | VTD_SS_W);
}

static inline bool fmt_is_leaf(unsigned int level, uint64_t entry)
{
	return level == 1 || (entry & VTD_SS_PS);
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
				uint64_t bits)
{
	(void)shift;
	return phys | bits | (level > 1 ? VTD_SS_PS : 0);
}

/* What the entries of neighbouring leaves differ by. */
static inline uint64_t fmt_step(unsigned int shift)
{
	return UINT64_C(1) << shift;
}

static inline uint64_t fmt_table(unsigned int level, uint64_t phys, uint64_t bits)
{
	(void)level;
	return phys | bits;
}

static inline uint32_t fmt_leaf_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	(void)bits;
	static_assert(VTD_SS_R == LIBIOMMU_PROT_READ && VTD_SS_W == LIBIOMMU_PROT_WRITE,
		      "the bits are those of the interface");
	return entry & (VTD_SS_R | VTD_SS_W);
}

static inline uint32_t fmt_table_prot(uint64_t entry)
{
	return fmt_leaf_prot(NULL, entry);
}

static inline bool fmt_accessed(uint64_t entry)
{
	return entry & VTD_SS_A;
}

static inline bool fmt_dirty(uint64_t entry)
{
	return entry & VTD_SS_D;
}

static inline uint64_t fmt_mark(uint64_t entry, bool write)
{
	return entry | VTD_SS_A | (write ? VTD_SS_D : 0);
}

static inline uint64_t fmt_unmark(uint64_t entry, bool dirty)
{
	return entry & ~(dirty ? VTD_SS_D : VTD_SS_A);
}

/* Context entry: AW in bits 2:0 of the upper half; PASID entry: bits 4:2 of the first word. */
static inline void fmt_hardware(const struct libiommu_pgtable_desc *desc,
				struct libiommu_pgtable_hardware *out)
{
	(void)desc;
	out->pointer = out->root;
	out->control = out->levels - 2;
}

#endif
