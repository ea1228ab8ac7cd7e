/* SPDX-License-Identifier: BSD-2-Clause */
/* A page table to be measured, and what the measurements of page tables share. */
#ifndef BENCH_PGTABLE_H
#define BENCH_PGTABLE_H

#include <libiommu/pgtable.h>

#include <stddef.h>

struct bed {
	struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather gather;
	uint64_t page;    /* bytes of the smallest leaf */
	uint64_t large;   /* bytes that an entry of the second level spans */
	uint64_t start;   /* first address of the range that is measured */
	size_t pages;     /* of the smallest size in the range */
	size_t per_table; /* entries of a table */
	uint32_t *order;  /* the pages in random order */
};

/** One run of an operation. @return ns per entry */
typedef double (*bed_operation)(struct bed *bed);

/** Small leaves for the whole range, each mapped to another place than its neighbours' order. */
void bed_map_all(struct bed *bed);
/** Nothing is mapped, but the tables are there. */
void bed_clear(struct bed *bed);
/** Nothing is mapped and no table is left. */
void bed_empty(struct bed *bed);

/** Two threads, each with half of the range. */
double bed_map_by_two(struct bed *bed);
/** The same by one thread. */
double bed_map_by_one(struct bed *bed);

/* What nothing can be faster than, measured beside. */
double bed_plain_stores(struct bed *bed);
double bed_plain_walks(struct bed *bed);

/** End the program unless a call has succeeded. */
void bed_must(bool good, const char *what);
double bed_now(void);

#endif
