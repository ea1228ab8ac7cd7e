/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARM's long descriptors (VMSAv8-64), as SMMUv2 and SMMUv3 walk them. The file
 * that includes this defines ARM_STAGE, 1 or 2, and FMT_GRANULE, 12, 14 or 16.
 * Arm Architecture Reference Manual (DDI 0487), chapter D8, "Translation table
 * descriptor formats". Level 1 here is ARM's level 3.
 *
 * Without the option MARKED the hardware is taken to update the Access flag and
 * dirty state (HTTU): pages are made writable and clean, by DBM.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_FMT_ARM_LPAE_H
#define LIBIOMMU_LIB_PGTABLE_FMT_ARM_LPAE_H

#define FMT_INDEX_BITS      (FMT_GRANULE - 3)
#define FMT_MIN_LEVELS      2
#define FMT_MAX_LEVELS      (FMT_GRANULE == 16 || (FMT_GRANULE == 14 && ARM_STAGE == 2) ? 3 : 4)
#define FMT_USUAL_LEVELS    FMT_MAX_LEVELS
#define FMT_USUAL_IOVA_BITS 48
#define FMT_PHYS_BITS       ARM_MOST_BITS
#define FMT_READ_ONLY       true
#define FMT_WRITE_ONLY      (ARM_STAGE == 2)
#define FMT_DIRTY           true
#define FMT_PAGE_SET        (ARM_VALID | ARM_TABLE | (ARM_STAGE == 1 ? ARM_AP_USER : 0))
#define FMT_PAGE_SEEN       ARM_AF
#define FMT_OWN_PAGE_PROT   1
#define FMT_PAGE_CLEAR      FMT_HINTS
#define FMT_ACCESSED_BIT    ARM_AF
#define FMT_DIRTY_BIT       ARM_S2AP_WRITE
#define FMT_MARKED_SET      (ARM_VALID | ARM_AF | ARM_DBM | (ARM_STAGE == 2 ? ARM_S2AP_WRITE : 0))
#define FMT_MARKED_CLEAR    (FMT_HINTS | (ARM_STAGE == 1 ? ARM_AP_NO_WRITE : 0))
#define FMT_RUNS            1
#define FMT_HINTS           UINT64_C(0x0010000000000000) /* Contiguous, bit 52 */
#define FMT_OWN_LEVELS      1
#define FMT_IOVA_IN_PHYS    (ARM_STAGE == 2)
#define FMT_OWN_LEAF_SIZES  1
#define FMT_OWN_ROOT        1
#define FMT_OWN_TRACKED     1
#define FMT_CLEAR_IS_DIRTY  (ARM_STAGE == 1 ? ARM_AP_NO_WRITE : 0)
#if ARM_STAGE == 2
#define FMT_ROOT_EXTRA 4 /* up to 16 tables */
#endif
#if FMT_GRANULE == 16
#define FMT_SPLIT_BIT  48
#define FMT_WIDE_SIZES (UINT64_C(1) << 42) /* blocks of 4 TiB come with 52 bits */
#endif

#define ARM_MOST_BITS (FMT_GRANULE == 16 ? 52 : 48)

#include "lib/pgtable/internal.h"
#include "lib/pgtable/shape.h"

#define ARM_VALID      (UINT64_C(1) << 0)
#define ARM_TABLE      (UINT64_C(1) << 1) /* at level 1: a page */
#define ARM_ATTR_SHIFT 2                  /* AttrIndx or MemAttr */
#define ARM_NS         (UINT64_C(1) << 5)
#define ARM_SH_SHIFT   8
#define ARM_AF         (UINT64_C(1) << 10)
#define ARM_NG         (UINT64_C(1) << 11)
#define ARM_OA         (UINT64_C(0x0000ffffffffffff) & ~((UINT64_C(1) << FMT_GRANULE) - 1))
#define ARM_OA_HIGH    (UINT64_C(0xf) << 12) /* bits 51:48 where pages have 64 KiB */
#define ARM_DBM        (UINT64_C(1) << 51)
#define ARM_PXN        (UINT64_C(1) << 53)
#define ARM_XN         (UINT64_C(1) << 54)

