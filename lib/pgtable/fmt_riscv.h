/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RISC-V Sv39, Sv48 and Sv57 with Svnapot and Svpbmt: the first stage of a
 * RISC-V IOMMU or, with RISCV_G_STAGE, its second (Sv39x4 to Sv57x4), whose root
 * resolves two bits more. RISC-V privileged specification, "Virtual Address
 * Translation Process", "Svnapot", "Svpbmt", "Guest Physical Address
 * Translation"; RISC-V IOMMU specification 1.0, "Process to translate an IOVA".
 */
#ifndef LIBIOMMU_LIB_PGTABLE_FMT_RISCV_H
#define LIBIOMMU_LIB_PGTABLE_FMT_RISCV_H

#ifdef RISCV_G_STAGE
#define FMT_ROOT_EXTRA 2
#endif
#define FMT_MIN_LEVELS     3
#define FMT_MAX_LEVELS     5
#define FMT_USUAL_LEVELS   4
#define FMT_PHYS_BITS      56
#define FMT_READ_ONLY      true
#define FMT_WRITE_ONLY     false /* W without R is reserved */
#define FMT_DIRTY          true
#define FMT_PAGE_SET       (RISCV_V | RISCV_R | RISCV_U)
#define FMT_PAGE_CLEAR     RISCV_ODD
#define FMT_ACCESSED_BIT   RISCV_A
#define FMT_DIRTY_BIT      RISCV_D
#define FMT_MARKED_SET     (RISCV_V | RISCV_A | RISCV_D)
#define FMT_MARKED_CLEAR   RISCV_N
#define FMT_OWN_PLAIN_LEAF 1
#define FMT_RUNS           1
#define FMT_OWN_LEAF_SIZES 1
#define FMT_OWN_TRACKED    1
#define FMT_OWN_PAGE_PROT  1
#define FMT_PAGE_SEEN      RISCV_A

#include "lib/pgtable/internal.h"
#include "lib/pgtable/shape.h"

#define RISCV_V          (UINT64_C(1) << 0)
#define RISCV_R          (UINT64_C(1) << 1)
#define RISCV_W          (UINT64_C(1) << 2)
#define RISCV_X          (UINT64_C(1) << 3)
#define RISCV_U          (UINT64_C(1) << 4)
#define RISCV_G          (UINT64_C(1) << 5)
#define RISCV_A          (UINT64_C(1) << 6)
#define RISCV_D          (UINT64_C(1) << 7)
#define RISCV_SOFTWARE   (UINT64_C(3) << 8)
#define RISCV_PPN        UINT64_C(0x003ffffffffffc00)
#define RISCV_PPN_SHIFT  2 /* from an address to its place in an entry */
#define RISCV_RESERVED   UINT64_C(0x1fc0000000000000)
#define RISCV_PBMT       (UINT64_C(3) << RISCV_PBMT_SHIFT)
#define RISCV_PBMT_SHIFT 61
#define RISCV_N          (UINT64_C(1) << 63)
#define RISCV_ODD        (RISCV_N | RISCV_RESERVED | UINT64_C(2) << RISCV_PBMT_SHIFT)

/* Svnapot: the lowest one of PPN[3:0] tells the size, and only 64 KiB is defined. */
#define RISCV_NAPOT_SHIFT 16
#define RISCV_NAPOT_MASK  (UINT64_C(0xf) << 10)
#define RISCV_NAPOT_64K   (UINT64_C(0x8) << 10)

#define RISCV_ATTRIBUTES                                                   \
	(LIBIOMMU_PGTABLE_RISCV_NO_EXEC | LIBIOMMU_PGTABLE_RISCV_TRACKED | \
	 LIBIOMMU_PGTABLE_RISCV_NO_SVPBMT | LIBIOMMU_PGTABLE_RISCV_PBMT(3))

#define FMT_PRESENT RISCV_V

/* Of the first stage's sign-extended addresses only the lower half is offered. */
static inline unsigned int fmt_iova_bits(unsigned int levels)
{
	return fmt_level_shift(levels + 1) + (FMT_ROOT_EXTRA ? FMT_ROOT_EXTRA : -1u);
}

/* Bit n: a leaf of 2^n bytes can lie in a table of this level. */
static inline uint64_t fmt_leaf_sizes(unsigned int level)
{
	return UINT64_C(1) << fmt_level_shift(level) |
	       (level == 1 ? UINT64_C(1) << RISCV_NAPOT_SHIFT : 0);
}

/* Does hardware set A and D itself? */
static inline bool fmt_tracked(const struct libiommu_pgtable_options *opts)
{
	return !(opts->flags & LIBIOMMU_PGTABLE_MARKED) ||
	       (opts->attributes & LIBIOMMU_PGTABLE_RISCV_TRACKED);
}

static inline bool fmt_attributes(const struct libiommu_pgtable_options *opts,
				  struct pgtable_bits *bits)
{
	uint64_t type = opts->attributes >> 8 & 3, always = RISCV_V | RISCV_U;

	if (!(opts->attributes & LIBIOMMU_PGTABLE_RISCV_NO_EXEC))
		always |= RISCV_X;
	always |= type << RISCV_PBMT_SHIFT;
	bits->leaf[LIBIOMMU_PROT_READ] = always | RISCV_R;
	bits->leaf[PROT_RW] = always | RISCV_R | RISCV_W;
	bits->table = RISCV_V;
	if (opts->attributes & LIBIOMMU_PGTABLE_RISCV_NO_SVPBMT)
		bits->reserved = RISCV_PBMT;
	return !(opts->attributes & ~RISCV_ATTRIBUTES) && type != 3 && !(always & bits->reserved);
}

