// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the operations of page tables cost, per entry, in every format. Each
 * figure is the least of some repetitions: what else runs on the machine can
 * only add to it.
 */
#include "pgtable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RW        (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
#define PAGES     262144u /* 1 GiB of 4 KiB */
#define SCATTERED 512u

static bool tiny;

static double map_calls(struct bed *bed, bool random)
{
	double start;
	size_t i;

	bed_clear(bed);
	start = bed_now();
	for (i = 0; i < bed->pages; i++) {
		uint64_t at = (random ? bed->order[i] : i) * bed->page;

		bed_must(!libiommu_pgtable_map(bed->pt, bed->start + at, at ^ bed->page, bed->page,
					       RW, &bed->gather, NULL),
			 "a map");
	}
	return (bed_now() - start) / (double)bed->pages;
}

static double map_4k_call(struct bed *bed)
{
	return map_calls(bed, false);
}

static double map_4k_random(struct bed *bed)
{
	return map_calls(bed, true);
}

static double unmap_4k_call(struct bed *bed)
{
	uint64_t removed;
	double start;
	size_t i;

	bed_clear(bed);
	bed_map_all(bed);
	start = bed_now();
	for (i = 0; i < bed->pages; i++)
		bed_must(!libiommu_pgtable_unmap(bed->pt, bed->start + i * bed->page, bed->page,
						 &removed, &bed->gather, NULL),
			 "an unmap");
	return (bed_now() - start) / (double)bed->pages;
}

static double map_1g_4k(struct bed *bed)
{
	double start;

	bed_clear(bed);
	start = bed_now();
	bed_map_all(bed);
	return (bed_now() - start) / (double)bed->pages;
}

static double map_1g_4k_empty(struct bed *bed)
{
	double start;

	bed_empty(bed);
	start = bed_now();
	bed_map_all(bed);
	return (bed_now() - start) / (double)bed->pages;
}

static double unmap_all(struct bed *bed, uint64_t *removed)
{
	double start;

	bed_empty(bed);
	bed_map_all(bed);
	start = bed_now();
	bed_must(!libiommu_pgtable_unmap(bed->pt, bed->start, bed->pages * bed->page, removed,
					 &bed->gather, NULL),
		 "an unmap");
	return (bed_now() - start) / (double)bed->pages;
}

static double unmap_1g_4k(struct bed *bed)
{
	uint64_t removed;
	double ns = unmap_all(bed, &removed);

	bed_must(removed == bed->pages * bed->page, "as much as was mapped");
	libiommu_pgtable_release(bed->pt, &bed->gather);
	return ns;
}

static double unmap_1g_4k_unread(struct bed *bed)
{
	double ns = unmap_all(bed, NULL);

	libiommu_pgtable_release(bed->pt, &bed->gather);
	return ns;
}

/* As many leaves of the second level as a table has. */
static double map_1g_2m(struct bed *bed)
{
	uint64_t length = bed->per_table * bed->large, start = (bed->start + length) & -length;
	double begin;

	bed_empty(bed);
	/* Its table is there. */
	bed_must(!libiommu_pgtable_map(bed->pt, start, bed->large, bed->large, RW, &bed->gather,
				       NULL) &&
			 !libiommu_pgtable_unmap(bed->pt, start, bed->large, NULL, &bed->gather,
						 NULL),
		 "one leaf");
	begin = bed_now();
	bed_must(!libiommu_pgtable_map(bed->pt, start, bed->large, length, RW, &bed->gather, NULL),
		 "large leaves");
	begin = bed_now() - begin;
	bed_must(!libiommu_pgtable_unmap(bed->pt, start, length, NULL, &bed->gather, NULL),
		 "an unmap");
	libiommu_pgtable_release(bed->pt, &bed->gather);
	return begin / (double)bed->per_table;
}

