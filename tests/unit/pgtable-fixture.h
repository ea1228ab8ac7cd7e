/* SPDX-License-Identifier: BSD-2-Clause */
/* A page table under test with its memory, and short forms of the calls. */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_FIXTURE_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <inttypes.h>

#include "tests/unit/pgtable-memory.h"

#define RO     LIBIOMMU_PROT_READ
#define WO     LIBIOMMU_PROT_WRITE
#define RW     (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)

#define NONE LIBIOMMU_REASON_NONE

/* A walk worked out by hand. */
struct golden {
	uint64_t iova, phys, length;
	uint32_t prot;
	unsigned int steps;
	struct libiommu_pgtable_step step[LIBIOMMU_PGTABLE_MAX_LEVELS];
};

static struct arena arena;
static bool in_process; /* the tables are in process memory, not in the arena */
static struct libiommu_pgtable_memory memory;
static struct libiommu_pgtable_options options;
static struct libiommu_pgtable *pt;
static struct libiommu_pgtable_gather gather;

/* The reason of a refusal, after a look at whether it agrees with the errno. */
static inline enum libiommu_reason outcome(int rc, struct libiommu_error **err)
{
	enum libiommu_reason reason = libiommu_error_reason(*err);

	ck_assert_int_eq(rc, -libiommu_reason_errno(reason));
	ck_assert_int_eq(!rc, !*err);
	libiommu_error_free(*err);
	return reason;
}

static inline enum libiommu_reason map(uint64_t iova, uint64_t phys, uint64_t length, uint32_t prot)
{
	struct libiommu_error *err;

	return outcome(libiommu_pgtable_map(pt, iova, phys, length, prot, &gather, &err), &err);
}

static inline enum libiommu_reason map_list(uint64_t iova,
					    const struct libiommu_pgtable_piece *pieces,
					    size_t count, uint32_t prot)
{
	struct libiommu_error *err;

	return outcome(libiommu_pgtable_map_list(pt, iova, pieces, count, prot, &gather, &err),
		       &err);
}

static inline enum libiommu_reason unmap(uint64_t iova, uint64_t length, uint64_t *removed)
{
	struct libiommu_error *err;

	return outcome(libiommu_pgtable_unmap(pt, iova, length, removed, &gather, &err), &err);
}

static inline void release(void)
{
	libiommu_pgtable_release(pt, &gather);
	ck_assert_uint_eq(gather.tables, 0);
	ck_assert_uint_eq(gather.levels, 0);
	ck_assert_ptr_null(gather.waiting);
	ck_assert(gather.iova.start > gather.iova.last);
}

/* Every page that the table holds is known: its own, the tables, those that wait. */
static inline void check_pages(size_t tables)
{
	ck_assert_uint_eq(libiommu_pgtable_pages(pt), tables);
	ck_assert_uint_eq(arena.live, in_process ? 0 : 1 + tables + gather.tables);
	ck_assert(!arena.wrong);
}

static inline struct libiommu_pgtable_leaf leaf_at(uint64_t iova)
{
	struct libiommu_pgtable_leaf leaf;

	if (!libiommu_pgtable_translate(pt, iova, &leaf))
		ck_abort_msg("0x%" PRIx64 " is not mapped", iova);
	return leaf;
}

static inline bool is_mapped(uint64_t iova)
{
	struct libiommu_pgtable_leaf leaf;

	return libiommu_pgtable_translate(pt, iova, &leaf);
}

static inline void check_leaf(uint64_t at, uint64_t iova, uint64_t phys, uint64_t length,
			      uint32_t prot)
{
	struct libiommu_pgtable_leaf leaf = leaf_at(at);

	ck_assert_uint_eq(leaf.iova, iova);
	ck_assert_uint_eq(leaf.phys, phys);
	ck_assert_uint_eq(leaf.length, length);
	ck_assert_uint_eq(leaf.prot, prot);
}

static inline struct libiommu_pgtable_walk walk(uint64_t iova)
{
	struct libiommu_pgtable_walk out = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_error *err;

	ck_assert_int_eq(outcome(libiommu_pgtable_walk(pt, iova, &out, &err), &err), NONE);
	return out;
}

