// SPDX-License-Identifier: BSD-2-Clause
/* What is measured of page tables. */
#include "pgtable.h"

#include <stdlib.h>

#define RW        (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
#define SCATTERED 512u

static void nothing(struct bed *bed)
{
	(void)bed;
}

static void empty_and_map(struct bed *bed)
{
	bed_empty(bed);
	bed_map_all(bed);
}

static void clear_and_map(struct bed *bed)
{
	bed_clear(bed);
	bed_map_all(bed);
}

static double map_calls(struct bed *bed, size_t n, bool random)
{
	const uint64_t page = bed->page, first = bed->start;
	const uint32_t *order = bed->order;
	struct libiommu_pgtable *pt = bed->pt;
	double start = bed_now();
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t at = (random ? order[i] : i) * page;

		bed_must(!libiommu_pgtable_map(pt, first + at, at ^ page, page, RW, &bed->gather,
					       NULL),
			 "a map");
	}
	return bed_now() - start;
}

static double map_in_order(struct bed *bed, size_t n)
{
	return map_calls(bed, n, false);
}

static double map_anywhere(struct bed *bed, size_t n)
{
	return map_calls(bed, n, true);
}

static double unmap_in_order(struct bed *bed, size_t n)
{
	const uint64_t page = bed->page, first = bed->start;
	struct libiommu_pgtable *pt = bed->pt;
	double start = bed_now();
	uint64_t removed;
	size_t i;

	for (i = 0; i < n; i++)
		bed_must(!libiommu_pgtable_unmap(pt, first + i * page, page, &removed, &bed->gather,
						 NULL),
			 "an unmap");
	return bed_now() - start;
}

static double map_at_once(struct bed *bed, size_t n)
{
	double start = bed_now();

	bed_map(bed, n);
	return bed_now() - start;
}

static double unmap_at_once(struct bed *bed, size_t n, uint64_t *removed)
{
	double start = bed_now(), ns;

	bed_must(!libiommu_pgtable_unmap(bed->pt, bed->start, n * bed->page, removed, &bed->gather,
					 NULL),
		 "an unmap");
	ns = bed_now() - start;
	libiommu_pgtable_release(bed->pt, &bed->gather);
	return ns;
}

static double unmap_read(struct bed *bed, size_t n)
{
	uint64_t removed;
	double ns = unmap_at_once(bed, n, &removed);

	bed_must(removed == n * bed->page, "as much as was mapped");
	return ns;
}

static double unmap_unread(struct bed *bed, size_t n)
{
	return unmap_at_once(bed, n, NULL);
}

static uint64_t start_of_large(const struct bed *bed)
{
	uint64_t length = bed->per_table * bed->large;

	return (bed->start + length) & -length;
}

/* The table of large leaves is there, and nothing is in it. */
static void clear_large(struct bed *bed)
{
	uint64_t start = start_of_large(bed);

	bed_empty(bed);
	bed_must(!libiommu_pgtable_unmap(bed->pt, start, bed->per_table * bed->large, NULL,
					 &bed->gather, NULL) &&
			 !libiommu_pgtable_map(bed->pt, start, bed->large, bed->large, RW,
					       &bed->gather, NULL) &&
			 !libiommu_pgtable_unmap(bed->pt, start, bed->large, NULL, &bed->gather,
						 NULL),
		 "one leaf");
	libiommu_pgtable_release(bed->pt, &bed->gather);
}

static double map_large(struct bed *bed, size_t n)
{
	uint64_t at = start_of_large(bed);
	double start = bed_now();

	bed_must(!libiommu_pgtable_map(bed->pt, at, bed->large, n * bed->large, RW, &bed->gather,
				       NULL),
		 "large leaves");
	return bed_now() - start;
}

