/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables that the tests of every format go through: one row per form in
 * which a format comes. The tests know nothing of formats but what the
 * description says.
 */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_ROWS_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_ROWS_H

#include "tests/unit/pgtable-fixture.h"

struct row {
	enum libiommu_pgtable_format format;
	unsigned int levels;
	unsigned int iova_bits;
	unsigned int phys_bits;
	uint32_t flags;
	uint64_t attributes;
	uint64_t leaf_sizes;
};

static const struct row rows[] = {
	{ LIBIOMMU_PGTABLE_VTD_SS, 3, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_VTD_SS, 4, 0, 0, 0, LIBIOMMU_PGTABLE_VTD_SNOOP, 0 },
	{ LIBIOMMU_PGTABLE_VTD_SS, 5, 0, 46, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_X86_64, 4, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_X86_64, 5, 52, 0, LIBIOMMU_PGTABLE_MARKED, 0, 0 },
	{ LIBIOMMU_PGTABLE_AMDV1, 1, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_AMDV1, 3, 48, 40, 0, LIBIOMMU_PGTABLE_AMD_NOT_COHERENT, 0 },
	{ LIBIOMMU_PGTABLE_AMDV1, 6, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_AMDV1, 2, 57, 0, 0, 0, KIB(4) | KIB(64) | MIB(2) | MIB(16) | GIB(4) },
	{ LIBIOMMU_PGTABLE_AMDV1_2K, 0, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_RISCV, 3, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_RISCV, 4, 0, 0, LIBIOMMU_PGTABLE_MARKED, LIBIOMMU_PGTABLE_RISCV_PBMT(1),
	  0 },
	{ LIBIOMMU_PGTABLE_RISCV, 5, 50, 48, 0, LIBIOMMU_PGTABLE_RISCV_NO_EXEC,
	  KIB(4) | MIB(2) | GIB(1) | GIB(512) },
	{ LIBIOMMU_PGTABLE_RISCV_G, 3, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_RISCV_G, 5, 0, 50, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 0, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 0, 40, 40, LIBIOMMU_PGTABLE_MARKED,
	  LIBIOMMU_PGTABLE_ARM_ATTR(2), KIB(4) | MIB(2) | GIB(1) },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 3, 0, 0, LIBIOMMU_PGTABLE_MARKED,
	  LIBIOMMU_PGTABLE_ARM_TRACKED, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 0, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 0, 47, 0, LIBIOMMU_PGTABLE_MARKED, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 0, 52, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 0, 0, 48, LIBIOMMU_PGTABLE_MARKED, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 43, 44, LIBIOMMU_PGTABLE_MARKED, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 40, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S2_16K, 0, 0, 0, 0, 0, 0 },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 0, 46, 0, 0, 0, 0 },
};

#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))
/* Each row in the arena and in process memory, where the way through the code is another. */
#define ROWS_TWICE (2 * ROWS)

static const struct row *row;
static const struct libiommu_pgtable_desc *desc;
static uint64_t granule;

static inline void open_row(int number)
{
	static const struct libiommu_pgtable_options o = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	static const struct libiommu_pgtable_gather g = LIBIOMMU_PGTABLE_GATHER_INIT;

	row = &rows[number % ROWS];
	in_process = number >= ROWS;
	arena_open(&arena, &memory);
	options = o;
	options.format = row->format;
	options.levels = row->levels;
	options.iova_bits = row->iova_bits;
	options.phys_bits = row->phys_bits;
	options.flags = row->flags;
	options.attributes = row->attributes;
	options.leaf_sizes = row->leaf_sizes;
	options.memory = &memory;
	if (in_process) {
		options.memory = NULL;
		options.phys_bits = 0; /* the process has its memory where it likes */
	}
	gather = g;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
	desc = libiommu_pgtable_describe(pt);
	granule = UINT64_C(1) << desc->granule;
}

static inline void close_row(void)
{
	libiommu_pgtable_release(pt, &gather);
	libiommu_pgtable_free(pt);
	ck_assert_uint_eq(arena.live, 0);
	ck_assert(!arena.wrong);
	arena_close(&arena);
}

/* Everything away; a space of 64 bits takes two calls. */
static inline uint64_t unmap_all(void)
{
	uint64_t half = desc->iova_last / 2 + 1, low, high;

	ck_assert_int_eq(unmap(0, half, &low), NONE);
	ck_assert_int_eq(unmap(half, half, &high), NONE);
	return low + high;
}

/* Bytes of a leaf of 2^n, when the table has such leaves and room for them. */
static inline uint64_t leaf_bytes(unsigned int n)
{
	uint64_t size = UINT64_C(1) << n;

	return desc->leaf_sizes & size && size - 1 < desc->iova_last ? size : 0;
}

/* The level whose tables hold leaves of a size. */
static inline unsigned int level_of(uint64_t size)
{
	unsigned int level;

	for (level = 1; level <= desc->max_levels; level++) {
		if (desc->level_sizes[level] & size)
			return level;
	}
	ck_abort_msg("no level has leaves of 0x%" PRIx64, size);
	return 0;
}

#endif
