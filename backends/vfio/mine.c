/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which mappings of a passed container came through the library: others may map there, too, so it
 * cannot be emptied as a whole. Maps and unmaps of ranges that lie apart come at the same time.
 */
#include "backends/vfio/vfio.h"

#include <string.h>

#define FIRST_ROOM 64u

static size_t bytes(size_t room)
{
	return room * sizeof(struct libiommu_range);
}

/* The first one that does not end below an address. */
static size_t find(const struct vfio_mine *mine, uint64_t address)
{
	size_t low = 0, high = mine->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (mine->ranges[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool grow(struct vfio_ctx *ctx, struct vfio_mine *mine)
{
	const size_t room = mine->room ? mine->room * 2 : FIRST_ROOM;
	struct libiommu_range *ranges;

	if (mine->count < mine->room)
		return true;
	ranges = libiommu_vfio_alloc(ctx, bytes(room));
	if (!ranges)
		return false;
	if (mine->count)
		memcpy(ranges, mine->ranges, bytes(mine->count));
	libiommu_vfio_free(ctx, mine->ranges, bytes(mine->room));
	mine->ranges = ranges;
	mine->room = room;
	return true;
}

int libiommu_vfio_mine_add(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			   const struct libiommu_backend_map *map, struct libiommu_failure *failure)
{
	struct vfio_mine *mine = &vessel->mine;
	size_t at;
	bool fits;

	pthread_mutex_lock(&ctx->lock);
	fits = grow(ctx, mine);
	if (fits) {
		at = find(mine, map->iova);
		memmove(&mine->ranges[at + 1], &mine->ranges[at], bytes(mine->count - at));
		mine->ranges[at] =
			(struct libiommu_range){ map->iova, map->iova + (map->length - 1) };
		mine->count++;
	}
	pthread_mutex_unlock(&ctx->lock);
	return fits ? 0 : libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
}

void libiommu_vfio_mine_remove(struct vfio_ctx *ctx, struct vfio_vessel *vessel, uint64_t start,
			       uint64_t last)
{
	struct vfio_mine *mine = &vessel->mine;
	size_t from, to;

	pthread_mutex_lock(&ctx->lock);
	from = to = find(mine, start);
	while (to < mine->count && mine->ranges[to].last <= last)
		to++;
	memmove(&mine->ranges[from], &mine->ranges[to], bytes(mine->count - to));
	mine->count -= to - from;
	pthread_mutex_unlock(&ctx->lock);
}

int libiommu_vfio_mine_unmap(struct vfio_ctx *ctx, struct vfio_vessel *vessel)
{
	struct vfio_mine *mine = &vessel->mine;

	while (mine->count) {
		const uint64_t last = mine->ranges[mine->count - 1].last;
		size_t from = mine->count - 1;
		uint64_t start, unmapped;
		int rc;

		while (from && mine->ranges[from - 1].last + 1 == mine->ranges[from].start)
			from--;
		start = mine->ranges[from].start;
		rc = libiommu_vfio_unmap_dma(ctx->sys, vessel->fd, start, last - start + 1,
					     &unmapped);
		if (rc < 0)
			return rc;
		mine->count = from;
	}
	return 0;
}

void libiommu_vfio_mine_clear(struct vfio_ctx *ctx, struct vfio_vessel *vessel)
{
	libiommu_vfio_free(ctx, vessel->mine.ranges, bytes(vessel->mine.room));
	vessel->mine = (struct vfio_mine){ 0 };
}
