// SPDX-License-Identifier: BSD-2-Clause
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

bool tiny;

void must(int code, const char *what)
{
	if (!code)
		return;
	fprintf(stderr, "%s: %d\n", what, code);
	exit(2);
}

static void *counted_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	struct bench *bench = data;

	atomic_fetch_add_explicit(&bench->allocations, 1, memory_order_relaxed);
	return real->alloc(real->data, length, alignment);
}

static void counted_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	struct bench *bench = data;

	atomic_fetch_add_explicit(&bench->frees, 1, memory_order_relaxed);
	real->free(real->data, memory, length);
}

void bench_open(struct bench *bench)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	null_kernel_init(&bench->kernel);
	bench->allocator = (struct libiommu_allocator){ sizeof(bench->allocator), bench,
							counted_alloc, counted_free };
	opts.backend = "vfio";
	opts.sys = &bench->kernel.sys;
	opts.allocator = &bench->allocator;
	must(libiommu_ctx_new(&opts, &bench->ctx, NULL), "a context");
	must(libiommu_device_open(bench->ctx, NULL_DEVICE, &bench->dev, NULL), "its device");
	must(libiommu_domain_new(bench->ctx, NULL, &bench->dom, NULL), "a domain");
	must(libiommu_endpoint_attach(libiommu_device_endpoint(bench->dev), bench->dom, NULL),
	     "an attach");
}

void bench_close(struct bench *bench)
{
	libiommu_ctx_free(bench->ctx);
	if (bench->allocations == bench->frees)
		return;
	fprintf(stderr, "%lu allocations, %lu frees\n", bench->allocations, bench->frees);
	exit(2);
}

void bench_fill(struct bench *bench, size_t count)
{
	uint64_t *order = malloc(count * sizeof(*order)), state = 1;

	must(order ? 0 : -1, "memory");
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count - 1; i > 0; i--) {
		size_t other = random_next(&state) % (i + 1);
		uint64_t slot = order[i];

		order[i] = order[other];
		order[other] = slot;
	}
	for (size_t i = 0; i < count; i++)
		must(libiommu_domain_map(bench->dom, slot_iova(order[i]),
					 source_at(slot_source(order[i])), PAGE, RW, NULL),
		     "a map");
	free(order);
}

double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

void row(const char *name, double value, const char *unit, const char *against, double reference)
{
	printf("%s\t%.4g\t%s\t%s\t", name, value, unit, against ? against : "-");
	if (against)
		printf("%.3g\t-\n", value / reference);
	else
		printf("-\t-\n");
	fflush(stdout);
}
