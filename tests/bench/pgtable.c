// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the operations of page tables cost, per entry, in every format. Each
 * figure is the least of some repetitions: what else runs on the machine can
 * only add to it.
 */
#include "pgtable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RW           (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
#define PAGES        262144u /* 1 GiB of 4 KiB */
#define TWICE_GOAL   1.9     /* how much faster two threads are to be than one */
#define ENTRY_BYTES  8u
#define COUNT_TABLES 4u

static void open_bed(struct bed *bed, enum libiommu_pgtable_format format, bool small)
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
	bed->per_table = desc->table_bytes / ENTRY_BYTES;
	bed->large = bed->page << desc->index_bits;
	bed->pages = small ? COUNT_TABLES * bed->per_table : PAGES;
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

static size_t entries_of(const struct operation *operation, const struct bed *bed)
{
	return operation->flags & LARGE ? bed->per_table : bed->pages;
}

static bool applies(const struct operation *operation, const struct bed *bed)
{
	return !(operation->flags & MARKS) || libiommu_pgtable_describe(bed->pt)->dirty;
}

static double least(struct bed *bed, const struct operation *operation, unsigned int times)
{
	size_t n = entries_of(operation, bed);
	double best = 0, next;
	unsigned int i;

	for (i = 0; i < times; i++) {
		operation->prepare(bed);
		next = operation->run(bed, n) / (double)n;
		if (!i || next < best)
			best = next;
	}
	return best;
}

static double least_floor(struct bed *bed, const struct operation *operation, unsigned int times)
{
	double best = operation->floor(bed, bed->pages), next;

	while (--times) {
		next = operation->floor(bed, bed->pages);
		if (next < best)
			best = next;
	}
	return best / (double)bed->pages;
}

/* All tables that 1 GiB of the smallest pages takes, beside the entries that map it. */
static void print_tables(enum libiommu_pgtable_format format)
{
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	const struct libiommu_pgtable_desc *desc;
	const uint64_t length = UINT64_C(1) << 30;
	struct libiommu_pgtable *pt;
	uint64_t bytes, page;

	opts.format = format;
	bed_must(!libiommu_pgtable_new(&opts, &pt, NULL), "a table");
	desc = libiommu_pgtable_describe(pt);
	page = UINT64_C(1) << desc->granule;
	bed_must(!libiommu_pgtable_map(pt, length, page, length, RW, &gather, NULL), "a map");
	bytes = (libiommu_pgtable_pages(pt) - 1) * desc->table_bytes + desc->root_bytes;
	printf("%s.tables\t%llu\tbytes\tentries of 1 GiB\t%.3f\t-\n", desc->name,
	       (unsigned long long)bytes, (double)bytes / (double)(length / page * ENTRY_BYTES));
	libiommu_pgtable_release(pt, &gather);
	libiommu_pgtable_free(pt);
}

static void measure(enum libiommu_pgtable_format format, const char *wanted, bool tiny)
{
	const char *name = libiommu_pgtable_format_name(format);
	unsigned int times;
	const struct operation *o;
	double ns, floor;
	struct bed bed;

	open_bed(&bed, format, tiny);
	if (!wanted || !strcmp(wanted, "tables"))
		print_tables(format);
	for (o = operations; o < operations + operations_count; o++) {
		if ((wanted && strcmp(wanted, o->name)) || !applies(o, &bed))
			continue;
		times = tiny ? 1 : o->flags & PAIR ? 60 : 15;
		ns = least(&bed, o, times);
		floor = least_floor(&bed, o, times);
		printf("%s.%s\t%.3f\tns\t%s\t%.2f\t-\n", name, o->name, ns, o->floor_name,
		       floor > 0 ? ns / floor : 0);
		if (o->run == bed_map_by_two)
			printf("%s.two_threads\t%.2f\ttimes faster\tgoal of %.1f\t%.2f\t-\n", name,
			       floor / ns, TWICE_GOAL, floor / ns / TWICE_GOAL);
	}
	close_bed(&bed);
}

void measured(struct bed *bed, const struct operation *operation, size_t n);

/* A tool begins anew at the entry of this, and writes down at its end what it has counted. */
__attribute__((noinline)) void measured(struct bed *bed, const struct operation *operation,
					size_t n)
{
	operation->run(bed, n);
}

/* Each operation twice, for so many entries and for more. Says by how many there are more. */
static void count(enum libiommu_pgtable_format format)
{
	const struct operation *o;
	struct bed bed;
	size_t part;

	open_bed(&bed, format, true);
	for (o = operations; o < operations + operations_count; o++) {
		if (!(o->flags & COUNTED) || !applies(o, &bed))
			continue;
		part = entries_of(o, &bed) / COUNT_TABLES;
		o->prepare(&bed);
		measured(&bed, o, part);
		o->prepare(&bed);
		measured(&bed, o, 3 * part);
		printf("%s.%s\t%zu\n", libiommu_pgtable_format_name(format), o->name, 2 * part);
	}
	close_bed(&bed);
}

int main(int argc, char **argv)
{
	enum libiommu_pgtable_format format = LIBIOMMU_PGTABLE_NO_FORMAT;
	bool tiny = argc > 1 && !strcmp(argv[1], "--tiny");
	bool counts = argc > 1 && !strcmp(argv[1], "--count");

	if (tiny || counts) {
		argc--;
		argv++;
	}
	while ((format = libiommu_pgtable_format_next(format))) {
		if (argc > 1 && strcmp(argv[1], "all") != 0 &&
		    strcmp(argv[1], libiommu_pgtable_format_name(format)) != 0)
			continue;
		if (counts)
			count(format);
		else
			measure(format, argc > 2 ? argv[2] : NULL, tiny);
	}
	return 0;
}
