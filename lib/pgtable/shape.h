/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape that many formats share: 4 KiB tables of 512 entries, pages of 4 KiB, 2 MiB, 1 GiB. */
#ifndef LIBIOMMU_LIB_PGTABLE_SHAPE_H
#define LIBIOMMU_LIB_PGTABLE_SHAPE_H

#include <stdint.h>

#define FMT_GRANULE    12
#define FMT_INDEX_BITS 9
#define FMT_RUNS       0 /* no leaf takes more than one entry */

/* log2 of the bytes that one entry of a level spans. */
static inline unsigned int fmt_level_shift(unsigned int level)
{
	return FMT_GRANULE + FMT_INDEX_BITS * (level - 1);
}

/* Index bits of a level; here the same for all, the top included. */
static inline unsigned int fmt_level_bits(unsigned int level)
{
	(void)level;
	return FMT_INDEX_BITS;
}

/* Bit n: a leaf of 2^n bytes can lie in a table of this level. */
static inline uint64_t fmt_leaf_sizes(unsigned int level)
{
	return level <= 3 ? UINT64_C(1) << fmt_level_shift(level) : 0;
}

#endif
