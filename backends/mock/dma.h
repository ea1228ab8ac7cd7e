/* SPDX-License-Identifier: BSD-2-Clause */
/* A device's accesses to memory, through its IOMMU. */
#ifndef BACKENDS_MOCK_DMA_H
#define BACKENDS_MOCK_DMA_H

#include "backends/mock/machine.h"

/* Who asks: a device, with a PASID or without (0). */
struct mock_requester {
	struct mock_device *dev;
	uint32_t pasid;
};

static inline struct mock_requester mock_itself(struct mock_device *dev)
{
	return (struct mock_requester){ dev, 0 };
}

/*
 * What went wrong is recorded and told in *fault; -EFAULT. What was moved before it stays. The
 * order within a transfer is upward, a page at a time.
 */
int mock_dma_transfer(struct mock_requester from, uint64_t iova, void *buffer, uint64_t length,
		      uint32_t access, struct mock_fault_record *fault);

/* Compare and swap 4 or 8 aligned bytes; *found is what was there. */
int mock_dma_swap(struct mock_requester from, uint64_t iova, unsigned int width, uint64_t expected,
		  uint64_t desired, uint64_t *found, struct mock_fault_record *fault);

/* Write 4 aligned bytes at once, after everything that was written before. */
int mock_dma_store(struct mock_requester from, uint64_t iova, uint32_t value,
		   struct mock_fault_record *fault);

/* Record a refusal that happened before the IOMMU, or what was wrong and not refused. */
void mock_dma_record(struct mock_requester from, uint64_t iova, uint32_t access,
		     enum libiommu_mock_fault_kind kind, struct mock_fault_record *fault);

#endif
