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

/** One run for n entries. @return ns of all */
typedef double (*bed_run)(struct bed *bed, size_t n);

/* What an operation is like. */
#define COUNTED 1u /* its instructions can be counted: one thread, and always the same */
#define LARGE   2u /* its entries are those of the second level, at most a table of them */
#define MARKS   4u /* only where the format has marks */
#define PAIR    8u /* two processors must be free at once, which takes more repetitions */

struct operation {
	const char *name;
	void (*prepare)(struct bed *bed);
	bed_run run;
	bed_run floor; /* what nothing can be faster than, measured beside */
	const char *floor_name;
	unsigned int flags;
};

/* pgtable_ops.c */
extern const struct operation operations[];
extern const size_t operations_count;

/** Small leaves for the first n pages, each mapped to another place than its neighbours' order. */
void bed_map(struct bed *bed, size_t n);
/** The same for the whole range. */
void bed_map_all(struct bed *bed);
/** Nothing is mapped, but the tables are there. */
void bed_clear(struct bed *bed);
/** Nothing is mapped and no table is left. */
void bed_empty(struct bed *bed);

/** Two threads, each with half of the range. */
double bed_map_by_two(struct bed *bed, size_t n);
/** The same by one thread. */
double bed_map_by_one(struct bed *bed, size_t n);

double bed_plain_stores(struct bed *bed, size_t n);
double bed_plain_walks(struct bed *bed, size_t n);
double bed_dependent_walks(struct bed *bed, size_t n);

/** End the program unless a call has succeeded. */
void bed_must(bool good, const char *what);
double bed_now(void);

#endif