/* Stage 1: AP[1] allows what is not privileged, AP[2] forbids to write; both in tables, too. */
#define ARM_AP_USER      (UINT64_C(1) << 6)
#define ARM_AP_NO_WRITE  (UINT64_C(1) << 7)
#define ARM_APT_NO_USER  (UINT64_C(1) << 61)
#define ARM_APT_NO_WRITE (UINT64_C(1) << 62)
/* Stage 2 */
#define ARM_S2AP_READ  (UINT64_C(1) << 6)
#define ARM_S2AP_WRITE (UINT64_C(1) << 7)

/* The highest level that has blocks: of 1 GiB, 32 MiB or 4 TiB. */
#define ARM_BLOCK_LEVELS (FMT_GRANULE == 14 ? 2u : 3u)

#define ARM_ATTRIBUTES                                                                          \
	(LIBIOMMU_PGTABLE_ARM_NO_EXEC | LIBIOMMU_PGTABLE_ARM_TRACKED |                          \
	 (ARM_STAGE == 1 ? LIBIOMMU_PGTABLE_ARM_NON_SECURE | LIBIOMMU_PGTABLE_ARM_GLOBAL : 0) | \
	 UINT64_C(0x1f) << 8 | UINT64_C(7) << 16)

#define FMT_PRESENT ARM_VALID

static inline unsigned int fmt_iova_bits(unsigned int levels)
{
	unsigned int bits = fmt_level_shift(levels + 1) + FMT_ROOT_EXTRA;

	return bits < ARM_MOST_BITS ? bits : ARM_MOST_BITS;
}

/* fmt_levels_fit() has been asked. */
static inline unsigned int fmt_root_bits(unsigned int levels, unsigned int iova_bits)
{
	return iova_bits - fmt_level_shift(levels);
}

/*
 * T0SZ, at most 39, tells where stage 1 begins. Where stage 2 does is SL0's to say,
 * but what has more levels than these is for physical addresses of 42 bits (16
 * KiB) or 44.
 */
static inline bool fmt_levels_fit(unsigned int levels, unsigned int iova_bits,
				  unsigned int phys_bits)
{
	if (iova_bits < 25 || iova_bits <= fmt_level_shift(levels))
		return false;
	return ARM_STAGE == 1 || levels < FMT_MAX_LEVELS ||
	       phys_bits >= (FMT_GRANULE == 14 ? 42 : 44);
}

/* log2 of the entries that the Contiguous bit joins; 0 where it means nothing. */
static inline unsigned int arm_run_bits(unsigned int level)
{
	if (FMT_GRANULE == 12)
		return level <= 3 ? 4 : 0;
	if (FMT_GRANULE == 14)
		return level == 1 ? 7 : level == 2 ? 5 : 0;
	return level <= 2 ? 5 : 0;
}

/* Bit n: a leaf of 2^n bytes can lie in a table of this level. */
static inline uint64_t fmt_leaf_sizes(unsigned int level)
{
	uint64_t one = UINT64_C(1) << fmt_level_shift(level);

	return level <= ARM_BLOCK_LEVELS ? one | one << arm_run_bits(level) : 0;
}

/* Does hardware update the Access flag and dirty state? */
static inline bool fmt_tracked(const struct libiommu_pgtable_options *opts)
{
	return !(opts->flags & LIBIOMMU_PGTABLE_MARKED) ||
	       (opts->attributes & LIBIOMMU_PGTABLE_ARM_TRACKED);
}

/* Attributes as Linux gives them to memory behind a coherent SMMUv3, or others. */
static inline uint64_t arm_always(uint64_t attributes)
{
	uint64_t attr = attributes >> 8 & 0x1f, sh = attributes >> 16 & 7, bits = ARM_VALID;

	attr = attr ? attr - 1 : ARM_STAGE == 1 ? 1 : 0xf;
	sh = sh ? sh - 1 : 3;
	if (attributes & LIBIOMMU_PGTABLE_ARM_NO_EXEC)
		bits |= ARM_STAGE == 1 ? ARM_PXN | ARM_XN : ARM_XN;
	if (ARM_STAGE == 1) {
		bits |= ARM_AP_USER;
		bits |= attributes & LIBIOMMU_PGTABLE_ARM_NON_SECURE ? ARM_NS : 0;
		bits |= attributes & LIBIOMMU_PGTABLE_ARM_GLOBAL ? 0 : ARM_NG;
	}
	return bits | attr << ARM_ATTR_SHIFT | sh << ARM_SH_SHIFT;
}

