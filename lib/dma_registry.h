/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_DMA_REGISTRY_H
#define LIB_DMA_REGISTRY_H

#include "lib/dma.h"
#include "lib/dma_segments.h"

/*
 * Memory of the program that is mapped as long as somebody has it registered. One thread at a time
 * changes what is registered; no lock is held while it maps.
 */

struct dma_registry {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	bool busy;
	/* With the turn: */
	struct dma_segments segments;
	uint64_t page; /* what ranges are rounded to; see dma_range_round() */
};

/* What one call is about, in whole pages. */
struct dma_range {
	struct libiommu_domain *dom;
	struct dma_registry *registry;
	uint64_t start, last;
	uint32_t prot;
};

/* The domain's; NULL: nothing was ever registered. */
struct dma_registry *dma_registry_of(struct libiommu_domain *dom);
/* The same, made when it is wanted for the first time. */
int dma_registry_make(struct libiommu_domain *dom, struct dma_registry **out,
		      struct libiommu_failure *f);
void dma_registry_begin(struct dma_registry *registry);
void dma_registry_end(struct dma_registry *registry);

/* What a caller gave, before it is rounded. */
int dma_range_check(struct libiommu_domain *dom, const void *address, uint64_t length,
		    struct libiommu_failure *f);
/* Sets the range to the pages that hold these bytes. With the turn, as all that follows. */
int dma_range_round(struct dma_range *r, const void *address, uint64_t length,
		    struct libiommu_failure *f);
/* Segments that have bytes of the range, in order; NULL behind the last. */
struct dma_segment *dma_range_first(const struct dma_range *r);
struct dma_segment *dma_range_next(const struct dma_range *r, const struct dma_segment *segment);
/* The registration of exactly this range, and how the list leads to it; NULL: there is none. */
struct dma_registration **dma_range_find(const struct dma_range *r);

/* Has somebody unmapped it by hand? */
bool dma_piece_is_lost(struct libiommu_domain *dom, const struct dma_piece *piece);
/* Frees it and its segments. */
void dma_piece_forget(const struct dma_range *r, struct dma_piece *piece);

#endif
