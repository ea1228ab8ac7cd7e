/* SPDX-License-Identifier: BSD-2-Clause */
#include "edu.h"

#include <time.h>

#define EDU_SOURCE  0x80
#define EDU_TARGET  0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_BUFFER  0x40000
#define EDU_START   1
#define EDU_WRITE   2

static void edu(struct libiommu_region *bar, uint64_t source, uint64_t target, uint32_t bytes,
		uint64_t command)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	libiommu_region_write(bar, EDU_SOURCE, 4, source, NULL);
	libiommu_region_write(bar, EDU_TARGET, 4, target, NULL);
	libiommu_region_write(bar, EDU_COUNT, 4, bytes, NULL);
	libiommu_region_write(bar, EDU_COMMAND, 4, EDU_START | command, NULL);
	for (int i = 0; i < 1000; i++) {
		if (libiommu_region_read(bar, EDU_COMMAND, 4, &command, NULL) ||
		    !(command & EDU_START))
			return;
		nanosleep(&pause, NULL);
	}
}

void edu_read(struct libiommu_region *bar, uint64_t iova, uint32_t bytes)
{
	edu(bar, iova, EDU_BUFFER, bytes, 0);
}

void edu_write(struct libiommu_region *bar, uint64_t iova, uint32_t bytes)
{
	edu(bar, EDU_BUFFER, iova, bytes, EDU_WRITE);
}