static double map_512_scattered(struct bed *bed)
{
	struct libiommu_pgtable_piece pieces[SCATTERED];
	size_t i, n = bed->pages / SCATTERED;
	double start, ns = 0;

	bed_clear(bed);
	for (i = 0; i < n; i++) {
		for (size_t j = 0; j < SCATTERED; j++)
			pieces[j] = (struct libiommu_pgtable_piece){
				bed->order[i * SCATTERED + j] * bed->page, bed->page
			};
		start = bed_now();
		bed_must(!libiommu_pgtable_map_list(bed->pt, bed->start + i * SCATTERED * bed->page,
						    pieces, SCATTERED, RW, &bed->gather, NULL),
			 "a list");
		ns += bed_now() - start;
	}
	return ns / (double)(n * SCATTERED);
}

static double translate_random(struct bed *bed)
{
	struct libiommu_pgtable_leaf leaf = { .phys = 0 };
	uint64_t sum = 0;
	double start;
	size_t i;

	bed_empty(bed);
	bed_map_all(bed);
	start = bed_now();
	for (i = 0; i < bed->pages; i++) {
		libiommu_pgtable_translate(bed->pt, bed->start + bed->order[i] * bed->page, &leaf);
		sum += leaf.phys;
	}
	start = bed_now() - start;
	bed_must(sum, "a sum");
	return start / (double)bed->pages;
}

/* Where the next lookup looks depends on what the last one found. */
static double translate_dependent(struct bed *bed)
{
	struct libiommu_pgtable_leaf leaf = { .phys = 0 };
	uint64_t at = 0;
	double start;
	size_t i;

	bed_empty(bed);
	bed_map_all(bed);
	start = bed_now();
	for (i = 0; i < bed->pages; i++) {
		bed_must(libiommu_pgtable_translate(bed->pt, bed->start + at * bed->page, &leaf),
			 "a leaf");
		at = ((leaf.phys / bed->page) * 165667 + i) & (bed->pages - 1);
	}
	return (bed_now() - start) / (double)bed->pages;
}

static double read_marks(struct bed *bed, bool dirty)
{
	uint64_t *bitmap = calloc(bed->pages / 64 + 1, sizeof(*bitmap));
	double start;
	size_t i;

	bed_must(bitmap, "memory");
	bed_empty(bed);
	bed_map_all(bed);
	for (i = 0; dirty && i < bed->pages; i++)
		libiommu_pgtable_mark(bed->pt, bed->start + i * bed->page, true);
	start = bed_now();
	bed_must(!libiommu_pgtable_read_marks(bed->pt, bed->start, bed->pages * bed->page, 0,
					      (unsigned int)__builtin_ctzll(bed->page), bitmap,
					      &bed->gather, NULL),
		 "marks");
	start = bed_now() - start;
	bed_must(bitmap[0] == (dirty ? UINT64_MAX : 0), "the right marks");
	free(bitmap);
	return start / (double)bed->pages;
}

static double dirty_none(struct bed *bed)
{
	return read_marks(bed, false);
}

static double dirty_all(struct bed *bed)
{
	return read_marks(bed, true);
}

static const struct {
	const char *name;
	bed_operation run, floor;
	const char *floor_name;
} operations[] = {
	{ "map_4k_call", map_4k_call, bed_plain_stores, "a store" },
	{ "map_4k_random", map_4k_random, bed_plain_walks, "loads of a walk" },
	{ "unmap_4k_call", unmap_4k_call, bed_plain_stores, "a store" },
	{ "map_1g_4k", map_1g_4k, bed_plain_stores, "a store" },
	{ "map_1g_4k_empty", map_1g_4k_empty, bed_plain_stores, "a store" },
	{ "unmap_1g_4k", unmap_1g_4k, bed_plain_stores, "a store" },
	{ "unmap_1g_4k_unread", unmap_1g_4k_unread, bed_plain_stores, "a store" },
	{ "map_1g_2m", map_1g_2m, bed_plain_stores, "a store" },
	{ "map_512_scattered", map_512_scattered, bed_plain_stores, "a store" },
	{ "translate_random", translate_random, bed_plain_walks, "loads of a walk" },
	{ "translate_dependent", translate_dependent, bed_plain_walks, "loads of a walk" },
	{ "dirty_none", dirty_none, bed_plain_stores, "a store" },
	{ "dirty_all", dirty_all, bed_plain_stores, "a store" },
	{ "map_two_threads", bed_map_by_two, bed_map_by_one, "one thread" },
};

