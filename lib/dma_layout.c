/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma_layout.h"

#include <errno.h>

static uint64_t align_up(uint64_t at, uint64_t unit)
{
	return (at + (unit - 1)) & ~(unit - 1);
}

/* How many objects have room in so many bytes without a border. */
static uint64_t fit(const struct dma_layout *l, uint64_t bytes)
{
	return bytes < l->size ? 0 : (bytes - l->size) / l->stride + 1;
}

int dma_layout_make(struct dma_layout *l, uint64_t size, uint64_t alignment, uint64_t boundary,
		    struct libiommu_failure *f)
{
	if (!alignment)
		alignment = 8;
	if (!size)
		return libiommu_refuse(f, LIBIOMMU_REASON_EMPTY_RANGE, NULL, NULL);
	if (alignment & (alignment - 1) || boundary & (boundary - 1) ||
	    (boundary && size > boundary) || size > UINT64_MAX / 4 || alignment > UINT64_MAX / 4)
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_LAYOUT, NULL,
				       "Objects: 0x%llx bytes, alignment 0x%llx, border 0x%llx.",
				       (unsigned long long)size, (unsigned long long)alignment,
				       (unsigned long long)boundary);
	l->size = size;
	l->alignment = alignment;
	l->stride = align_up(size, alignment);
	/* Who begins at a multiple of it and is no longer has none inside. */
	l->boundary = alignment < boundary ? boundary : 0;
	l->per = l->boundary ? fit(l, l->boundary) : 0;
	return 0;
}

uint64_t dma_layout_bytes(const struct dma_layout *l, uint64_t objects, uint64_t page)
{
	uint64_t bytes, slack = l->alignment > page ? l->alignment : 0;

	if (objects > DMA_LAYOUT_MAX)
		return 0;
	/* Each border costs less than an object, and so do both ends. */
	if (l->boundary && (l->boundary > page || l->boundary % l->stride))
		objects += objects / l->per + 2;
	if (__builtin_mul_overflow(objects, l->stride, &bytes) || bytes + slack < bytes)
		return 0;
	return bytes + slack;
}

struct dma_grid dma_layout_grid(const struct dma_layout *l, uint64_t iova, uint64_t length,
				uint64_t most)
{
	struct dma_grid grid = { .first = align_up(iova, l->alignment) - iova,
				 .border = UINT64_MAX };
	uint64_t count = 0, before, rest, last;

	if (most > DMA_LAYOUT_MAX)
		most = DMA_LAYOUT_MAX;
	if (l->boundary)
		grid.border = align_up(iova + grid.first, l->boundary) - iova;
	rest = grid.border < length ? grid.border : length;
	before = grid.first < rest ? fit(l, rest - grid.first) : 0;
	if (grid.border < length) {
		rest = length - grid.border;
		last = fit(l, rest % l->boundary);
		count = rest / l->boundary * l->per + last;
	}
	grid.before = (uint32_t)(before < most ? before : most);
	grid.count = (uint32_t)(count < most - grid.before ? count + grid.before : most);
	return grid;
}

uint64_t dma_layout_offset(const struct dma_layout *l, const struct dma_grid *grid, uint32_t index)
{
	uint64_t behind;

	if (index < grid->before)
		return grid->first + index * l->stride;
	behind = index - grid->before;
	return grid->border + behind / l->per * l->boundary + behind % l->per * l->stride;
}

uint32_t dma_layout_from(const struct dma_layout *l, const struct dma_grid *grid, uint64_t offset)
{
	uint32_t low = 0, high = grid->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (dma_layout_offset(l, grid, middle) < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t dma_layout_index(const struct dma_layout *l, const struct dma_grid *grid, uint64_t offset)
{
	uint64_t index;

	if (offset < grid->border) {
		offset -= grid->first; /* below it this wraps to something too large */
		index = offset / l->stride;
		if (offset % l->stride || index >= grid->before)
			return DMA_LAYOUT_NONE;
	} else {
		offset -= grid->border;
		index = offset % l->boundary / l->stride;
		if (offset % l->boundary % l->stride || index >= l->per)
			return DMA_LAYOUT_NONE;
		index += grid->before + offset / l->boundary * l->per;
	}
	return index < grid->count ? (uint32_t)index : DMA_LAYOUT_NONE;
}
