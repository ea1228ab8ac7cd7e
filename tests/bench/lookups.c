// SPDX-License-Identifier: BSD-2-Clause
/* Lookups beside a plain sorted array, which neither changes nor is shared. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

struct entry {
	uint64_t start;
	uint64_t last;
};

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct entry *)a)->start, y = ((const struct entry *)b)->start;

	return (x > y) - (x < y);
}

static struct entry *make_array(size_t live, uint64_t (*start)(uint64_t n))
{
	struct entry *array = malloc(live * sizeof(*array));

	must(array ? 0 : -1, "memory");
	for (size_t i = 0; i < live; i++)
		array[i] = (struct entry){ start(i), start(i) + PAGE - 1 };
	qsort(array, live, sizeof(*array), by_start);
	return array;
}

static const struct entry *search(const struct entry *array, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (array[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && array[low].start <= address ? &array[low] : NULL;
}

static double time_array(const struct entry *array, size_t live, size_t calls,
			 uint64_t (*start)(uint64_t n))
{
	uint64_t state = 3, wrong = 0;
	double begin = now_ns();

	for (size_t i = 0; i < calls; i++) {
		uint64_t address = start(random_next(&state) % live) + 8;
		const struct entry *entry = search(array, live, address);

		wrong += !entry || address - entry->start != 8;
	}
	must(wrong != 0, "the array");
	return (now_ns() - begin) / (double)calls;
}

static double time_iova(struct bench *bench, struct libiommu_reader *reader, size_t live,
			size_t calls)
{
	struct libiommu_mapping found = LIBIOMMU_MAPPING_INIT;
	uint64_t state = 3, wrong = 0;
	double begin = now_ns();

	for (size_t i = 0; i < calls; i++) {
		uint64_t iova = slot_iova(random_next(&state) % live) + 8;

		wrong += libiommu_domain_find(bench->dom, reader, iova, &found) ||
			 iova - found.iova != 8;
	}
	must(wrong != 0, "a lookup by IOVA");
	return (now_ns() - begin) / (double)calls;
}

static double time_source(struct bench *bench, struct libiommu_reader *reader, size_t live,
			  size_t calls)
{
	uint64_t state = 3, wrong = 0, iova;
	double begin = now_ns();

	for (size_t i = 0; i < calls; i++) {
		uint64_t n = random_next(&state) % live;

		wrong += libiommu_domain_find_source(bench->dom, reader,
						     source_at(slot_source(n) + 8), 0, &iova,
						     NULL) ||
			 iova != slot_iova(n) + 8;
	}
	must(wrong != 0, "a lookup by source");
	return (now_ns() - begin) / (double)calls;
}

typedef double (*time_fn)(struct bench *, struct libiommu_reader *, size_t, size_t);

static void compare(struct bench *bench, struct libiommu_reader *reader, const char *what,
		    size_t live, time_fn time, uint64_t (*start)(uint64_t n))
{
	const size_t calls = tiny ? 10 : 200000;
	struct entry *array = make_array(live, start);
	double array_ns[7], with[7], without[7];
	char name[64];

	for (int r = 0; r < REPETITIONS; r++) {
		array_ns[r] = time_array(array, live, calls, start);
		with[r] = time(bench, reader, live, calls);
		without[r] = time(bench, NULL, live, calls);
	}
	snprintf(name, sizeof(name), "lookup by %s, %zu live, reader", what, live);
	row(name, median(with, (size_t)REPETITIONS), "ns", "sorted array",
	    median(array_ns, (size_t)REPETITIONS));
	snprintf(name, sizeof(name), "lookup by %s, %zu live, no reader", what, live);
	row(name, median(without, (size_t)REPETITIONS), "ns", "sorted array",
	    median(array_ns, (size_t)REPETITIONS));
	free(array);
}

bool lookups(void)
{
	static const size_t lives[] = { 1000, 65536, 1000000 };

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		size_t live = tiny ? 100 * (i + 1) : lives[i];
		struct bench bench = { .allocations = 0 };
		struct libiommu_reader *reader;

		bench_open(&bench);
		must(libiommu_reader_new(bench.ctx, &reader, NULL), "a reader");
		bench_fill(&bench, live);
		compare(&bench, reader, "IOVA", live, time_iova, slot_iova);
		compare(&bench, reader, "source", live, time_source, slot_source);
		bench_close(&bench);
	}
	return true;
}
