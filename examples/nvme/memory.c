/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include "plant.h"

#include <errno.h>

int nvme_memory_open(struct nvme_memory *memory, struct libiommu_domain *dom,
		     struct nvme_failure *failure)
{
	struct libiommu_error *err;
	int ret;

	*memory = (struct nvme_memory){ .dom = dom };
	ret = libiommu_reader_new(libiommu_domain_ctx(dom), &memory->reader, &err);
	return ret ? nvme_fail_iommu(failure, ret, "lookups", err) : 0;
}

void nvme_memory_close(struct nvme_memory *memory)
{
	libiommu_reader_free(memory->reader);
	memory->reader = NULL;
}

int nvme_buffer_new(struct nvme_memory *memory, struct nvme_buffer *buffer, uint64_t length,
		    struct nvme_failure *failure)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_error *err;
	int ret;

	*buffer = (struct nvme_buffer){ .dma = NULL };
	ret = libiommu_dma_alloc(memory->dom, length, &opts, &buffer->dma, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "memory for the device", err);
	buffer->address = libiommu_dma_address(buffer->dma);
	buffer->iova = libiommu_dma_iova(buffer->dma);
	buffer->length = length;
	return 0;
}

int nvme_buffer_free(struct nvme_buffer *buffer, struct nvme_failure *failure)
{
	struct libiommu_error *err;
	int ret = libiommu_dma_free(buffer->dma, &err);

	if (ret)
		return nvme_fail_iommu(failure, ret, "memory of the device", err);
	*buffer = (struct nvme_buffer){ .dma = NULL };
	return 0;
}

int nvme_pool_new(struct nvme_memory *memory, struct nvme_pool *pool, uint64_t page_size,
		  uint64_t count, struct nvme_failure *failure)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_error *err;
	int ret;

	opts.alignment = page_size;
	opts.ready = opts.limit = count;
	pool->dma = NULL;
	if (!count)
		return 0;
	ret = libiommu_dma_pool_new(memory->dom, page_size, &opts, &pool->dma, &err);
	return ret ? nvme_fail_iommu(failure, ret, "memory for lists", err) : 0;
}

int nvme_pool_free(struct nvme_pool *pool, struct nvme_failure *failure)
{
	struct libiommu_error *err;
	int ret = libiommu_dma_pool_free(pool->dma, &err);

	if (ret)
		return nvme_fail_iommu(failure, ret, "memory for lists", err);
	pool->dma = NULL;
	return 0;
}

int nvme_pool_get(struct nvme_pool *pool, struct nvme_prp_list *list, struct nvme_failure *failure)
{
	struct libiommu_error *err;
	void *address;
	int ret = libiommu_dma_pool_get(pool->dma, &address, &list->iova, &err);

	if (ret)
		return nvme_fail_iommu(failure, ret, "memory for lists", err);
	list->entries = address;
	return 0;
}

void nvme_pool_put(struct nvme_pool *pool, struct nvme_prp_list *list)
{
	/* What was taken can be given back; the pool's free would tell of a mistake. */
	libiommu_dma_pool_put(pool->dma, list->entries, NULL);
	list->entries = NULL;
}

int nvme_memory_locate(void *data, const void *address, struct nvme_place *place,
		       struct nvme_failure *failure)
{
	const struct nvme_access *access = data;
	struct nvme_memory *memory = access->memory;
	uint32_t prot = access->device_writes ? LIBIOMMU_PROT_WRITE : LIBIOMMU_PROT_READ;
	int ret;

	if (NVME_PLANTED(NVME_BUG_NO_PROT_CHECK))
		prot = 0;
	if (NVME_PLANTED(NVME_BUG_STALE_ADDRESS) && memory->last_address == address) {
		*place = memory->last;
		return 0;
	}
	ret = libiommu_dma_lookup(memory->dom, memory->reader, address, prot, &place->iova,
				  &place->length);
	if (ret == -ENOENT)
		return nvme_fail(failure, -EFAULT, "the device cannot reach the memory at %p",
				 address);
	if (ret == -EACCES)
		return nvme_fail(failure, ret, "the device may not %s the memory at %p",
				 access->device_writes ? "write" : "read", address);
	if (ret)
		return nvme_fail(failure, ret, "the lookup of %p failed", address);
	memory->last_address = address;
	memory->last = *place;
	return 0;
}
