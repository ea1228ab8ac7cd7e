// SPDX-License-Identifier: BSD-2-Clause
#include "pgtable.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RW (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

void bed_must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	exit(2);
}

double bed_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void bed_map(struct bed *bed, size_t n)
{
	/* Askew by a page, so that no format joins leaves. */
	bed_must(!libiommu_pgtable_map(bed->pt, bed->start, bed->start + bed->page, n * bed->page,
				       RW, &bed->gather, NULL),
		 "a map");
}

void bed_map_all(struct bed *bed)
{
	bed_map(bed, bed->pages);
}

void bed_clear(struct bed *bed)
{
	uint64_t half = bed->per_table / 2 * bed->page, at;

	for (at = 0; at < bed->pages * bed->page; at += half)
		bed_must(!libiommu_pgtable_unmap(bed->pt, bed->start + at, half, NULL, &bed->gather,
						 NULL),
			 "an unmap");
	libiommu_pgtable_release(bed->pt, &bed->gather);
}

void bed_empty(struct bed *bed)
{
	bed_must(!libiommu_pgtable_unmap(bed->pt, bed->start, bed->pages * bed->page, NULL,
					 &bed->gather, NULL),
		 "an unmap");
	libiommu_pgtable_release(bed->pt, &bed->gather);
}

double bed_plain_stores(struct bed *bed, size_t n)
{
	uint64_t *entry = calloc(n, sizeof(*entry));
	double start;
	size_t i;

	(void)bed;
	bed_must(entry, "memory");
	for (i = 0; i < n; i++)
		__atomic_store_n(&entry[i], i, __ATOMIC_RELAXED);
	start = bed_now();
	for (i = 0; i < n; i++)
		__atomic_store_n(&entry[i], i << 12 | 3, __ATOMIC_RELAXED);
	start = bed_now() - start;
	free(entry);
	return start;
}

/* Four levels, all there, no question asked: the loads alone. */
double bed_plain_walks(struct bed *bed, size_t n)
{
	size_t tables = n / 512 ? n / 512 : 1, i;
	uint64_t(*leaf)[512] = calloc(tables, sizeof(*leaf)), sum = 0, page;
	static uint64_t upper[3][512];
	double start;

	bed_must(leaf, "memory");
	for (i = 0; i < 512; i++) {
		upper[0][i] = (uintptr_t)upper[1];
		upper[1][i] = (uintptr_t)upper[2];
		upper[2][i] = (uintptr_t)leaf[i % tables];
	}
	start = bed_now();
	for (i = 0; i < n; i++) {
		const uint64_t *table = upper[0];

		page = bed->order[i];
		table = (const uint64_t *)(uintptr_t)__atomic_load_n(&table[page >> 27 & 511], 0);
		table = (const uint64_t *)(uintptr_t)__atomic_load_n(&table[page >> 18 & 511], 0);
		table = (const uint64_t *)(uintptr_t)__atomic_load_n(&table[page >> 9 & 511], 0);
		sum += __atomic_load_n(&table[page & 511], __ATOMIC_RELAXED);
	}
	start = bed_now() - start;
	bed_must(!sum, "a walk");
	free(leaf);
	return start;
}

/* The loads of translate_dependent in the table's own lowest tables, without anything else. */
double bed_dependent_walks(struct bed *bed, size_t n)
{
	struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;
	static uint64_t upper[2][512];
	static volatile uint64_t none;
	size_t tables = bed->pages / bed->per_table, i;
	uint64_t *lowest = malloc(tables * sizeof(*lowest)), mask = none, page = 0, entry;
	unsigned int shift = (unsigned int)__builtin_ctzll(bed->per_table);
	double start;

	bed_must(lowest, "memory");
	for (i = 0; i < tables; i++) {
		bed_must(!libiommu_pgtable_walk(
				 bed->pt, bed->start + i * bed->per_table * bed->page, &walk, NULL),
			 "a walk");
		lowest[i] = walk.step[walk.steps - 1].table;
	}
	upper[0][0] = (uintptr_t)upper[1];
	upper[1][0] = (uintptr_t)lowest;
	start = bed_now();
	for (i = 0; i < n; i++) {
		const uint64_t *table = upper[0];

		table = (const uint64_t *)(uintptr_t)__atomic_load_n(&table[page >> 27 & 511], 0);
		table = (const uint64_t *)(uintptr_t)__atomic_load_n(&table[page >> 18 & 511], 0);
		table = (const uint64_t *)(uintptr_t)__atomic_load_n(&table[page >> shift], 0);
		entry = __atomic_load_n(&table[page & (bed->per_table - 1)], __ATOMIC_RELAXED);
		/* The entry must be there before the next begins, as one must that is translated. */
		page = ((page + 1 + (entry & mask)) * 165667 + i) & (bed->pages - 1);
	}
	start = bed_now() - start;
	bed_must(page < bed->pages, "a page");
	free(lowest);
	return start;
}

/* One of the threads that map. */
struct half {
	_Alignas(128) struct bed *bed; /* threads share no line of a cache */
	struct libiommu_pgtable_gather gather;
	unsigned int *missing; /* threads that have not come yet */
	uint64_t start;
	size_t pages;
	double began, ended;
};

static void *map_half(void *data)
{
	struct half *half = data;
	size_t i;

	/* To be woken takes a part of the time that is measured, so nobody sleeps. */
	__atomic_sub_fetch(half->missing, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(half->missing, __ATOMIC_ACQUIRE))
		sched_yield();
	half->began = bed_now();
	for (i = 0; i < half->pages; i++)
		bed_must(!libiommu_pgtable_map(half->bed->pt, half->start + i * half->bed->page,
					       (i ^ 1) * half->bed->page, half->bed->page, RW,
					       &half->gather, NULL),
			 "a map");
	half->ended = bed_now();
	return NULL;
}

static double map_by(struct bed *bed, size_t n, unsigned int threads)
{
	static const struct libiommu_pgtable_gather nothing = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct half half[2];
	pthread_t thread[2];
	unsigned int i, missing = threads;
	double began, ended;

	bed_clear(bed);
	for (i = 0; i < threads; i++) {
		half[i] = (struct half){
			bed,         nothing, &missing, bed->start + i * (n / threads) * bed->page,
			n / threads, 0,       0
		};
		bed_must(!pthread_create(&thread[i], NULL, map_half, &half[i]), "a thread");
	}
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	began = half[0].began;
	ended = half[0].ended;
	for (i = 1; i < threads; i++) {
		began = half[i].began < began ? half[i].began : began;
		ended = half[i].ended > ended ? half[i].ended : ended;
	}
	bed_clear(bed);
	return ended - began;
}

double bed_map_by_one(struct bed *bed, size_t n)
{
	return map_by(bed, n, 1);
}

double bed_map_by_two(struct bed *bed, size_t n)
{
	return map_by(bed, n, 2);
}
