/* SPDX-License-Identifier: BSD-2-Clause */
/* x86-64 long mode: Intel SDM volume 3A, "Paging"; also VT-d first stage (9.7) and AMD v2. */
#ifndef LIBIOMMU_LIB_PGTABLE_FMT_X86_64_H
#define LIBIOMMU_LIB_PGTABLE_FMT_X86_64_H

#include "lib/pgtable/internal.h"
#include "lib/pgtable/shape.h"

#define FMT_OPS           libiommu_pgtable_x86_64
#define FMT_NAME          "x86-64"
#define FMT_MIN_LEVELS    4
#define FMT_MAX_LEVELS    5
#define FMT_USUAL_LEVELS  4
#define FMT_PHYS_BITS     52
#define FMT_READ_ONLY     true
#define FMT_WRITE_ONLY    false
#define FMT_DIRTY         true
#define FMT_PAGE_SET      (X86_P | X86_US)
#define FMT_PAGE_CLEAR    0
#define FMT_OWN_PAGE_PROT 1
#define FMT_ACCESSED_BIT  X86_A
#define FMT_DIRTY_BIT     X86_D
#define FMT_MARKED_SET    (X86_P | X86_A | X86_D)
#define FMT_MARKED_CLEAR  0

#define X86_P   (UINT64_C(1) << 0)
#define X86_RW  (UINT64_C(1) << 1)
#define X86_US  (UINT64_C(1) << 2)
#define X86_A   (UINT64_C(1) << 5)
#define X86_D   (UINT64_C(1) << 6)
#define X86_PS  (UINT64_C(1) << 7)
#define X86_PAT (UINT64_C(1) << 12) /* in leaves above level 1 */
#define X86_OA  UINT64_C(0x000ffffffffff000)

#define FMT_PRESENT X86_P

/* Addresses are sign-extended; only the lower half is offered. */
static inline unsigned int fmt_iova_bits(unsigned int levels)
{
	return fmt_level_shift(levels + 1) - 1;
}

static inline bool fmt_attributes(const struct libiommu_pgtable_options *opts,
				  struct pgtable_bits *bits)
{
	bits->leaf[LIBIOMMU_PROT_READ] = X86_P | X86_US;
	bits->leaf[PROT_RW] = X86_P | X86_US | X86_RW;
	bits->table = X86_P | X86_US | X86_RW;
	return !opts->attributes;
}

/* Bits of entries that are for addresses of more than `phys_bits`. */
static inline uint64_t fmt_too_wide(unsigned int phys_bits)
{
	return X86_OA & ~((UINT64_C(1) << phys_bits) - 1);
}

/* A table that allows everything and has nothing odd: what edits make. */
static inline bool fmt_is_plain_table(unsigned int level, uint64_t entry)
{
	(void)level;
	return pgtable_has(entry, X86_P | X86_RW | X86_US | X86_PS, X86_P | X86_RW | X86_US);
}

static inline bool fmt_is_leaf(unsigned int level, uint64_t entry)
{
	return level == 1 || (entry & X86_PS);
}

static inline uint64_t fmt_leaf_phys(unsigned int level, uint64_t entry)
{
	return entry & X86_OA & ~((UINT64_C(1) << fmt_level_shift(level)) - 1);
}

static inline uint64_t fmt_table_phys(uint64_t entry)
{
	return entry & X86_OA;
}

/* Does a present entry carry bits that must be zero? */
static inline bool fmt_reserved(unsigned int level, uint64_t entry, bool leaf)
{
	uint64_t low = ((UINT64_C(1) << fmt_level_shift(level)) - 1) & X86_OA & ~X86_PAT;

	return leaf && (entry & low);
}

static inline uint64_t fmt_leaf(unsigned int level, unsigned int shift, uint64_t phys,
				uint64_t bits)
{
	(void)shift;
	return phys | bits | (level > 1 ? X86_PS : 0);
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

/* What a device's ordinary request may do, which is one of user privilege. */
static inline uint32_t fmt_leaf_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	(void)bits;
	if (!(entry & X86_US))
		return 0;
	return LIBIOMMU_PROT_READ | (entry & X86_RW ? LIBIOMMU_PROT_WRITE : 0);
}

/* The same of a plain page, which is the user's. */
static inline uint32_t fmt_page_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	static_assert(X86_RW == LIBIOMMU_PROT_WRITE, "the bit is that of the interface");
	(void)bits;
	return LIBIOMMU_PROT_READ | (entry & X86_RW);
}

static inline uint32_t fmt_table_prot(uint64_t entry)
{
	return fmt_leaf_prot(NULL, entry);
}

static inline bool fmt_accessed(uint64_t entry)
{
	return entry & X86_A;
}

static inline bool fmt_dirty(uint64_t entry)
{
	return entry & X86_D;
}

static inline uint64_t fmt_mark(uint64_t entry, bool write)
{
	return entry | X86_A | (write ? X86_D : 0);
}

static inline uint64_t fmt_unmark(uint64_t entry, bool dirty)
{
	return entry & ~(dirty ? X86_D : X86_A);
}

/* VT-d's FSPM (PASID entry, third word, bits 3:2) and AMD's GuestPagingMode count alike. */
static inline void fmt_hardware(const struct libiommu_pgtable_desc *desc,
				struct libiommu_pgtable_hardware *out)
{
	(void)desc;
	out->pointer = out->root;
	out->control = out->levels - 4;
}

#endif