/* How a walk ended. */
static inline struct libiommu_pgtable_step last_step(uint64_t iova)
{
	struct libiommu_pgtable_walk w = walk(iova);

	ck_assert_uint_ge(w.steps, 1);
	return w.step[w.steps - 1];
}

static inline uint64_t *table_at(uint64_t phys)
{
	if (in_process)
		return (uint64_t *)(uintptr_t)phys;
	return arena_virt(&arena, phys, PAGE);
}

/* The entry of a level for an address, in memory. */
static inline uint64_t *entry_of(uint64_t iova, unsigned int level)
{
	struct libiommu_pgtable_walk w = walk(iova);
	unsigned int i;

	for (i = 0; i < w.steps; i++) {
		if (w.step[i].level == level)
			return table_at(w.step[i].table) + w.step[i].index;
	}
	ck_abort_msg("the walk does not reach level %u", level);
	return NULL;
}

/* A list of all leaves, to compare before and after. Loops avoid ck_assert, which is slow. */
struct leaves {
	size_t count;
	struct libiommu_pgtable_leaf *leaf;
};

static inline struct leaves all_leaves(void)
{
	struct leaves all = { 0, NULL };
	struct libiommu_pgtable_leaf leaf;
	uint64_t at = 0;
	size_t room = 0;

	while (libiommu_pgtable_next_leaf(pt, at, UINT64_MAX, &leaf)) {
		if (all.count == room) {
			room = room ? 2 * room : 64;
			all.leaf = realloc(all.leaf, room * sizeof(leaf));
			ck_assert_ptr_nonnull(all.leaf);
		}
		all.leaf[all.count++] = leaf;
		at = leaf.iova + leaf.length;
	}
	return all;
}

static inline void check_same(struct leaves *before)
{
	struct leaves now = all_leaves();
	size_t i;

	ck_assert_uint_eq(now.count, before->count);
	for (i = 0; i < now.count; i++) {
		if (now.leaf[i].iova != before->leaf[i].iova ||
		    now.leaf[i].length != before->leaf[i].length ||
		    now.leaf[i].phys != before->leaf[i].phys ||
		    now.leaf[i].prot != before->leaf[i].prot)
			ck_abort_msg("the leaf at 0x%" PRIx64 " is another", now.leaf[i].iova);
	}
	free(now.leaf);
	free(before->leaf);
}

/* Bytes of the arena, to compare tables to the bit. */
static inline unsigned char *copy_tables(void)
{
	unsigned char *copy = malloc((size_t)ARENA_PAGES * PAGE);
	unsigned int i;

	ck_assert_ptr_nonnull(copy);
	for (i = 1; i < ARENA_PAGES; i++) {
		if (arena.used[i])
			memcpy(copy + (size_t)i * PAGE, arena.base + (size_t)i * PAGE, PAGE);
	}
	return copy;
}

/* Is it the address of a page that was free when `used` was taken? */
static inline bool points_to_new(uint64_t entry, const unsigned char *used)
{
	uint64_t i = (entry - ARENA_PHYS) / PAGE;

	return i < ARENA_PAGES && !used[i] && arena.used[i];
}

/*
 * Compare with a copy. New tables may have come, but they map nothing: they are
 * empty or lead to other new ones. The first page is the table's own object.
 */
static inline void check_tables(unsigned char *copy, const unsigned char *used)
{
	uint64_t now, then;
	unsigned int i, j;

	for (i = 1; i < ARENA_PAGES; i++) {
		for (j = 0; (used[i] || arena.used[i]) && j < PAGE; j += sizeof(now)) {
			then = 0;
			memcpy(&now, arena.base + (size_t)i * PAGE + j, sizeof(now));
			if (used[i])
				memcpy(&then, copy + (size_t)i * PAGE + j, sizeof(then));
			if (now != then && (then || !points_to_new(now, used)))
				ck_abort_msg("page %u, byte 0x%x: 0x%" PRIx64 ", was 0x%" PRIx64, i,
					     j, now, then);
		}
	}
	free(copy);
}

#endif