static inline bool fmt_attributes(const struct libiommu_pgtable_options *opts,
				  struct pgtable_bits *bits)
{
	uint64_t always = arm_always(opts->attributes), attr = opts->attributes >> 8 & 0x1f;
	uint64_t sh = opts->attributes >> 16 & 7;
	uint64_t write = fmt_tracked(opts) ? ARM_DBM : 0; /* clean */

	if (ARM_STAGE == 1) {
		write |= fmt_tracked(opts) ? ARM_AP_NO_WRITE : 0;
		bits->leaf[LIBIOMMU_PROT_READ] = always | ARM_AP_NO_WRITE;
		bits->leaf[PROT_RW] = always | write;
	} else {
		write |= fmt_tracked(opts) ? 0 : ARM_S2AP_WRITE;
		bits->leaf[LIBIOMMU_PROT_READ] = always | ARM_S2AP_READ;
		bits->leaf[LIBIOMMU_PROT_WRITE] = always | write;
		bits->leaf[PROT_RW] = always | ARM_S2AP_READ | write;
	}
	bits->table = ARM_VALID | ARM_TABLE;
	/* SH 1 is reserved; an index has three bits, a memory type four. */
	return !(opts->attributes & ~ARM_ATTRIBUTES) && sh != 2 && sh <= 4 &&
	       attr <= (ARM_STAGE == 1 ? 8 : 16);
}

static inline uint64_t arm_address_bits(uint64_t phys)
{
	if (FMT_GRANULE != 16)
		return phys;
	return (phys & ARM_OA) | (phys >> 36 & ARM_OA_HIGH);
}

static inline uint64_t arm_address(uint64_t entry)
{
	return (entry & ARM_OA) | (FMT_GRANULE == 16 ? (entry & ARM_OA_HIGH) << 36 : 0);
}

/* Bits of entries that are for addresses of more than `phys_bits`. */
static inline uint64_t fmt_too_wide(unsigned int phys_bits)
{
	uint64_t all = (UINT64_C(1) << ARM_MOST_BITS) - (UINT64_C(1) << FMT_GRANULE);

	return arm_address_bits(all & ~((UINT64_C(1) << phys_bits) - 1));
}

/* A table that allows everything: what edits make. */
static inline bool fmt_is_plain_table(unsigned int level, uint64_t entry)
{
	uint64_t forbids = ARM_STAGE == 1 ? ARM_APT_NO_USER | ARM_APT_NO_WRITE : 0;

	(void)level;
	return pgtable_has(entry, ARM_VALID | ARM_TABLE | forbids, ARM_VALID | ARM_TABLE);
}

static inline bool fmt_is_leaf(unsigned int level, uint64_t entry)
{
	return level == 1 || !(entry & ARM_TABLE);
}

/* Is a leaf one entry? */
static inline bool fmt_is_single(unsigned int level, uint64_t entry)
{
	(void)level;
	return !(entry & FMT_HINTS);
}

/* log2 of the bytes of the leaf that this entry belongs to. */
static inline unsigned int fmt_leaf_shift(unsigned int level, uint64_t entry)
{
	return fmt_level_shift(level) + (entry & FMT_HINTS ? arm_run_bits(level) : 0);
}

static inline uint64_t fmt_leaf_phys(unsigned int level, uint64_t entry)
{
	return arm_address(entry) & ~((UINT64_C(1) << fmt_leaf_shift(level, entry)) - 1);
}

static inline uint64_t fmt_table_phys(uint64_t entry)
{
	return arm_address(entry);
}

/* A page has bit 1 set; where no blocks are, the leaf sizes say. No bit must be zero. */
static inline bool fmt_reserved(unsigned int level, uint64_t entry, bool leaf)
{
	return leaf && level == 1 && !(entry & ARM_TABLE);
}

static inline uint64_t fmt_leaf(unsigned int level, unsigned int shift, uint64_t phys,
				uint64_t bits)
{
	return arm_address_bits(phys) | bits | (level == 1 ? ARM_TABLE : 0) |
	       (shift > fmt_level_shift(level) ? FMT_HINTS : 0);
}

/* What the entries of neighbouring leaves differ by. */
static inline uint64_t fmt_step(unsigned int shift)
{
	return UINT64_C(1) << shift;
}

