// SPDX-License-Identifier: BSD-2-Clause
/*
 * lab-pair: a map and an unmap of one page through libiommu, beside the bare ioctls that it makes
 * for them. For information: nothing depends on the figures. The ioctls are not known here: they
 * are taken down once, as libiommu makes them.
 */
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE   4096
#define IOVA   UINT64_C(0x500000)
#define PAIRS  2000
#define ROUNDS 7

struct taken {
	int fd;
	unsigned long request;
	unsigned char argument[128];
	uint32_t size;
};

static struct libiommu_sys sys;
static struct taken *taking; /* where the next ioctl goes; NULL: it passes unseen */
static unsigned int ioctls;

/* Arguments of both interfaces begin with their size. */
static int take(void *data, int fd, unsigned long request, void *argument)
{
	uint32_t size;

	ioctls++;
	if (taking && argument) {
		memcpy(&size, argument, sizeof(size));
		if (size <= sizeof(taking->argument)) {
			taking->fd = fd;
			taking->request = request;
			taking->size = size;
			memcpy(taking->argument, argument, size);
		}
		taking = NULL;
	}
	return libiommu_sys_default()->ioctl(data, fd, request, argument);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The kernel writes into its arguments, so each call gets them fresh. */
static bool repeat(const struct taken *what)
{
	unsigned char argument[sizeof(what->argument)];

	memcpy(argument, what->argument, what->size);
	return !ioctl(what->fd, what->request, argument);
}

static bool one_pair(struct libiommu_domain *dom, void *memory)
{
	return !libiommu_domain_map(dom, IOVA, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, NULL) &&
	       !libiommu_domain_unmap(dom, IOVA, PAGE, NULL, NULL);
}

/* Both in turn, so that what disturbs one disturbs the other. */
static bool measure(struct libiommu_domain *dom, void *memory, const struct taken *map,
		    const struct taken *unmap)
{
	double library[ROUNDS], bare[ROUNDS], start;
	bool good = true;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		start = now();
		for (unsigned int i = 0; i < PAIRS; i++)
			good &= one_pair(dom, memory);
		library[round] = (now() - start) / PAIRS;
		start = now();
		for (unsigned int i = 0; i < PAIRS; i++)
			good &= repeat(map) && repeat(unmap);
		bare[round] = (now() - start) / PAIRS;
	}
	qsort(library, ROUNDS, sizeof(*library), ascending);
	qsort(bare, ROUNDS, sizeof(*bare), ascending);
	printf("info: map+unmap of 4 KiB: %.0f ns, bare ioctls: %.0f ns, ratio %.3f (medians of "
	       "%d)\n",
	       library[ROUNDS / 2], bare[ROUNDS / 2], library[ROUNDS / 2] / bare[ROUNDS / 2],
	       ROUNDS);
	return good;
}

static bool take_down(struct libiommu_domain *dom, void *memory, struct taken *map,
		      struct taken *unmap)
{
	bool good;

	ioctls = 0;
	taking = map;
	good = !libiommu_domain_map(dom, IOVA, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, NULL);
	taking = unmap;
	good &= !libiommu_domain_unmap(dom, IOVA, PAGE, NULL, NULL);
	return good && map->size && unmap->size && ioctls == 2;
}

int main(int argc, char **argv)
{
	struct tally t = tally_arguments(argc, argv);
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct taken map = { .fd = -1 }, unmap = { .fd = -1 };
	struct libiommu_domain *dom;
	struct libiommu_device *dev;
	struct libiommu_error *err;
	struct libiommu_ctx *ctx;
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int ret;

	sys = *libiommu_sys_default();
	sys.ioctl = take;
	opts.sys = &sys;
	opts.backend = t.backend;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (memory == MAP_FAILED || !tally_call(ret, err, "a context"))
		return tally_end();
	ret = libiommu_device_open(ctx, t.device[0], &dev, &err);
	if (!tally_call(ret, err, "a device"))
		goto out;
	ret = libiommu_domain_new(ctx, NULL, &dom, &err);
	if (!tally_call(ret, err, "a domain"))
		goto out;
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err);
	if (!tally_call(ret, err, "attach"))
		goto out;
	if (tally(take_down(dom, memory, &map, &unmap), "a map and an unmap are one ioctl each"))
		tally(measure(dom, memory, &map, &unmap), "both ways succeed each time");
out:
	libiommu_ctx_free(ctx);
	return tally_end();
}
