// SPDX-License-Identifier: BSD-2-Clause
#include "pgtable.h"

#include <pthread.h>
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

/* One of the threads that map. */
struct half {
	struct bed *bed;
	struct libiommu_pgtable_gather gather;
	pthread_barrier_t *barrier;
	uint64_t start;
	size_t pages;
	double began, ended;
};

static void *map_half(void *data)
{
	struct half *half = data;
	size_t i;

	pthread_barrier_wait(half->barrier);
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
	pthread_barrier_t barrier;
	pthread_t thread[2];
	unsigned int i;
	double began, ended;

	bed_clear(bed);
	bed_must(!pthread_barrier_init(&barrier, NULL, threads), "a barrier");
	for (i = 0; i < threads; i++) {
		half[i] = (struct half){
			bed,         nothing, &barrier, bed->start + i * (n / threads) * bed->page,
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
	pthread_barrier_destroy(&barrier);
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