static void open_bed(struct bed *bed, enum libiommu_pgtable_format format)
{
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	const struct libiommu_pgtable_gather nothing = LIBIOMMU_PGTABLE_GATHER_INIT;
	const struct libiommu_pgtable_desc *desc;
	uint64_t state = 1;
	size_t i, j;

	opts.format = format;
	bed_must(!libiommu_pgtable_new(&opts, &bed->pt, NULL), "a table");
	desc = libiommu_pgtable_describe(bed->pt);
	bed->gather = nothing;
	bed->page = UINT64_C(1) << desc->granule;
	bed->per_table = desc->table_bytes / 8;
	bed->large = bed->page << desc->index_bits;
	bed->pages = tiny ? 4 * bed->per_table : PAGES;
	bed->start = 4 * bed->per_table * bed->large;
	bed->order = malloc(bed->pages * sizeof(*bed->order));
	bed_must(bed->order, "memory");
	for (i = 0; i < bed->pages; i++)
		bed->order[i] = (uint32_t)i;
	for (i = bed->pages - 1; i > 0; i--) {
		uint32_t other = bed->order[i];

		state = state * 6364136223846793005u + 1442695040888963407u;
		j = (state >> 33) % (i + 1);
		bed->order[i] = bed->order[j];
		bed->order[j] = other;
	}
	bed_map_all(bed);
}

static void close_bed(struct bed *bed)
{
	libiommu_pgtable_release(bed->pt, &bed->gather);
	libiommu_pgtable_free(bed->pt);
	free(bed->order);
}

static double least(struct bed *bed, bed_operation operation, unsigned int repetitions)
{
	double best = operation(bed), next;

	while (--repetitions) {
		next = operation(bed);
		if (next < best)
			best = next;
	}
	return best;
}

static void measure(enum libiommu_pgtable_format format, const char *wanted, unsigned int times)
{
	const char *name = libiommu_pgtable_format_name(format);
	double ns, floor;
	struct bed bed;
	size_t i;

	open_bed(&bed, format);
	if (!wanted || !strcmp(wanted, "tables"))
		printf("%s.tables\t%zu\ttables\t-\t-\t-\n", name, libiommu_pgtable_pages(bed.pt));
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (wanted && strcmp(wanted, operations[i].name))
			continue;
		if (!strncmp(operations[i].name, "dirty", 5) &&
		    !libiommu_pgtable_describe(bed.pt)->dirty)
			continue;
		ns = least(&bed, operations[i].run, times);
		floor = least(&bed, operations[i].floor, times);
		printf("%s.%s\t%.3f\tns\t%s\t%.2f\t-\n", name, operations[i].name, ns,
		       operations[i].floor_name, floor > 0 ? ns / floor : 0);
	}
	close_bed(&bed);
}

int main(int argc, char **argv)
{
	enum libiommu_pgtable_format format = LIBIOMMU_PGTABLE_NO_FORMAT;
	unsigned int times = 15;

	if (argc > 1 && !strcmp(argv[1], "--tiny")) {
		tiny = true;
		times = 1;
		argc--;
		argv++;
	}
	while ((format = libiommu_pgtable_format_next(format))) {
		if (argc < 2 || !strcmp(argv[1], "all") ||
		    !strcmp(argv[1], libiommu_pgtable_format_name(format)))
			measure(format, argc > 2 ? argv[2] : NULL, times);
	}
	return 0;
}