static double map_lists(struct bed *bed, size_t n)
{
	struct libiommu_pgtable_piece pieces[SCATTERED];
	double start, ns = 0;
	size_t i, j;

	for (i = 0; i < n; i += SCATTERED) {
		for (j = 0; j < SCATTERED; j++)
			pieces[j] = (struct libiommu_pgtable_piece){ bed->order[i + j] * bed->page,
								     bed->page };
		start = bed_now();
		bed_must(!libiommu_pgtable_map_list(bed->pt, bed->start + i * bed->page, pieces,
						    SCATTERED, RW, &bed->gather, NULL),
			 "a list");
		ns += bed_now() - start;
	}
	return ns;
}

static double translate_random(struct bed *bed, size_t n)
{
	struct libiommu_pgtable_leaf leaf = { .phys = 0 };
	const uint64_t page = bed->page, first = bed->start;
	const struct libiommu_pgtable *pt = bed->pt;
	const uint32_t *order = bed->order;
	double start = bed_now();
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		libiommu_pgtable_translate(pt, first + order[i] * page, &leaf);
		sum += leaf.phys;
	}
	start = bed_now() - start;
	bed_must(sum, "a sum");
	return start;
}

/* Where the next lookup looks depends on what the last one found. */
static double translate_dependent(struct bed *bed, size_t n)
{
	struct libiommu_pgtable_leaf leaf = { .phys = 0 };
	double start = bed_now();
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		bed_must(libiommu_pgtable_translate(bed->pt, bed->start + at * bed->page, &leaf),
			 "a leaf");
		at = ((leaf.phys / bed->page) * 165667 + i) & (bed->pages - 1);
	}
	return bed_now() - start;
}

static void map_and_mark(struct bed *bed)
{
	size_t i;

	empty_and_map(bed);
	for (i = 0; i < bed->pages; i++)
		libiommu_pgtable_mark(bed->pt, bed->start + i * bed->page, true);
}

static double read_marks(struct bed *bed, size_t n, uint64_t expected)
{
	uint64_t *bitmap = calloc(n / 64 + 1, sizeof(*bitmap));
	double start;

	bed_must(bitmap, "memory");
	start = bed_now();
	bed_must(!libiommu_pgtable_read_marks(bed->pt, bed->start, n * bed->page, 0,
					      (unsigned int)__builtin_ctzll(bed->page), bitmap,
					      &bed->gather, NULL),
		 "marks");
	start = bed_now() - start;
	bed_must(bitmap[0] == expected, "the right marks");
	free(bitmap);
	return start;
}

static double read_no_marks(struct bed *bed, size_t n)
{
	return read_marks(bed, n, 0);
}

static double read_all_marks(struct bed *bed, size_t n)
{
	return read_marks(bed, n, UINT64_MAX);
}

#define STORE bed_plain_stores, "a store"
#define WALK  bed_plain_walks, "loads of a walk"
#define CHAIN bed_dependent_walks, "dependent loads"

const struct operation operations[] = {
	{ "map_4k_call", bed_clear, map_in_order, STORE, COUNTED },
	{ "map_4k_random", bed_clear, map_anywhere, WALK, COUNTED },
	{ "unmap_4k_call", clear_and_map, unmap_in_order, STORE, COUNTED },
	{ "map_1g_4k", bed_clear, map_at_once, STORE, COUNTED },
	{ "map_1g_4k_empty", bed_empty, map_at_once, STORE, COUNTED },
	{ "unmap_1g_4k", empty_and_map, unmap_read, STORE, COUNTED },
	{ "unmap_1g_4k_unread", empty_and_map, unmap_unread, STORE, COUNTED },
	{ "map_1g_2m", clear_large, map_large, STORE, COUNTED | LARGE },
	{ "map_512_scattered", bed_clear, map_lists, STORE, COUNTED },
	{ "translate_random", empty_and_map, translate_random, WALK, COUNTED },
	{ "translate_dependent", empty_and_map, translate_dependent, CHAIN, COUNTED },
	{ "dirty_none", empty_and_map, read_no_marks, STORE, COUNTED | MARKS },
	{ "dirty_all", map_and_mark, read_all_marks, STORE, COUNTED | MARKS },
	{ "map_two_threads", nothing, bed_map_by_two, bed_map_by_one, "one thread", PAIR },
};

const size_t operations_count = sizeof(operations) / sizeof(operations[0]);
