/* SPDX-License-Identifier: BSD-2-Clause */
/* VT-d second stage, what all numbers of levels share: VT-d specification 4.1, section 9.8. */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_VTD_SS_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_VTD_SS_H

#define FORMAT     LIBIOMMU_PGTABLE_VTD_SS
#define NAME       "vtd-ss"
#define WRITE_ONLY true
#define BIT_A      UINT64_C(0x100) /* 9.8: accessed, bit 8 */
#define BIT_D      UINT64_C(0x200) /* 9.8: dirty, bit 9 */
#define TABLE_BITS UINT64_C(0x3)   /* 9.8: R bit 0, W bit 1 */
/* 9.8: R, W as the protection has them; page size, bit 7, in leaves above level 1 */
#define LEAF_BITS(level, prot) ((uint64_t)(prot) | ((level) > 1 ? UINT64_C(0x80) : 0))

/* 9.8, the rows "reserved (0)" of each kind of entry */
static const struct {
	unsigned int level;
	int leaf;
	unsigned long long bit;
} reserved[] = {
	{ 5, 0, 0x80 },
	{ 4, 0, 0x80 },
	{ 5, 0, 0x800 },
	{ 4, 0, 0x800 },
	{ 3, 0, 0x800 },
	{ 2, 0, 0x800 },
	{ 4, 0, 0x4000000000000000 },
	{ 2, 0, 0x4000000000000000 },
	{ 1, 1, 0x4000000000000000 },
	{ 2, 1, 0x4000000000000000 },
	{ 3, 1, 0x4000000000000000 },
	{ 2, 1, 0x1000 }, /* 2 MiB: 20:12 */
	{ 2, 1, 0x100000 },
	{ 3, 1, 0x1000 }, /* 1 GiB: 29:12 */
	{ 3, 1, 0x20000000 },
};

#endif
