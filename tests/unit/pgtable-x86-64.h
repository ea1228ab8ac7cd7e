/* SPDX-License-Identifier: BSD-2-Clause */
/* x86-64, what both numbers of levels share: Intel SDM volume 3, 4.5 (tables 4-14 to 4-20). */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_X86_64_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_X86_64_H

#define FORMAT     LIBIOMMU_PGTABLE_X86_64
#define NAME       "x86-64"
#define WRITE_ONLY false
#define BIT_A      UINT64_C(0x20) /* 4.8: accessed, bit 5 */
#define BIT_D      UINT64_C(0x40) /* 4.8: dirty, bit 6 */
#define TABLE_BITS UINT64_C(0x7)  /* 4.5: P bit 0, R/W bit 1, U/S bit 2 */
/* 4.5: P and U/S, R/W where writing is allowed; page size, bit 7, in leaves above level 1 */
#define LEAF_BITS(level, prot) \
	(UINT64_C(0x5) | ((prot)&LIBIOMMU_PROT_WRITE ? 0x2 : 0) | ((level) > 1 ? 0x80 : 0))

/* 4.5, the rows "reserved (must be 0)" of each kind of entry */
static const struct {
	unsigned int level;
	int leaf;
	unsigned long long bit;
} reserved[] = {
	{ 5, 0, 0x80 },       { 4, 0, 0x80 },   { 2, 1, 0x2000 }, /* 2 MiB: 20:13 */
	{ 2, 1, 0x100000 },   { 3, 1, 0x2000 },                   /* 1 GiB: 29:13 */
	{ 3, 1, 0x20000000 },
};

#endif
