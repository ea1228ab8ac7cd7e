/* SPDX-License-Identifier: BSD-2-Clause */
#include "edu.h"

#include <errno.h>
#include <time.h>

/* Registers in BAR0. Those of DMA are 8 bytes wide, the others 4. */
#define EDU_IDENTIFICATION 0x00
#define EDU_DMA_SOURCE     0x80
#define EDU_DMA_TARGET     0x88
#define EDU_DMA_COUNT      0x90
#define EDU_DMA_COMMAND    0x98

#define EDU_MAGIC 0xed /* lowest byte of the identification */

/* The address of the device's own memory, as its DMA engine sees it. */
#define EDU_BUFFER 0x40000

#define EDU_COMMAND_START     1 /* reads as 1 until the copy has ended */
#define EDU_COMMAND_TO_MEMORY 2

int edu_start(struct edu *edu, struct libiommu_device *dev, struct libiommu_error **err)
{
	uint64_t id;
	int ret;

	edu->dev = dev;
	ret = libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &edu->bar, err);
	if (ret)
		return ret;
	ret = libiommu_region_read(edu->bar, EDU_IDENTIFICATION, 4, &id, err);
	if (!ret && (id & 0xff) != EDU_MAGIC)
		ret = -ENODEV;
	if (!ret)
		ret = libiommu_device_set_bus_master(dev, true, err);
	if (ret) {
		libiommu_region_close(edu->bar);
		edu->bar = NULL;
	}
	return ret;
}

void edu_stop(struct edu *edu)
{
	if (!edu->bar)
		return;
	libiommu_device_set_bus_master(edu->dev, false, NULL);
	libiommu_region_close(edu->bar);
	edu->bar = NULL;
}

/* The device waits 100 ms before it copies; on the mock the copy has ended already. */
static int edu_wait(struct edu *edu, struct libiommu_error **err)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	uint64_t command;
	int ret;

	for (int tries = 0; tries < 500; tries++) {
		ret = libiommu_region_read(edu->bar, EDU_DMA_COMMAND, 8, &command, err);
		if (ret)
			return ret;
		if (!(command & EDU_COMMAND_START))
			return 0;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

int edu_dma(struct edu *edu, enum edu_direction direction, uint64_t iova, uint64_t length,
	    struct libiommu_error **err)
{
	bool to_memory = direction == EDU_WRITE_MEMORY;
	const struct {
		uint64_t offset;
		uint64_t value;
	} registers[] = {
		{ EDU_DMA_SOURCE, to_memory ? EDU_BUFFER : iova },
		{ EDU_DMA_TARGET, to_memory ? iova : EDU_BUFFER },
		{ EDU_DMA_COUNT, length },
		{ EDU_DMA_COMMAND, EDU_COMMAND_START | (to_memory ? EDU_COMMAND_TO_MEMORY : 0) },
	};
	int ret;

	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		ret = libiommu_region_write(edu->bar, registers[i].offset, 8, registers[i].value,
					    err);
		if (ret)
			return ret;
	}
	return edu_wait(edu, err);
}
