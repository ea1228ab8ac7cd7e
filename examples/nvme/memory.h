/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that the device can reach: the driver's own, and where that of callers is. */
#ifndef NVME_MEMORY_H
#define NVME_MEMORY_H

#include "failure.h"
#include "prp.h"

#include <libiommu/dma.h>

/** The domain, and the calling thread's handle for lookups in it. */
struct nvme_memory {
	struct libiommu_domain *dom;
	struct libiommu_reader *reader;
	const void *last_address; /* what was found last: only for a planted bug */
	struct nvme_place last;
};

int nvme_memory_open(struct nvme_memory *memory, struct libiommu_domain *dom,
		     struct nvme_failure *failure);
void nvme_memory_close(struct nvme_memory *memory);

struct nvme_buffer {
	struct libiommu_dma_buffer *dma;
	void *address;
	uint64_t iova;
	uint64_t length;
};

/** Zeroed memory for the device to read and write. */
int nvme_buffer_new(struct nvme_memory *memory, struct nvme_buffer *buffer, uint64_t length,
		    struct nvme_failure *failure);

/** @return a negative errno when it could not be taken from the device: then it is still there */
int nvme_buffer_free(struct nvme_buffer *buffer, struct nvme_failure *failure);

/** Pages for lists of page pointers. */
struct nvme_pool {
	struct libiommu_dma_pool *dma;
};

int nvme_pool_new(struct nvme_memory *memory, struct nvme_pool *pool, uint64_t page_size,
		  uint64_t count, struct nvme_failure *failure);
int nvme_pool_free(struct nvme_pool *pool, struct nvme_failure *failure);
int nvme_pool_get(struct nvme_pool *pool, struct nvme_prp_list *list, struct nvme_failure *failure);
void nvme_pool_put(struct nvme_pool *pool, struct nvme_prp_list *list);

/** What a request wants to do with memory; the data of nvme_memory_locate(). */
struct nvme_access {
	struct nvme_memory *memory;
	bool device_writes;
};

/**
 * Where is memory for the device? -EFAULT: it cannot reach it; -EACCES: the mapping forbids what the
 * request wants to do. Looks into the domain's ledger and makes no call to the kernel.
 */
int nvme_memory_locate(void *access, const void *address, struct nvme_place *place,
		       struct nvme_failure *failure);

#endif
