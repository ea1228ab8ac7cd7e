/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_DMA_H
#define LIB_DMA_H

#include "lib/object.h"

/* dma_memory.c: pages of this process, as they could be had. */
struct dma_memory {
	void *address;
	uint64_t length;
	void *whole; /* what was mapped to get it, where it could not be cut to size */
	uint64_t whole_length;
	uint64_t page_size;
	enum libiommu_dma_kind kind;
	int fd; /* -1: none */
};

/* `page`: what length and address must be a multiple of. */
int dma_memory_make(struct libiommu_ctx *ctx, uint64_t length, uint64_t page,
		    const struct libiommu_dma_options *opts, struct dma_memory *out,
		    struct libiommu_failure *f);
/* 0, or the kernel's refusal; then all of it is still there. */
int dma_memory_drop(struct libiommu_ctx *ctx, const struct dma_memory *memory);
/* In a child of fork(). */
void dma_memory_forget(struct libiommu_ctx *ctx, const struct dma_memory *memory);

struct libiommu_dma_buffer {
	struct libiommu_domain *dom;
	struct libiommu_dma_buffer *next, *prev; /* of the domain; under its lock */
	struct dma_memory memory;
	uint64_t iova;
};

/* dma.c: defaults and checks; `to` is what was meant */
int dma_options(const struct libiommu_dma_options *from, struct libiommu_dma_options *to,
		struct libiommu_failure *f);
/* dma_pool.c: all pools of a domain, without their buffers */
void dma_pool_destroy_all(struct libiommu_domain *dom, uint32_t flags);

/* dma_registry.c: is something registered? NULL: no. And all of a domain's, without unmapping. */
bool dma_registered(const struct dma_registry *registry);
void dma_registry_destroy(struct libiommu_domain *dom, uint32_t flags);

/* dma.c: the page that everything here is made of, in bytes */
uint64_t dma_page(const struct libiommu_domain *dom);
/* Is this memory mapped there, or about to be unmapped? Somebody may have done it by hand. */
bool dma_is_mapped(struct libiommu_domain *dom, uint64_t iova, const void *address,
		   uint64_t length);

#endif