/* Bits of entries that are for addresses of more than `phys_bits`. */
static inline uint64_t fmt_too_wide(unsigned int phys_bits)
{
	return RISCV_PPN & ~((UINT64_C(1) << (phys_bits - RISCV_PPN_SHIFT)) - 1);
}

/* V alone, beside what hardware ignores: what edits make. */
static inline bool fmt_is_plain_table(unsigned int level, uint64_t entry)
{
	(void)level;
	return pgtable_has(entry, ~(RISCV_PPN | RISCV_G | RISCV_SOFTWARE), RISCV_V);
}

static inline bool fmt_is_leaf(unsigned int level, uint64_t entry)
{
	(void)level;
	return entry & (RISCV_R | RISCV_W | RISCV_X);
}

/* Is a leaf one entry? */
static inline bool fmt_is_single(unsigned int level, uint64_t entry)
{
	(void)level;
	return !(entry & RISCV_N);
}

/* log2 of the bytes of the leaf that this entry belongs to. */
static inline unsigned int fmt_leaf_shift(unsigned int level, uint64_t entry)
{
	return level == 1 && (entry & RISCV_N) ? RISCV_NAPOT_SHIFT : fmt_level_shift(level);
}

static inline uint64_t fmt_table_phys(uint64_t entry)
{
	return (entry & RISCV_PPN) << RISCV_PPN_SHIFT;
}

static inline uint64_t fmt_leaf_phys(unsigned int level, uint64_t entry)
{
	return fmt_table_phys(entry) & ~((UINT64_C(1) << fmt_leaf_shift(level, entry)) - 1);
}

/* Is a present entry one that must not be? */
static inline bool fmt_reserved(unsigned int level, uint64_t entry, bool leaf)
{
	uint64_t low = fmt_too_wide(FMT_GRANULE) & ~fmt_too_wide(fmt_level_shift(level));
	uint64_t napot = entry & RISCV_NAPOT_MASK;

	if (!leaf)
		return entry &
		       (RISCV_RESERVED | RISCV_A | RISCV_D | RISCV_U | RISCV_N | RISCV_PBMT);
	return (entry & (RISCV_RESERVED | (level > 1 ? low | RISCV_N : 0))) ||
	       (entry & (RISCV_R | RISCV_W)) == RISCV_W || (entry & RISCV_PBMT) == RISCV_PBMT ||
	       (level == 1 && (entry & RISCV_N) && napot != RISCV_NAPOT_64K);
}

/*
 * Is it a leaf of its level's own size that has nothing odd? One comparison says
 * so; it leaves out I/O memory and what no ordinary request may touch.
 */
static inline bool fmt_is_plain_leaf(unsigned int level, uint64_t entry)
{
	uint64_t low = fmt_too_wide(FMT_GRANULE) & ~fmt_too_wide(fmt_level_shift(level));

	return pgtable_has(entry, FMT_PAGE_SET | RISCV_ODD | low, FMT_PAGE_SET);
}

static inline uint64_t fmt_leaf(unsigned int level, unsigned int shift, uint64_t phys,
				uint64_t bits)
{
	uint64_t run = level == 1 && shift == RISCV_NAPOT_SHIFT;

	return phys >> RISCV_PPN_SHIFT | bits | run * (RISCV_N | RISCV_NAPOT_64K);
}

/* What the entries of neighbouring leaves differ by. */
static inline uint64_t fmt_step(unsigned int shift)
{
	return UINT64_C(1) << (shift - RISCV_PPN_SHIFT);
}

static inline uint64_t fmt_table(unsigned int level, uint64_t phys, uint64_t bits)
{
	(void)level;
	return phys >> RISCV_PPN_SHIFT | bits;
}

/*
 * What a request without supervisor privilege may do. Hardware that sets no A
 * and D faults where they are missing.
 */
static inline uint32_t fmt_leaf_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	uint64_t seen = entry | bits->tracked, prot = entry >> 1 & PROT_RW;

	static_assert(LIBIOMMU_PROT_READ == 1 && LIBIOMMU_PROT_WRITE == 2, "in the order of R, W");
	if (!(entry & RISCV_U) || !(seen & RISCV_A))
		return 0;
	return (uint32_t)(seen & RISCV_D ? prot : prot & LIBIOMMU_PROT_READ);
}

/* The same of a plain page, which is the user's, readable and, if that matters, has A. */
static inline uint32_t fmt_page_prot(const struct pgtable_bits *bits, uint64_t entry)
{
	return LIBIOMMU_PROT_READ |
	       ((entry >> 1) & ((entry | bits->tracked) >> 6) & LIBIOMMU_PROT_WRITE);
}

/* Permissions come before A and D. */
static inline bool fmt_is_unmarked(const struct pgtable_bits *bits, uint64_t entry, uint32_t prot)
{
	return !(prot & ~fmt_leaf_prot(bits, entry | RISCV_A | RISCV_D));
}

static inline uint32_t fmt_table_prot(uint64_t entry)
{
	(void)entry;
	return PROT_RW;
}

static inline bool fmt_accessed(uint64_t entry)
{
	return entry & RISCV_A;
}

static inline bool fmt_dirty(uint64_t entry)
{
	return entry & RISCV_D;
}

static inline uint64_t fmt_mark(uint64_t entry, bool write)
{
	return entry | RISCV_A | (write ? RISCV_D : 0);
}

static inline uint64_t fmt_unmark(uint64_t entry, bool dirty)
{
	return entry & ~(dirty ? RISCV_D : RISCV_A);
}

/* fsc or iohgatp: mode in bits 63:60, which is 8 for three levels of both stages. */
static inline void fmt_hardware(const struct libiommu_pgtable_desc *desc,
				struct libiommu_pgtable_hardware *out)
{
	(void)desc;
	out->control = out->levels + 5;
	out->pointer = out->control << 60 | out->root >> FMT_GRANULE;
}

#endif
