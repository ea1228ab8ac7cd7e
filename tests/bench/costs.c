// SPDX-License-Identifier: BSD-2-Clause
/* What a map, an unmap and a map_any cost. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* The slots' gaps: a page that nobody uses. */
static uint64_t gap_iova(uint64_t n)
{
	return slot_iova(n) + PAGE;
}

static uint64_t gap_source(uint64_t n)
{
	return slot_source(n) + PAGE;
}

int measured_map(struct bench *bench, uint64_t n);
int measured_unmap(struct bench *bench, uint64_t n);
int measured_any(struct bench *bench, uint64_t *iova);

/* Collecting is on from the entry of these to their end. */
__attribute__((noinline)) int measured_map(struct bench *bench, uint64_t n)
{
	return libiommu_domain_map(bench->dom, gap_iova(n), source_at(gap_source(n)), PAGE, RW,
				   NULL);
}

__attribute__((noinline)) int measured_unmap(struct bench *bench, uint64_t n)
{
	return libiommu_domain_unmap(bench->dom, gap_iova(n), PAGE, NULL, NULL);
}

__attribute__((noinline)) int measured_any(struct bench *bench, uint64_t *iova)
{
	return libiommu_domain_map_any(bench->dom, source_at(UINT64_C(1) << 41), PAGE, RW, iova,
				       NULL);
}

/* As the backend has it in uapi.c. */
struct dma_map {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};
struct dma_unmap {
	uint32_t argsz, flags;
	uint64_t iova, size;
};

int measured_floor_map(struct bench *bench, uint64_t n);
int measured_floor_unmap(struct bench *bench, uint64_t n);

/* What is there without the library: the same call of the kernel, and who measures. */
__attribute__((noinline)) int measured_floor_map(struct bench *bench, uint64_t n)
{
	const struct libiommu_sys *sys = &bench->kernel.sys;
	struct dma_map map = { sizeof(map), 3, gap_source(n), gap_iova(n), PAGE };

	return sys->ioctl(sys->data, 0, NULL_MAP_DMA, &map);
}

__attribute__((noinline)) int measured_floor_unmap(struct bench *bench, uint64_t n)
{
	const struct libiommu_sys *sys = &bench->kernel.sys;
	struct dma_unmap unmap = { sizeof(unmap), 0, gap_iova(n), PAGE };

	return sys->ioctl(sys->data, 0, NULL_UNMAP_DMA, &unmap);
}

bool count(const char *operation, size_t live, size_t calls)
{
	bool choose = !strcmp(operation, "any"), floor = !strncmp(operation, "floor", 5);
	uint64_t iova, n, state = 7;
	struct bench bench = { .allocations = 0 };

	bench_open(&bench);
	bench_fill(&bench, live);
	for (size_t i = 0; i < calls; i++) {
		if (choose) {
			must(measured_any(&bench, &iova), "map_any");
			must(libiommu_domain_unmap(bench.dom, iova, PAGE, NULL, NULL), "unmap");
			continue;
		}
		n = random_next(&state) % live;
		must(floor ? measured_floor_map(&bench, n) : measured_map(&bench, n), "map");
		must(floor ? measured_floor_unmap(&bench, n) : measured_unmap(&bench, n), "unmap");
	}
	bench_close(&bench);
	return true;
}

/* Two system calls that fail at once are the least that any library needs for a pair. */
static double time_system_calls(size_t pairs)
{
	double start = now_ns();

	for (size_t i = 0; i < 2 * pairs; i++)
		ioctl(-1, 0, NULL);
	return (now_ns() - start) / (double)pairs;
}

static double time_pairs(struct bench *bench, size_t live, size_t pairs)
{
	uint64_t state = 7;
	double start = now_ns();

	for (size_t i = 0; i < pairs; i++) {
		uint64_t n = random_next(&state) % live;

		must(measured_map(bench, n), "map");
		must(measured_unmap(bench, n), "unmap");
	}
	return (now_ns() - start) / (double)pairs;
}

bool times(void)
{
	static const size_t lives[] = { 1, 1000, 60000 };
	const size_t pairs = tiny ? 10 : 20000;
	double ours[7], calls[7];
	char name[64];

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		size_t live = tiny && lives[i] > 100 ? 100 : lives[i];
		struct bench bench = { .allocations = 0 };

		bench_open(&bench);
		bench_fill(&bench, live);
		for (int r = 0; r < REPETITIONS; r++) {
			calls[r] = time_system_calls(pairs);
			ours[r] = time_pairs(&bench, live, pairs);
		}
		snprintf(name, sizeof(name), "map+unmap, %zu live", lives[i]);
		row(name, median(ours, (size_t)REPETITIONS), "ns", "two failing ioctls",
		    median(calls, (size_t)REPETITIONS));
		bench_close(&bench);
	}
	return true;
}

/* Slots without gaps, from the bottom on. */
static void fill_dense(struct bench *bench, size_t live)
{
	uint64_t iova;

	for (size_t i = 0; i < live; i++)
		must(libiommu_domain_map_any(bench->dom, source_at(slot_source(i)), PAGE, RW, &iova,
					     NULL),
		     "map_any");
}

/* Remove one and let the library find a place; at the end, or anywhere. */
static double time_any(struct bench *bench, size_t live, size_t pairs, bool anywhere)
{
	uint64_t state = 9, iova, n;
	double start = now_ns();

	for (size_t i = 0; i < pairs; i++) {
		n = anywhere ? random_next(&state) % live : live - 1;
		must(libiommu_domain_unmap(bench->dom, PAGE + n * PAGE, PAGE, NULL, NULL), "unmap");
		must(measured_any(bench, &iova), "map_any");
		must(iova != PAGE + n * PAGE, "the hole");
	}
	return (now_ns() - start) / (double)pairs;
}

static double time_fixed(struct bench *bench, size_t live, size_t pairs, bool anywhere)
{
	uint64_t state = 9, n;
	double start = now_ns();

	for (size_t i = 0; i < pairs; i++) {
		n = anywhere ? random_next(&state) % live : live - 1;
		must(libiommu_domain_unmap(bench->dom, PAGE + n * PAGE, PAGE, NULL, NULL), "unmap");
		must(libiommu_domain_map(bench->dom, PAGE + n * PAGE, source_at(UINT64_C(1) << 41),
					 PAGE, RW, NULL),
		     "map");
	}
	return (now_ns() - start) / (double)pairs;
}

bool any(void)
{
	static const size_t lives[] = { 1000, 60000 };
	double free_place[7], fixed[7];
	char name[64];

	for (size_t i = 0; i < 2 * sizeof(lives) / sizeof(lives[0]); i++) {
		size_t live = tiny ? 100 : lives[i / 2], pairs = tiny ? 10 : 2000;
		bool anywhere = i % 2;
		struct bench bench = { .allocations = 0 };

		bench_open(&bench);
		fill_dense(&bench, live);
		for (int r = 0; r < REPETITIONS; r++) {
			fixed[r] = time_fixed(&bench, live, pairs, anywhere);
			free_place[r] = time_any(&bench, live, pairs, anywhere);
		}
		snprintf(name, sizeof(name), "unmap+map_any %s, %zu live",
			 anywhere ? "anywhere" : "at the end", lives[i / 2]);
		row(name, median(free_place, (size_t)REPETITIONS), "ns", "unmap+map",
		    median(fixed, (size_t)REPETITIONS));
		bench_close(&bench);
	}
	return true;
}
