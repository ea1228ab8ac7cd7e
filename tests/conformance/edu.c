// SPDX-License-Identifier: BSD-2-Clause
/* The device edu by its registers alone, so that every backend can be asked the same. */
#include "helpers.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* Register reads without sleeping, then milliseconds: only a bound for a device that hangs. */
#define QUICK_POLLS 200
#define SLOW_POLLS  30000

bool always_tell;

struct edu edu_open(struct libiommu_device *dev)
{
	struct edu edu = { dev, NULL };

	OK(libiommu_device_set_bus_master(dev, true, E));
	OK(libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &edu.bar, E));
	return edu;
}

void edu_close(struct edu *edu)
{
	libiommu_region_close(edu->bar);
	edu->bar = NULL;
}

uint64_t edu_get(struct edu *edu, uint64_t offset)
{
	uint64_t value = 0;

	OK(libiommu_region_read(edu->bar, offset, 4, &value, E));
	return value;
}

void edu_put(struct edu *edu, uint64_t offset, uint64_t value)
{
	OK(libiommu_region_write(edu->bar, offset, 4, value, E));
}

static void edu_run(struct edu *edu, uint64_t source, uint64_t target_address, size_t bytes,
		    uint32_t command)
{
	unsigned int polls = 0;

	ck_assert_uint_le(bytes, EDU_CHUNK);
	edu_put(edu, EDU_SRC, source);
	edu_put(edu, EDU_DST, target_address);
	edu_put(edu, EDU_COUNT, bytes);
	edu_put(edu, EDU_COMMAND, EDU_RUN | command);
	while (edu_get(edu, EDU_COMMAND) & EDU_RUN) {
		ck_assert_msg(polls < QUICK_POLLS + SLOW_POLLS, "the device does not finish");
		if (polls++ >= QUICK_POLLS)
			poll(NULL, 0, 1);
	}
}

void edu_load(struct edu *edu, uint64_t iova, size_t bytes)
{
	edu_run(edu, iova, EDU_BUFFER, bytes, 0);
}

void edu_store(struct edu *edu, uint64_t iova, size_t bytes)
{
	edu_run(edu, EDU_BUFFER, iova, bytes, EDU_TO_RAM);
}

void dma_reaches(struct edu *edu, uint64_t iova, void *mem)
{
	static unsigned int seed = 1000;
	char *half = (char *)mem + EDU_CHUNK;

	fill(mem, EDU_CHUNK, ++seed);
	memset(half, 0, EDU_CHUNK);
	edu_load(edu, iova, EDU_CHUNK);
	ck_assert_msg(filled(mem, EDU_CHUNK, seed), "reading changed memory at 0x%" PRIx64, iova);
	edu_store(edu, iova + EDU_CHUNK, EDU_CHUNK);
	ck_assert_msg(filled(half, EDU_CHUNK, seed), "DMA did not arrive at 0x%" PRIx64, iova);
}

void fault_expected(struct edu *edu, uint64_t iova, const char *access)
{
	if (!always_tell && !target->witnesses)
		return;
	printf("fault-expected: %s 0x%" PRIx64 " %s\n", libiommu_device_name(edu->dev), iova,
	       access);
	fflush(stdout);
}

void dma_misses(struct edu *edu, uint64_t iova, void *mem)
{
	fault_expected(edu, iova, "write");
	dma_spares(edu, iova, mem);
}

void dma_spares(struct edu *edu, uint64_t iova, void *mem)
{
	fill(mem, PAGE, 7);
	edu_store(edu, iova, EDU_CHUNK);
	ck_assert_msg(filled(mem, PAGE, 7), "DMA arrived at 0x%" PRIx64, iova);
}
