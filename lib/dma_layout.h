/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_DMA_LAYOUT_H
#define LIB_DMA_LAYOUT_H

#include <libiommu/backend.h>

/*
 * How objects of one size lie in a buffer so that none crosses a border of IOVAs: those before the
 * first border, then as many as fit from border to border. Pure arithmetic.
 */

#define DMA_LAYOUT_NONE UINT32_MAX
#define DMA_LAYOUT_MAX  (UINT64_C(1) << 31) /* objects of one buffer */

struct dma_layout {
	uint64_t size, alignment; /* bytes */
	uint64_t stride;
	uint64_t boundary; /* 0: none */
	uint64_t per;      /* objects between two borders */
};

/* The objects of one buffer; offsets are from its start. */
struct dma_grid {
	uint64_t first;  /* offset of the first object */
	uint64_t border; /* offset of the first border */
	uint32_t before; /* objects before it */
	uint32_t count;
};

/* Alignment and boundary may be 0. Reasons: empty-range, bad-layout. */
int dma_layout_make(struct dma_layout *l, uint64_t size, uint64_t alignment, uint64_t boundary,
		    struct libiommu_failure *f);
/*
 * Bytes in which so many objects have room at whatever multiple of `page` they come to lie;
 * 0: they are too many.
 */
uint64_t dma_layout_bytes(const struct dma_layout *l, uint64_t objects, uint64_t page);
/* Lay out at most `most` objects. */
struct dma_grid dma_layout_grid(const struct dma_layout *l, uint64_t iova, uint64_t length,
				uint64_t most);
uint64_t dma_layout_offset(const struct dma_layout *l, const struct dma_grid *grid, uint32_t index);
/* The first object that begins at an offset or behind; grid->count: there is none. */
uint32_t dma_layout_from(const struct dma_layout *l, const struct dma_grid *grid, uint64_t offset);
/* The object that begins at an offset; DMA_LAYOUT_NONE: none does. */
uint32_t dma_layout_index(const struct dma_layout *l, const struct dma_grid *grid, uint64_t offset);

#endif
