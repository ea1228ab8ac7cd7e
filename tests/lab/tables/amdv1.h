/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-tables-amdv1: what the kernel's AMD tables do beside what the engine's do, for the same memory.
 * What the parts share.
 */
#ifndef LAB_TABLES_AMDV1_H
#define LAB_TABLES_AMDV1_H

#include "tables.h"

#include <libiommu/hooks.h>

#define LIVE_MAX   16
#define GRANULE    UINT64_C(2048)
#define LEVEL_BITS 9

struct mapped {
	uint64_t iova, length;
	const struct memory *memory;
	uint64_t offset; /* in the memory */
	uint32_t prot;
};

/* Where the kernel's answer is another one than the engine's, and may be. */
enum rule {
	RULE_LAST, /* of a leaf of several entries the last one is left out */
	RULE_WHOLE, /* a range that begins or ends in a large leaf: whole entries are counted from there */
	RULE_ENDLESS, /* a range that begins with the last entry of several: not asked */
	RULE_HOLE,    /* reading ends where nothing is mapped */
	RULE_CUT,     /* of a leaf that an end cuts the mark is taken */
	RULES
};

struct run {
	uint64_t seed, state;
	unsigned long sequences;

	const struct memory *kinds;
	struct libiommu_domain *dom;
	struct libiommu_pgtable *pt;
	int iommufd;
	uint32_t ioas, hwpt;
	struct mapped live[LIVE_MAX], gone[LIVE_MAX];
	size_t count;

	unsigned long maps, unmaps, odd, used[MEMORY_KINDS];
	unsigned long pages, empty, leaves, large, joined;
	unsigned long marks, reads, cleared, bits, same, rules[RULES];
	unsigned long wrong_kernel, wrong_engine, wrong_empty, wrong_marks, wrong_bits;
};

static inline uint64_t dice(struct run *run, uint64_t sides)
{
	return memory_dice(&run->state, sides);
}

static inline const struct libiommu_sys *sys(void)
{
	return libiommu_sys_default();
}

/* amdv1.c: what is mapped there, or NULL */
const struct mapped *mapped_at(const struct run *run, uint64_t iova);

/* amdv1-dirty.c: mark pages and read the marks, on both sides */
void dirty_round(struct run *run);
void dirty_report(const struct run *run);

#endif