static inline uint64_t fmt_table(unsigned int level, uint64_t phys, uint64_t bits)
{
	(void)level;
	return arm_address_bits(phys) | bits;
}

/*
 * What a request without privilege may do. Where hardware updates them, neither
 * a missing Access flag nor clean state (DBM) is a fault.
 */
static inline uint32_t fmt_leaf_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	uint64_t seen = (entry | bits->tracked) >> 10, dbm = (entry & bits->tracked) >> 51;
	uint64_t read = entry >> 6 & seen, write;

	static_assert(LIBIOMMU_PROT_READ == 1 && LIBIOMMU_PROT_WRITE == 2, "bits 0 and 1");
	if (ARM_STAGE == 1)
		write = read & (~entry >> 7 | dbm);
	else
		write = seen & (entry >> 7 | dbm);
	return (uint32_t)((read & 1) | (write & 1) << 1);
}

/* The same of a plain page: it is for everybody (stage 1) and, if that matters, has AF. */
static inline uint32_t fmt_page_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	uint32_t dbm = (entry & bits->tracked) >> 50 & LIBIOMMU_PROT_WRITE;

	if (ARM_STAGE == 1)
		return LIBIOMMU_PROT_READ | (~entry >> 6 & LIBIOMMU_PROT_WRITE) | dbm;
	return (entry >> 6 & PROT_RW) | dbm;
}

/* An Access flag fault comes before one of permission. */
static inline bool fmt_is_unmarked(const struct pgtable_bits *bits, uint64_t entry, uint32_t prot)
{
	(void)prot;
	return !((entry | bits->tracked) & ARM_AF);
}

static inline uint32_t fmt_table_prot(uint64_t entry)
{
	if (ARM_STAGE == 2)
		return PROT_RW;
	return entry & ARM_APT_NO_USER    ? 0
	       : entry & ARM_APT_NO_WRITE ? LIBIOMMU_PROT_READ
					  : PROT_RW;
}

static inline bool fmt_accessed(uint64_t entry)
{
	return entry & ARM_AF;
}

static inline bool fmt_dirty(uint64_t entry)
{
	return (entry ^ (ARM_STAGE == 1 ? ARM_AP_NO_WRITE : 0)) & ARM_S2AP_WRITE;
}

/* The bit that a write sets or clears is a permission, and hardware's only with DBM. */
static inline uint64_t fmt_mark(uint64_t entry, bool write)
{
	uint64_t dirty = write && (entry & ARM_DBM) ? ARM_S2AP_WRITE : 0;

	return ARM_AF | (ARM_STAGE == 1 ? entry & ~dirty : entry | dirty);
}

static inline uint64_t fmt_unmark(uint64_t entry, bool dirty)
{
	uint64_t clean = entry & ARM_DBM ? ARM_S2AP_WRITE : 0;

	if (!dirty)
		return entry & ~ARM_AF;
	return ARM_STAGE == 1 ? entry | clean : entry & ~clean;
}

/* IPS or PS for the width of physical addresses. */
static inline uint64_t arm_phys_size(unsigned int phys_bits)
{
	static const unsigned char widths[] = { 32, 36, 40, 42, 44, 48, 52 };
	uint64_t n = 0;

	while (widths[n] < phys_bits)
		n++;
	return n;
}

/*
 * Context descriptor, first word: T0SZ 5:0, TG0 7:6, IPS 34:32. Stage 2, as in
 * VTCR_EL2 and in bits 50:32 of a stream table entry's third word: T0SZ 5:0, SL0
 * 7:6, TG0 15:14, PS 18:16.
 */
static inline void fmt_hardware(const struct libiommu_pgtable_desc *desc,
				struct libiommu_pgtable_hardware *out)
{
	uint64_t granule = FMT_GRANULE == 12 ? 0 : FMT_GRANULE == 16 ? 1 : 2;
	uint64_t start = out->levels - (FMT_GRANULE == 12 ? 2 : 1);

	out->pointer = out->root;
	out->control = 64 - desc->iova_bits;
	if (ARM_STAGE == 1)
		out->control |= granule << 6 | arm_phys_size(desc->phys_bits) << 32;
	else
		out->control |= start << 6 | granule << 14 | arm_phys_size(desc->phys_bits) << 16;
}

#endif
